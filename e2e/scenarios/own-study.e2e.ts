import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { StudySummary, SurveyResults } from '@chorale/protocol';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { walk } from '../keyboard.ts';
import { demoStudy } from '../studies.ts';
import { send, waitUntilSent } from '../survey-pages.ts';

/** A file as somebody picks it. */
const file = (content: unknown) => ({
  name: 'pulse.json',
  mimeType: 'application/json',
  buffer: Buffer.from(JSON.stringify(content)),
});

/** Benchmarks, of one question. */
const benchmarks = (value: string) => ({
  name: 'industry.csv',
  mimeType: 'text/csv',
  buffer: Buffer.from(`question,estimate,value,source,year\r\nworkload,,${value},Survey of industry,2025\r\n`),
});

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([demoStudy('pulse-demo')]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

test('[O2] a study of one’s own is designed, approved, published and answered by the steps of the README', async () => {
  const started = performance.now();
  // 1. The link that `npm start` prints beside "studio".
  const analyst = await (await browser.newContext()).newPage();
  const requested: string[] = [];
  analyst.on('request', (request) => requested.push(request.url()));
  await analyst.goto(coordinator.signInLink('studio'));
  await analyst.getByText('Signed in as Demo analyst').waitFor();
  expect(analyst.url()).toBe(`${coordinator.url}/studio`);
  // 2. A title and what is asked.
  await analyst.getByLabel('Title').fill('Our first pulse');
  await analyst.getByLabel('What is asked').fill('I have what I need to do my work well.');
  await analyst.getByLabel('Days that reports are kept').fill('30');
  await analyst
    .getByRole('cell', { name: /readable/ })
    .first()
    .waitFor();
  await analyst.getByRole('button', { name: 'Submit for approval' }).click();
  await analyst.getByText('Our first pulse waits for approval').waitFor();
  // 3. The link that is printed beside "officer", in another tab.
  const officer = await (await browser.newContext()).newPage();
  await officer.goto(coordinator.signInLink('officer'));
  await officer.getByRole('heading', { name: 'Our first pulse' }).waitFor();
  await officer.getByText('Raw reports are deleted 30 days after the study is closed').waitFor();
  await officer.getByRole('button', { name: 'Approve exactly this' }).click();
  await officer.getByRole('button', { name: 'Publish' }).click();
  // 4. The survey that it links to, as somebody.
  await officer.getByRole('link', { name: 'Open the survey' }).click();
  await officer.getByLabel('Your name').fill('Ada');
  await officer.getByRole('button', { name: 'Open the survey' }).click();
  // What was promised is said before anything is asked.
  await officer.getByText('What you send is deleted at most 30 days after the survey was closed').waitFor();
  await officer.getByRole('button', { name: 'Take part' }).click();
  await officer.getByRole('radio', { name: '4' }).check();
  await send(officer);
  await waitUntilSent(officer);
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(`from the first link to the first answer: ${seconds.toFixed(1)} s\n`);

  const studies = await coordinator.get<StudySummary[]>('/api/v1/studies');
  expect(studies.find(({ id }) => id === 'our-first-pulse')).toMatchObject({ voices: 1, state: 'open' });
  expect(requested.filter((url) => url.includes('token'))).toEqual([]);
});

test('[O2] the designer names what is wrong at its field, and asks again before it submits what tells nothing', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(coordinator.signInLink('studio'));
  await page.getByRole('button', { name: 'Submit for approval' }).click();
  const errors = page.getByRole('alert');
  await errors.getByRole('link', { name: /^survey\.questions\.0\.text/ }).click();
  const question = page.getByLabel('What is asked');
  expect(await question.evaluate((input) => input === document.activeElement)).toBe(true);
  expect(await question.getAttribute('aria-invalid')).toBe('true');
  await page.getByLabel('Title').fill('Hopeless');
  await question.fill('Would anybody know?');
  await errors.waitFor({ state: 'detached' });
  await page.getByLabel('Privacy loss').fill('0.1');
  await page.getByText('One question would tell nothing useful').waitFor();
  await page.getByRole('button', { name: 'Submit for approval' }).click();
  await page.getByText('Some of these questions would tell nothing useful').waitFor();
  expect(await coordinator.get<StudySummary[]>('/api/v1/studies')).not.toContainEqual(
    expect.objectContaining({ id: 'hopeless' }),
  );
  await page.getByRole('button', { name: 'Submit all the same' }).click();
  await page.getByText('Hopeless waits for approval').waitFor();
});

test('[O2] a manifest file is read into the form, and one that breaks a rule is refused with its path', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(coordinator.signInLink('studio'));
  const input = page.getByLabel('Start from a manifest file');
  const manifest = { ...demoStudy('pulse-demo'), id: 'imported', title: 'Imported pulse' };
  await input.setInputFiles(file({ ...manifest, publishing: { minimumGroupSize: 1, maximumMargin: 0.1 } }));
  await page.getByRole('alert').getByText('manifest at publishing.minimumGroupSize').waitFor();
  expect(await page.getByLabel('Title').inputValue()).toBe('');
  await input.setInputFiles(file(manifest));
  await page.getByText('pulse.json is read into the form').waitFor();
  expect(await page.getByLabel('What is asked').count()).toBe(8);
  await page.getByRole('button', { name: 'Move question 2 up' }).click();
  expect(await page.getByLabel('What is asked').first().inputValue()).toBe('My workload is manageable.');
  await page.getByRole('button', { name: 'Submit for approval' }).click();
  await page.getByText('Imported pulse waits for approval').waitFor();

  const officer = await (await browser.newContext()).newPage();
  await officer.goto(coordinator.signInLink('officer'));
  const draft = officer.getByRole('article', { name: 'Imported pulse' });
  await draft.getByText('What it changes of the wave before').click();
  await draft.getByLabel('Compare with').selectOption('pulse-demo');
  await draft.getByLabel('What changed').getByText('"title": "Imported pulse"').waitFor();
});

test('[O4] [O5] the officer closes a study, takes its evidence, deletes its reports, and finds it all in the log', async () => {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  await page.goto(coordinator.signInLink('officer'));
  const row = page.getByRole('row', { name: /Our first pulse/ }).first();
  await row.getByRole('button', { name: 'Close…' }).click();
  await row.getByRole('button', { name: 'Close it' }).click();
  await row.getByRole('cell', { name: 'closed' }).waitFor();
  const downloaded = page.waitForEvent('download');
  await row.getByRole('button', { name: 'Evidence pack' }).click();
  expect((await downloaded).suggestedFilename()).toBe('evidence-our-first-pulse.html');
  await row.getByRole('button', { name: 'Delete reports…' }).click();
  await row.getByRole('button', { name: 'Delete them' }).click();
  await row.getByRole('cell', { name: 'purged' }).waitFor();
  const log = page.getByRole('region', { name: 'Entries of the log' });
  for (const action of ['published', 'closed', 'evidence exported', 'reports deleted']) {
    await log
      .getByRole('row', { name: new RegExp(`${action} our-first-pulse`) })
      .first()
      .waitFor();
  }
  await page.getByText(/^All \d+ entries hold/).waitFor();
});

test('[O7] who takes results as a file is in the log by name where they are signed in, with the hash of the file', async () => {
  const page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  const log = page.getByRole('region', { name: 'Entries of the log' });
  const takeBy = async (who: string): Promise<void> => {
    await page.goto(`${coordinator.url}/results/pulse-demo`);
    const [taken] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Numbers as CSV' }).click(),
    ]);
    expect(taken.suggestedFilename()).toBe('pulse-demo.csv');
    const hash = createHash('sha256').update(await readFile(await taken.path()));
    await page.goto(coordinator.signInLink('officer'));
    const row = log.getByRole('row', { name: new RegExp(`${who} results taken as a file pulse-demo`) });
    await row.getByText(`sha256-${hash.digest('base64')}`).waitFor();
  };
  await takeBy('somebody not signed in');
  await takeBy('Demo officer \\(officer\\)');
});

test('[O9] whoever is signed in imports benchmarks from a file, sees which row is wrong, and removes them', async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(coordinator.signInLink('studio'));
  await page.getByText('Signed in as').waitFor();
  await page.goto(`${coordinator.url}/results/pulse-demo`);
  await page.getByText('Benchmarks', { exact: true }).click();
  const input = page.getByLabel('Import from a file');
  await input.waitFor();
  const remove = page.getByRole('button', { name: 'Remove what was imported' });
  expect(await remove.count()).toBe(0);
  await input.setInputFiles(benchmarks('much'));
  await page.getByText('These benchmarks cannot be imported').waitFor();
  // It is among the details of the notice.
  await page.getByText(/row 1, value/).waitFor({ state: 'attached' });
  await input.setInputFiles(benchmarks('0.61'));
  await page.getByText('1 of industry.csv are imported').waitFor();
  const shown = async (): Promise<string[]> => {
    const results = await coordinator.get<SurveyResults>('/api/v1/studies/pulse-demo/results');
    return results.questions.find(({ question }) => question === 'workload')!.benchmarks.map(({ source }) => source);
  };
  expect(await shown()).toContain('Survey of industry');
  await remove.click();
  await page.getByText('What was imported is removed').waitFor();
  await remove.waitFor({ state: 'detached' });
  expect(await input.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await shown()).not.toContain('Survey of industry');
});

const seen = (['studio', 'officer'] as const).flatMap((name) =>
  [true, false].map((isSignedIn) => ({ name, isSignedIn })),
);

async function opened(context: BrowserContext, { name, isSignedIn }: (typeof seen)[number]): Promise<Page> {
  const page = await context.newPage();
  await page.goto(isSignedIn ? coordinator.signInLink(name) : `${coordinator.url}/${name}`);
  await page.getByText(isSignedIn ? 'Signed in as' : 'Nobody is signed in').waitFor();
  await page.waitForLoadState('networkidle');
  return page;
}

test.each(seen.flatMap((at) => (['ltr', 'rtl'] as const).map((direction) => ({ ...at, direction }))))(
  '/$name has no WCAG 2.2 A or AA violation, wide and narrow, light and dark, laid out $direction, signed in: $isSignedIn',
  async ({ direction, ...at }) => {
    await expectAccessible(browser, (context) => opened(context, at), { direction });
  },
);

test.each(seen)('/$name can be gone through by the keyboard alone, signed in: $isSignedIn', async (at) => {
  const context = await browser.newContext();
  const { stops, missed } = await walk(await opened(context, at));
  expect(missed).toEqual([]);
  expect(stops.filter(({ isMarked }) => !isMarked)).toEqual([]);
  await context.close();
});
