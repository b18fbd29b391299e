import { ensureChromium } from './chromium.ts';
import { buildForBrowsers } from './build.ts';
import { run } from './run.ts';

// `npm test`: everything, real browser included. Arguments go to Vitest.
const executable = await ensureChromium();
if ((await buildForBrowsers()) !== 0) process.exit(1);
process.exit(await run('vitest', ['run', ...process.argv.slice(2)], { CHROMIUM_PATH: executable }));
