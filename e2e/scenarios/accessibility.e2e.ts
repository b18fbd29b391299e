import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { walk } from '../keyboard.ts';
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

const layouts = pages.flatMap((path) => (['ltr', 'rtl'] as const).map((direction) => ({ path, direction })));

test.each(layouts)(
  '$path has no WCAG 2.2 A or AA violation, wide and narrow, light and dark, laid out $direction',
  async ({ path, direction }) => {
    await expectAccessible(browser, (context) => opened(context, path), { direction });
  },
);

test.each(pages)('%s can be gone through by the keyboard alone, and shows where it is', async (path) => {
  const context = await browser.newContext();
  const { stops, missed } = await walk(await opened(context, path));
  expect(missed).toEqual([]);
  expect(stops.filter(({ isMarked }) => !isMarked)).toEqual([]);
  await context.close();
});

async function opened(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(coordinator.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}
