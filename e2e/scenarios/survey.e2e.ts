import type { SurveyResults } from '@chorale/protocol';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { SentBytes } from '../sent-bytes.ts';
import { oneQuestionStudy } from '../studies.ts';
import { answerAlone, fillOneQuestion, send, surveyUrl, waitUntilSent } from '../survey-pages.ts';

let browser: Browser;
let coordinator: TestCoordinator;
const study = oneQuestionStudy();
const results = () => coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`);
const urlOf = (employee: string, group: string) => surveyUrl(coordinator.url, { study: study.id, employee, group });

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([study]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

test('[S8] [E2] twelve employees count once each, and a group below the minimum is not shown', async () => {
  const employees = Array.from({ length: 12 }, (_, i) => ({ name: `employee-${i}`, group: i < 9 ? 'sales' : 'legal' }));
  for (const { name, group } of employees) {
    const context = await answerAlone(browser, urlOf(name, group), 'Yes');
    await context.close();
  }
  const { voices, questions } = await results();
  expect(voices).toBe(12);
  const cells = questions[0]!.cells;
  expect(cells.find((cell) => cell.group === 'legal')).toEqual({
    state: 'suppressed',
    group: 'legal',
    reason: 'too-few',
  });
  // Nine voices hold two whole blocks of four; the total holds nothing that the groups do not.
  expect(cells.find((cell) => cell.group === 'sales')).toMatchObject({ state: 'published', respondents: 8 });
  expect(cells.find((cell) => cell.group === null)).toMatchObject({ state: 'published', respondents: 8 });

  const page = await browser.newPage();
  await page.goto(`${coordinator.url}/results/${study.id}`);
  await page.getByText('Numbers in a table').first().click();
  await expect.poll(() => page.getByRole('row', { name: /Legal/ }).first().innerText()).toMatch(/not enough answers/i);
  await page.close();
});

test('[S8] the same person in another browser profile does not count again', async () => {
  const before = (await results()).voices;
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(urlOf('employee-0', 'sales'));
  await fillOneQuestion(page, 'No');
  await send(page);
  await page
    .getByText(/invitation/i)
    .first()
    .waitFor();
  await expect.poll(async () => (await results()).voices).toBe(before);
  await context.close();
});

test('[S7] [S8] two tabs of one employee send one report', async () => {
  const before = (await results()).voices;
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  const tabs = await Promise.all([context.newPage(), context.newPage()]);
  for (const tab of tabs) await tab.goto(urlOf('two-tabs', 'sales'));
  for (const tab of tabs) await fillOneQuestion(tab, 'Yes');
  await Promise.all(tabs.map(send));
  await Promise.all(tabs.map(waitUntilSent));
  expect((await results()).voices).toBe(before + 1);
  expect(new Set(sent.reports()).size).toBe(1);
  await context.close();
});

test('[S7] a tab closed between store and acknowledgement sends the same bytes again and counts once', async () => {
  const before = (await results()).voices;
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  const lost = await context.newPage();
  // The report arrives; its acknowledgement never does.
  await lost.route(/\/reports$/, async (route) => {
    if (route.request().method() === 'POST') await route.fetch();
    await route.abort();
  });
  await lost.goto(urlOf('closed-tab', 'sales'));
  await fillOneQuestion(lost, 'Yes');
  await send(lost);
  await expect.poll(async () => (await results()).voices).toBe(before + 1);
  await lost.close();

  const sentBefore = sent.reports().length;
  const reopened = await context.newPage();
  await reopened.goto(urlOf('closed-tab', 'sales'));
  await waitUntilSent(reopened);
  expect((await results()).voices).toBe(before + 1);
  expect(sent.reports().length).toBeGreaterThan(sentBefore);
  expect(new Set(sent.reports()).size).toBe(1);
  await context.close();
});

test('[S7] a tab closed before its report could leave sends it on reopening', async () => {
  const before = (await results()).voices;
  const context = await browser.newContext();
  const offline = await context.newPage();
  await offline.route(/\/reports$/, (route) => route.abort());
  await offline.goto(urlOf('offline-tab', 'legal'));
  await fillOneQuestion(offline, 'Yes');
  await send(offline);
  await offline.getByText(/stored, and will be sent/i).waitFor();
  expect((await results()).voices).toBe(before);
  await offline.close();

  const reopened = await context.newPage();
  await reopened.goto(urlOf('offline-tab', 'legal'));
  await waitUntilSent(reopened);
  expect((await results()).voices).toBe(before + 1);
  await context.close();
});
