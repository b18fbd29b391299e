import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { answerSeries } from '../answer-series.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { walk } from '../keyboard.ts';
import { demoStudy } from '../studies.ts';

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  const waves = [demoStudy('brightwater-1'), demoStudy('brightwater-2')];
  coordinator = await TestCoordinator.start([...waves, demoStudy('pulse-demo'), demoStudy('attrition')]);
  await answerSeries(coordinator, 'brightwater', { waves: 2, employees: 5000 });
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

const charts = [
  '/results/brightwater-1?group=support',
  '/results/brightwater-1/participation',
  '/results/brightwater/trend?group=engineering',
];
const pages = [
  '/',
  '/survey?study=pulse-demo&employee=Ada&group=sales',
  '/site?study=attrition&site=north&group=sales',
  '/model?study=attrition',
  '/results',
  '/results/brightwater-1/heatmap',
  ...charts,
  'studio',
  'officer',
];

/** A page once it has shown what it is about; those that one signs in to by their link. */
async function opened(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(path === 'studio' || path === 'officer' ? coordinator.signInLink(path) : coordinator.url + path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

async function forced(path: string, colorScheme: 'light' | 'dark' = 'dark'): Promise<Page> {
  return opened(await browser.newContext({ forcedColors: 'active', colorScheme, locale: 'en' }), path);
}

/** The colour that is behind all, as computed styles write it. */
const canvasOf = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const probe = document.createElement('p');
    probe.style.backgroundColor = 'Canvas';
    document.body.append(probe);
    const { backgroundColor } = getComputedStyle(probe);
    probe.remove();
    return backgroundColor;
  });

test.each(pages)('[U4] [V4] %s has no WCAG 2.2 A or AA violation in the colours of its reader', async (path) => {
  await expectAccessible(browser, (context) => opened(context, path), { forcedColors: 'active' });
});

test.each(pages)('[U4] [V4] %s shows in the colours of its reader where the keyboard is', async (path) => {
  const page = await forced(path);
  const { stops } = await walk(page);
  expect(stops.filter(({ isMarked }) => !isMarked)).toEqual([]);
  const canvas = await canvasOf(page);
  await page.getByRole('link', { name: 'Skip to content' }).focus();
  await page.keyboard.press('Tab');
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineColor);
  expect(ring).not.toBe(canvas);
  await page.context().close();
});

test.each(charts.flatMap((path) => (['light', 'dark'] as const).map((scheme) => ({ path, scheme }))))(
  '[V4] all that the charts of $path draw has the reader’s colours, in a $scheme theme',
  async ({ path, scheme }) => {
    const page = await forced(path, scheme);
    await page.locator('demo-plot svg').first().waitFor();
    const canvas = await canvasOf(page);
    const ink = await page.evaluate(() => getComputedStyle(document.body).color);
    const paints = await page.locator('demo-plot svg').evaluateAll((all) => {
      const marks = all.flatMap((svg) => [...svg.querySelectorAll('circle, line, path, rect, text')]);
      return marks.flatMap((mark) => {
        const { fill, stroke } = getComputedStyle(mark);
        return [fill, stroke].filter((paint) => paint !== 'none' && paint !== 'rgba(0, 0, 0, 0)');
      });
    });
    expect(ink).not.toBe(canvas);
    expect(paints.length).toBeGreaterThan(20);
    expect([...new Set(paints)].filter((paint) => paint !== ink && paint !== canvas)).toEqual([]);
    expect(paints).toContain(ink);
    await page.context().close();
  },
);

test('[V3] without its colours the heatmap says by signs how far each group is from all together', async () => {
  const page = await forced('/results/brightwater-1/heatmap');
  await page.getByRole('row', { name: /^All together/ }).waitFor();
  const signsOf = (selector: string) =>
    page
      .locator(selector)
      .evaluateAll((all) =>
        all.map((element) => [element.className.trim(), getComputedStyle(element, '::after').content]),
      );
  const meant = new Map(
    (await signsOf('.legend .swatch[class*="tone-"]')).map(([tone, sign]) => [tone!.replace('swatch ', ''), sign]),
  );
  expect(meant.size).toBe(7);
  expect(new Set(meant.values()).size).toBe(7);
  expect([...meant.values()]).not.toContain('none');
  const shown = await signsOf('td[class*="tone-"]');
  expect(shown.length).toBeGreaterThan(5);
  for (const [tone, sign] of shown) expect(sign).toBe(meant.get(tone));
  await page.context().close();
});

test('[V3] without its colours a page still marks itself among the links', async () => {
  const page = await forced('/results/brightwater-1/heatmap');
  const canvas = await canvasOf(page);
  await page.getByRole('link', { name: 'Heatmap' }).waitFor();
  for (const links of ['.site-header nav a', '.views a']) {
    const underlined = await page.locator(links).evaluateAll(
      (all, none) =>
        all.flatMap((link) => {
          const { borderBottomColor, borderBottomWidth } = getComputedStyle(link);
          return borderBottomWidth === '0px' || borderBottomColor === none ? [] : [link.getAttribute('aria-current')];
        }),
      canvas,
    );
    expect(underlined).toEqual(['page']);
  }
  await page.context().close();
});

test('[U4] without its colours a chosen answer differs from the others, and the ledger shows what is spent', async () => {
  const page = await forced('/survey?study=pulse-demo&employee=Grace&group=sales');
  await page.getByRole('button', { name: 'Take part' }).click();
  const scale = page.getByRole('group', { name: /My workload/ });
  await scale.getByRole('radio').nth(1).check({ force: true });
  const backgrounds = await scale
    .locator('.option')
    .evaluateAll((all) => all.map((option) => getComputedStyle(option).backgroundColor));
  expect(backgrounds.filter((background) => background === backgrounds[1])).toHaveLength(1);
  await page.getByRole('button', { name: /^Send/ }).click();
  const meter = page.getByRole('meter').first();
  await meter.waitFor();
  const [spent, behind] = await meter.evaluate((element) => [
    getComputedStyle(element.firstElementChild!).fill,
    getComputedStyle(element).backgroundColor,
  ]);
  expect(spent).not.toBe(behind);
  expect(spent).not.toBe(await canvasOf(page));
  await page.context().close();
});
