import { manifestHash, type StudySummary, type SurveyResults } from '@chorale/protocol';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { SentBytes } from '../sent-bytes.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy, oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, surveyUrl, waitUntilSent } from '../survey-pages.ts';
import { employeesByDepartment } from '../training-data.ts';

const study = oneQuestionStudy();
const second = oneQuestionStudy({ id: 'second', title: 'Another question' });
const attrition = demoStudy('attrition');
const sales = employeesByDepartment().find(({ group }) => group === 'sales')!;

let browser: Browser;
let coordinator: TestCoordinator;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([study, second, attrition]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

beforeEach(async () => {
  context = await browser.newContext();
  page = await context.newPage();
});

afterEach(async () => {
  await context.close();
});

const urlOf = (id: string, employee: string) => surveyUrl(coordinator.url, { study: id, employee, group: 'sales' });
const voices = async (id: string) => (await coordinator.get<SurveyResults>(`/api/v1/studies/${id}/results`)).voices;

test('[B1] a second study that would go past the limit of the device sends nothing', async () => {
  await page.goto(urlOf(study.id, 'Ada'));
  await fillOneQuestion(page, 'Yes');
  await send(page);
  await waitUntilSent(page);

  // Six was spent, six more are asked, and the limit is eight.
  const sent = new SentBytes(context);
  const again = await context.newPage();
  await again.goto(urlOf(second.id, 'Ada'));
  await fillOneQuestion(again, 'No');
  await send(again);
  await again.getByText('Your privacy budget does not allow this').waitFor();
  expect(sent.reports()).toEqual([]);
  expect(await voices(second.id)).toBe(0);
});

test('[S1] a study that is not the pinned one is refused before anything is asked', async () => {
  const other = await manifestHash(second);
  await page.goto(`${urlOf(study.id, 'Grace')}&${new URLSearchParams({ manifest: other })}`);
  await page.getByText('This study has changed').waitFor();
  expect(await page.getByRole('radio').count()).toBe(0);

  const right = await manifestHash(study);
  await page.goto(`${urlOf(study.id, 'Grace')}&${new URLSearchParams({ manifest: right })}`);
  await page.getByRole('button', { name: 'Take part' }).waitFor();
});

test('an unknown study is named as such', async () => {
  await page.goto(urlOf('no-such-study', 'Grace'));
  await page.getByText('There is no such study here').waitFor();
});

test('a file with wrong cells says which row and column, and is not kept', async () => {
  await page.goto(`${coordinator.url}/site?study=${attrition.id}&site=bad&group=sales`);
  const open = async (csv: string) =>
    page
      .getByLabel('Open a CSV file')
      .setInputFiles({ name: 'bad.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  const lines = sales.csv.split('\n');
  const columns = lines[0]!.replaceAll('"', '').split(',');
  const cells = lines[3]!.split(',');
  cells[columns.indexOf('Age')] = 'forty';
  cells[columns.indexOf('BusinessTravel')] = 'Teleports';
  await open(lines.with(3, cells.join(',')).join('\n'));
  await page.getByText('Row 3 (line 4), Age: not a number').waitFor();
  await page.getByText(/Row 3 \(line 4\), BusinessTravel: unknown value/).waitFor();

  await open('Age,Shoe size\n40,44\n');
  await page.getByText(/columns are missing/).waitFor();
  expect(await page.getByRole('button', { name: 'Start training' }).isDisabled()).toBe(true);

  await page.reload();
  await page.getByLabel('Open a CSV file').waitFor();
  expect(await page.getByText('rows are ready').count()).toBe(0);
});

test('a column of another name can be chosen by hand', async () => {
  const renamed = sales.csv.replace('"Age"', '"Years of age"').replace(/^Age,/, 'Years of age,');
  await page.goto(`${coordinator.url}/site?study=${attrition.id}&site=renamed&group=sales`);
  await page
    .getByLabel('Open a CSV file')
    .setInputFiles({ name: 'renamed.csv', mimeType: 'text/csv', buffer: Buffer.from(renamed) });
  await page.getByLabel('Column for Age').selectOption('Years of age');
  await page.getByText('rows are ready').waitFor();
});

test('training that was stopped leaves its seat, and starts again', async () => {
  const site = { study: attrition.id, site: 'stops', group: 'sales', csv: sales.csv };
  page = await openSite(context, coordinator.url, site);
  const waiting = async () =>
    (await coordinator.get<{ waiting: number }>(`/api/v1/studies/${attrition.id}/rounds`)).waiting;
  await startTraining(page);
  await expect.poll(waiting).toBe(1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect.poll(waiting).toBe(0);
  await page.getByRole('button', { name: 'Train again' }).click();
  await expect.poll(waiting).toBe(1);
});

test('[P4] the coordinator is there after all of this', async () => {
  expect(await coordinator.get<StudySummary[]>('/api/v1/studies')).toHaveLength(3);
});
