import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
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

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureChromium(), headless: true, args: ['--headless=new', ...flags] });
}

/** A tab of an own browser profile: nothing is shared with any other device. */
export async function openDevice(browser: Browser, url: string): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  return { context, page };
}
