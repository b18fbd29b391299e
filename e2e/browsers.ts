import { type Browser, chromium } from 'playwright';
import { ensureChromium } from '../scripts/chromium.ts';

/** Quiet, unsandboxed where root needs it, and with a software WebGPU adapter for correctness. */
const flags = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
];

/** @param options.keepsPages as browsers do: a page that is left waits in the back/forward cache for whoever goes back */
export async function launchBrowser({ keepsPages = false }: { keepsPages?: boolean } = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: await ensureChromium(),
    headless: true,
    args: ['--headless=new', ...flags],
    ...(keepsPages ? { ignoreDefaultArgs: ['--disable-back-forward-cache'] } : {}),
  });
}
