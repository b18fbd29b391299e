import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  '/results?study=pulse-demo',
  '/results?study=attrition',
  '/model?study=attrition',
];

test.each(pages)('%s has no WCAG 2.2 A or AA violation, wide and narrow, light and dark', async (path) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 320]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      await page.goto(coordinator.url + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.waitForLoadState('networkidle');
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
        .analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await context.close();
    }
  }
});
