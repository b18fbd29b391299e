import { resolve } from 'node:path';
import { runCrowd } from '@chorale/demo/crowd';
import { buildForBrowsers } from '../scripts/build.ts';
import { launchBrowser } from './browsers.ts';
import { TestCoordinator } from './coordinator.ts';
import { demoStudy } from './studies.ts';

// `npm run screenshot`: the picture in the README. Noise is never seeded, so its numbers are others every time.
const path = resolve(import.meta.dirname, '../docs/screenshot.png');
const study = demoStudy('pulse-demo');

if ((await buildForBrowsers()) !== 0) process.exit(1);
const coordinator = await TestCoordinator.start([study]);
const browser = await launchBrowser();
try {
  await runCrowd({ server: coordinator.url, study: study.id, employees: 5000, seed: 1, crowd: 'screenshot' });
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.goto(`${coordinator.url}/results/${study.id}/heatmap`);
  await page.getByRole('row', { name: /^Legal/ }).waitFor();
  await page.screenshot({ path, fullPage: true });
} finally {
  await browser.close();
  await coordinator.stop();
}
