import { readFile } from 'node:fs/promises';
import { runCrowd } from '@chorale/demo/crowd';
import type {
  DriversExport,
  EstimateChange,
  SeriesResults,
  StudyDrivers,
  StudyExport,
  SurveyResults,
} from '@chorale/protocol';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { answerSeries } from '../answer-series.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { walk } from '../keyboard.ts';
import { demoStudy, oneQuestionStudy } from '../studies.ts';

const waves = (['brightwater-1', 'brightwater-2', 'brightwater-3', 'brightwater-4'] as const).map((id) =>
  demoStudy(id),
);
/** One question, so that everybody answers it: what happened before the third wave is many standard errors. */
const plainWaves = waves.slice(0, 3).map((wave, index) => ({
  ...wave,
  id: `plain-${index + 1}`,
  title: `Feedback, wave ${index + 1}`,
  series: 'plain',
  survey: { epsilon: 2.5, questions: wave.survey!.questions.filter(({ id }) => id === 'feedback') },
}));
/** Every device answers all of its questions. */
const engagement = demoStudy('engagement');
const silent = oneQuestionStudy();

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([...waves, ...plainWaves, engagement, silent]);
  const summaries = await answerSeries(coordinator, 'brightwater', { waves: 4, employees: 5000 });
  // The ledgers of those who answered all four waves are full now, and not overdrawn: nobody was refused.
  expect(summaries.map(({ refused }) => refused)).toEqual([{}, {}, {}, {}]);
  await answerSeries(coordinator, 'plain', { waves: 3, employees: 2500 });
  await runCrowd({ server: coordinator.url, study: engagement.id, employees: 1500, seed: 5, crowd: 'drivers' });
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

async function open(path: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(coordinator.url + path);
  return page;
}

const resultsOf = (study: string) => coordinator.get<SurveyResults>(`/api/v1/studies/${study}/results`);

test('[E3] [V3] every cell of the heatmap shows what the coordinator publishes, or in words why there is no number', async () => {
  const { groups, questions } = await resultsOf('brightwater-1');
  const page = await open('/results/brightwater-1/heatmap');
  await page.getByRole('row', { name: /^All together/ }).waitFor();
  const columns = questions.filter(({ report }) => report !== 'distribution');
  const words = { 'too-few': 'too few', 'too-uncertain': 'too uncertain', 'too-similar': 'held back' };
  const seen = new Set<string>();
  for (const { id, label } of groups.values) {
    const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: label, exact: true }) });
    const texts = await row.getByRole('cell').allInnerTexts();
    expect(texts).toHaveLength(columns.length);
    for (const [index, { cells }] of columns.entries()) {
      const cell = cells.find(({ group }) => group === id)!;
      seen.add(cell.state);
      if (cell.state === 'suppressed') expect(texts[index]).toBe(words[cell.reason]);
      else expect(texts[index]).toMatch(/^[+−]?\d+(\.\d)?%?\s±\d+(\.\d)?$/);
    }
  }
  // Large departments have numbers at this epsilon; the smallest may have none.
  expect(seen).toContain('published');
  await page.close();
});

test('[E3] a study that nobody has answered shows no number anywhere, and says why', async () => {
  const page = await open(`/results/${silent.id}/heatmap`);
  await page.getByRole('row', { name: /^Legal/ }).waitFor();
  expect(await page.getByRole('cell', { name: 'too few', exact: true }).count()).toBe(3);
  await page.getByRole('link', { name: 'Questions' }).click();
  await page.getByText('No number can be shown yet').waitFor();
  await page.close();
});

function inWords({ significant, change }: EstimateChange): RegExp {
  if (!significant) return /no significant change/i;
  return change > 0 ? /rose significantly, by/i : /fell significantly, by/i;
}

test('[V3] the trend says in words which changes are significant, as the coordinator has them', async () => {
  const series = await coordinator.get<SeriesResults>('/api/v1/series/brightwater');
  const page = await open('/results/brightwater/trend');
  await page.getByRole('article').first().waitFor();
  for (const { text, groups } of series.questions.filter((q) => q.report !== 'distribution')) {
    const article = page.getByRole('article', { name: text });
    const sentences = await article.locator('.changes li').allInnerTexts();
    const later = groups.find(({ group }) => group === null)!.waves.slice(1);
    expect(sentences).toHaveLength(later.length);
    for (const [index, { change }] of later.entries()) expect(sentences[index]).toMatch(inWords(change!.estimates[0]!));
  }
  await page.close();
});

test('[V3] a change that is large is called so, in words', async () => {
  const page = await open('/results/plain/trend');
  // Managers practised giving feedback: 16 points, at some nine standard errors of the difference.
  expect(await page.locator('.changes li').nth(1).innerText()).toMatch(/^Wave 3, since wave 2: Rose significantly, by/);
  await page.close();
});

test('[V2] the trend has what others got beside a question, in words and in its table', async () => {
  const page = await open('/results/brightwater/trend');
  const article = page.getByRole('article', { name: 'My workload is manageable.' });
  await article.getByText('Dotted, for comparison: Made-up average of retailers (2025), 46.0%.').waitFor();
  await article.getByText('Numbers in a table').click();
  const row = article.getByRole('row').filter({ has: page.getByRole('rowheader', { name: /^Made-up average/ }) });
  expect(await row.getByRole('cell').allInnerTexts()).toEqual(['46.0%', '', '']);
  // No wave compares this one.
  const other = page.getByRole('article', { name: /^Do you expect to look for another job/ });
  expect(await other.getByText('Dotted').count()).toBe(0);
  await page.close();
});

test('[V2] the exported files hold the numbers that the page shows', async () => {
  const page = await open('/results/brightwater-1');
  await page.getByRole('article').first().waitFor();
  const download = async (name: string): Promise<string> => {
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
    expect(file.suggestedFilename()).toContain('brightwater-1');
    return readFile(await file.path(), 'utf8');
  };
  const { stamp, results } = JSON.parse(await download('Numbers as JSON')) as StudyExport;
  expect(stamp).toMatchObject({ study: 'brightwater-1', manifest: results.manifest, confidence: 0.95 });
  const csv = await download('Numbers as CSV');
  for (const { text, cells } of results.questions) {
    const article = page.getByRole('article', { name: text });
    await article.getByText('Numbers in a table').click();
    for (const cell of cells) {
      const name = results.groups.values.find(({ id }) => id === cell.group)?.label ?? 'All';
      const row = article.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
      const shown = await row.getByRole('cell').allInnerTexts();
      if (cell.state === 'suppressed') {
        expect(shown).toHaveLength(1);
        continue;
      }
      expect(shown.slice(0, -2)).toHaveLength(cell.estimates.length);
      for (const [index, estimate] of cell.estimates.entries()) {
        const scale = text.startsWith('How likely') ? 1 : 100;
        const numbers = shown[index]!.replaceAll('−', '-')
          .match(/[+-]?\d+(\.\d)?/g)!
          .map(Number);
        for (const [end, value] of [estimate.value, estimate.lower, estimate.upper].entries()) {
          expect(Math.abs(numbers[end]! - scale * value)).toBeLessThanOrEqual(scale === 1 ? 0.5 : 0.0501);
        }
        expect(csv).toContain(String(estimate.value));
      }
      expect(shown.at(-2)).toBe(cell.respondents.toLocaleString('en'));
    }
  }
  await page.close();
});

test('[E10] [V2] the drivers of any outcome are what the coordinator publishes, on the page and in its files', async () => {
  const drivers = await coordinator.get<StudyDrivers>('/api/v1/studies/engagement/drivers');
  if (drivers.state !== 'available') throw new Error('there must be drivers');
  const page = await open('/results/engagement/drivers');
  // Without a choice, an eNPS is the outcome.
  await expect.poll(() => page.getByLabel('Outcome', { exact: true }).inputValue()).toBe('recommend');
  for (const outcome of drivers.questions) {
    await page.getByLabel('Outcome', { exact: true }).selectOption(outcome.question);
    await page.getByRole('heading', { name: `What moves with: ${outcome.text}` }).waitFor();
    expect(new URL(page.url()).searchParams.get('outcome')).toBe(outcome.question);
    for (const other of drivers.questions.filter(({ question }) => question !== outcome.question)) {
      const pair = drivers.pairs.find(
        ({ questions }) => questions.includes(outcome.question) && questions.includes(other.question),
      )!;
      // Far more answers than noise: three of the company's answers follow one mood.
      if (pair.state !== 'published') throw new Error('it must be shown');
      const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: other.text, exact: true }) });
      const [numbers, words] = await row.getByRole('cell').allInnerTexts();
      const shown = numbers!
        .replaceAll('−', '-')
        .match(/[+-]?\d\.\d\d/g)!
        .map(Number);
      for (const [index, value] of [pair.correlation, pair.lower, pair.upper].entries()) {
        expect(Math.abs(shown[index]! - value)).toBeLessThanOrEqual(0.00501);
      }
      expect(words).toBe(
        pair.significant
          ? pair.correlation > 0
            ? 'moves with it'
            : 'moves the other way'
          : 'cannot be told from chance and noise',
      );
    }
  }
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Numbers as JSON' }).click(),
  ]);
  expect(file.suggestedFilename()).toBe('engagement-drivers.json');
  const exported = JSON.parse(await readFile(await file.path(), 'utf8')) as DriversExport;
  expect(exported).toMatchObject({ stamp: { study: 'engagement', epsilon: 7.5 }, drivers });
  await page.close();
});

test('[E10] feedback moves with recommending the company, as it does there', async () => {
  const page = await open('/results/engagement/drivers?outcome=recommend');
  // Some nine standard errors of the correlation.
  const row = page.getByRole('row', { name: /^My manager gives me feedback/ });
  await row.getByRole('cell', { name: 'moves with it', exact: true }).waitFor();
  await page.close();
});

test('[E10] a study whose devices draw their questions says why it has no drivers, and what it would take', async () => {
  const page = await open('/results/brightwater-1/drivers');
  await page.getByText('Each device answers 1 of the 4 questions').waitFor();
  await page.getByText('so 10 for these 4').waitFor();
  expect(await page.getByRole('table').count()).toBe(0);
  await page.close();
});

test('[V1] a group that was chosen is in the address, and is still chosen after a reload', async () => {
  const page = await open('/results/brightwater-1');
  await page.getByLabel('Department', { exact: true }).selectOption('Engineering');
  await page.getByText('Engineering', { exact: true }).and(page.locator('dt')).first().waitFor();
  expect(new URL(page.url()).searchParams.get('group')).toBe('engineering');
  await page.reload();
  await expect.poll(() => page.getByLabel('Department', { exact: true }).inputValue()).toBe('engineering');
  await page.close();
});

test('[V4] by keyboard alone one gets from the list to a heatmap and sorts it', async () => {
  const page = await open('/results');
  const focusOn = async (name: string): Promise<void> => {
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.textContent.trim())) === name) return;
    }
    throw new Error(`the Tab key never came to ${name}`);
  };
  await page.getByRole('link', { name: waves[0]!.title }).waitFor();
  await focusOn(waves[0]!.title);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/results\/brightwater-1$/);
  await page.getByRole('link', { name: 'Heatmap' }).waitFor();
  await focusOn('Heatmap');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /^All together/ }).waitFor();
  await focusOn('My workload is manageable. ↕');
  await page.keyboard.press('Enter');
  const header = page.getByRole('columnheader', { name: /My workload/ });
  await expect.poll(() => header.getAttribute('aria-sort')).toBe('descending');
  // Focus stays where it was, and all together stays first.
  expect(await page.evaluate(() => document.activeElement?.textContent.trim())).toMatch(/^My workload.*↓$/s);
  const rows = await page.locator('tbody tr').allInnerTexts();
  expect(rows[0]).toMatch(/^All together/);
  const column = await page.locator('tbody tr td:nth-child(2)').allInnerTexts();
  const sorted = column.slice(1).flatMap((text) => (/^\d/.test(text) ? [Number.parseFloat(text)] : []));
  expect(sorted).toEqual(sorted.toSorted((a, b) => b - a));
  expect(sorted.length).toBeGreaterThan(1);
  await page.close();
});

test('[V5] on paper every chart is whole, has its table beside it, and says what it is of', async () => {
  const page = await open('/results/brightwater-1');
  await page.getByRole('article').first().waitFor();
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await page.setViewportSize({ width: 700, height: 1000 });
  expect(await page.getByRole('navigation').count()).toBe(0);
  for (const article of await page.getByRole('article').all()) {
    const chart = await article.locator('svg').boundingBox();
    const card = (await article.boundingBox())!;
    expect(chart!.x + chart!.width).toBeLessThanOrEqual(card.x + card.width);
    expect(await article.evaluate((element) => getComputedStyle(element).breakInside)).toBe('avoid');
    expect(await article.getByRole('table').isVisible()).toBe(true);
    expect(await article.getByText('sha256-').isVisible()).toBe(true);
  }
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
    'rgb(255, 255, 255)',
  );
  await page.close();
});

test('what is not there is said to be missing', async () => {
  const page = await open('/results/no-such-study');
  await page.getByText('There is no such study here').waitFor();
  await page.goto(`${coordinator.url}/results/brightwater-1/colours`);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  await page.goto(`${coordinator.url}/results/no-such-series/trend`);
  await page.getByText('There is no such').first().waitFor();
  await page.close();
});

const pages = [
  '/results',
  '/results/brightwater-1?group=support',
  '/results/brightwater-1/heatmap',
  '/results/brightwater-1/heatmap?of=speak-up',
  '/results/brightwater-1/participation',
  '/results/engagement/drivers?outcome=feedback',
  '/results/brightwater-1/drivers',
  '/results/brightwater/trend?group=engineering',
  '/results/no-such-study',
];

test.each(pages.flatMap((path) => (['ltr', 'rtl'] as const).map((direction) => ({ path, direction }))))(
  '[V4] $path has no WCAG 2.2 A or AA violation, wide and narrow, light and dark, laid out $direction',
  async ({ path, direction }) => {
    await expectAccessible(
      browser,
      async (context) => {
        const page = await context.newPage();
        await page.goto(coordinator.url + path);
        await page.locator('main :is(article, table, .listing, .notice)').first().waitFor();
        for (const details of await page.locator('summary').all()) await details.click();
        return page;
      },
      { direction },
    );
  },
);

test.each(pages)('[V4] %s can be gone through by the keyboard alone, and shows where it is', async (path) => {
  const page = await open(path);
  await page.locator('main :is(article, table, .listing, .notice)').first().waitFor();
  await page.waitForLoadState('networkidle');
  const { stops, missed } = await walk(page);
  expect(missed).toEqual([]);
  expect(stops.filter(({ isMarked }) => !isMarked)).toEqual([]);
  await page.close();
});
