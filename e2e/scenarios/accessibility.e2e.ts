import type { Browser } from 'playwright';
import { afterAll, beforeAll, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { demoStudy } from '../studies.ts';

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([demoStudy('pulse-demo'), demoStudy('attrition')]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

const pages = [
  '/',
  '/survey?study=pulse-demo&employee=Ada&group=sales',
  '/site?study=attrition&site=north&group=sales',
  '/results/pulse-demo',
  '/results/attrition',
  '/model?study=attrition',
];

test.each(pages)('%s has no WCAG 2.2 A or AA violation, wide and narrow, light and dark', async (path) => {
  await expectAccessible(browser, async (context) => {
    const page = await context.newPage();
    await page.goto(coordinator.url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    return page;
  });
});
