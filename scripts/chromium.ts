import { accessSync, constants } from 'node:fs';
import { chromium } from 'playwright';
import { run } from './run.ts';

const systemPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The Chromium to test with: `CHROMIUM_PATH`, else Playwright's own, else the system's; `null` if none. */
function findChromium(): string | null {
  const candidates = [process.env['CHROMIUM_PATH'], chromium.executablePath(), ...systemPaths];
  return candidates.find((path) => path !== undefined && path !== '' && isExecutable(path)) ?? null;
}

/** Finds a Chromium, else installs one: Playwright's download first, then Debian's package. */
export async function ensureChromium(): Promise<string> {
  const found = findChromium();
  if (found !== null) return found;
  process.stderr.write('No Chromium found: installing one …\n');
  await run('playwright', ['install', 'chromium']).catch(() => 1);
  const isDebianRoot = process.getuid?.() === 0 && isExecutable('/usr/bin/apt-get');
  if (findChromium() === null && isDebianRoot) {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', 'chromium'], { DEBIAN_FRONTEND: 'noninteractive' });
  }
  const installed = findChromium();
  if (installed === null) throw new Error('no Chromium could be installed: install one and set CHROMIUM_PATH');
  return installed;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
