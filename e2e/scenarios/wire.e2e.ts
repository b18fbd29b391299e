import {
  formatBytes,
  type Manifest,
  parameterCount,
  type Report,
  surveyChannels,
  unpackMultiples,
  UPDATE_SENSITIVITY,
  updateFormat,
} from '@chorale/protocol';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { SentBytes } from '../sent-bytes.ts';
import { openSite, startTraining } from '../site-pages.ts';
import { demoStudy, oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, surveyUrl, waitUntilSent } from '../survey-pages.ts';
import { employeesByDepartment } from '../training-data.ts';
import { plainUpdate } from '../plain-update.ts';

const repeated = oneQuestionStudy({ id: 'repeated', survey: { ...oneQuestionStudy().survey!, epsilon: 1 } });
const pulse = demoStudy('pulse-demo');
const attrition = demoStudy('attrition');
/** One noised round of one site: the noise is on the whole update. */
const noised: Manifest = {
  ...attrition,
  id: 'noised',
  training: {
    ...attrition.training!,
    rounds: 1,
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-5 },
    cohort: { size: 1, quorum: 1, selectionTimeoutMs: 1000, deadlineMs: 60_000 },
  },
};

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([repeated, pulse, noised]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

test('no raw answer is among the bytes that a survey sends', async () => {
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  const page = await context.newPage();
  await page.goto(surveyUrl(coordinator.url, { study: pulse.id, employee: 'Wire', group: 'sales' }));
  await page.getByRole('button', { name: 'Take part' }).click();
  for (const question of pulse.survey!.questions) {
    if (question.type === 'number') await page.locator(`input[name="${question.id}"]`).fill('4321.09');
    else await page.locator(`input[name="${question.id}"]`).last().check();
  }
  await send(page);
  await waitUntilSent(page);

  const reports = sent.reports().map((text) => JSON.parse(text) as Report);
  expect(reports.length).toBeGreaterThan(0);
  const { byQuestion, questionsPerDevice } = surveyChannels(pulse.survey!);
  for (const report of reports) {
    expect(Object.keys(report).toSorted()).toEqual(['answers', 'manifest', 'protocol', 'study']);
    // Only the drawn questions, and of each nothing but a letter of its channel.
    expect(report.answers).toHaveLength(questionsPerDevice);
    for (const answer of report.answers) {
      expect(Object.keys(answer).toSorted()).toEqual(['letter', 'mechanism', 'outputs', 'question']);
      expect(answer.letter).toBeLessThan(byQuestion.get(answer.question)!.channel.outputs);
    }
  }
  const asked = new Set(reports.flatMap((report) => report.answers.map(({ question }) => question)));
  for (const { id } of pulse.survey!.questions)
    expect(sent.contain(`"${id}"`) || sent.contain(`\\"${id}\\"`), id).toBe(asked.has(id));
  for (const raw of ['4321', '4,321']) expect(sent.contain(raw)).toBe(false);
  await context.close();
});

test('answers repeated with fresh devices follow the claimed distribution', async () => {
  const devices = 60;
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  for (let device = 0; device < devices; device += 1) {
    const page = await context.newPage();
    await page.goto(surveyUrl(coordinator.url, { study: repeated.id, employee: `device-${device}`, group: 'sales' }));
    await fillOneQuestion(page, 'Yes');
    await send(page);
    await waitUntilSent(page);
    await page.close();
  }
  const spec = surveyChannels(repeated.survey!).byQuestion.get('leave')!;
  const counts = Array.from({ length: spec.channel.outputs }, () => 0);
  const letters = sent.reports().map((text) => (JSON.parse(text) as Report).answers[0]!.letter);
  expect(letters).toHaveLength(devices);
  for (const letter of letters) counts[letter]! += 1;
  // Chi-square with two degrees of freedom has the tail exp(-x / 2): 41.4 is passed once in 1e9. A device
  // that sent the truth would reach 44, and one that swapped p and q far more.
  const yes = 1;
  const statistic = counts.reduce((sum, count, letter) => {
    const expected = devices * spec.channel.probability(yes, letter);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(statistic).toBeLessThan(41.4);
  await context.close();
});

test('no un-noised update is among the bytes that a training sends, and the noise has its claimed size', async () => {
  const [site] = employeesByDepartment();
  const context = await browser.newContext();
  const sent = new SentBytes(context);
  const page = await openSite(context, coordinator.url, {
    study: noised.id,
    site: 'wire',
    group: site!.group,
    csv: site!.csv,
  });
  await startTraining(page);
  const format = updateFormat(noised.training!);
  const length = parameterCount(noised.training!);
  const bytes = formatBytes(format, length);
  await expect.poll(() => sent.attachments(bytes).length, { timeout: 60_000 }).toBeGreaterThan(0);

  const plain = await plainUpdate(noised.training!, site!.csv);
  expect(plain.some((value) => value !== 0)).toBe(true);
  expect(sent.contain(Buffer.from(plain.buffer))).toBe(false);
  expect(bytes).toBe(length);
  const multiples = unpackMultiples(sent.attachments(bytes)[0]!, format, { length });
  const stddev = noised.training!.privacy.updateNoiseMultiplier * UPDATE_SENSITIVITY;
  const residuals = Array.from(plain, (value, i) => multiples[i]! * format.unit - value);
  expect(residuals.length).toBeGreaterThanOrEqual(40);
  // Rounding to eight bits moves a coordinate by less than a unit, which is far less than the noise.
  expect(format.unit).toBeLessThan(stddev / 4);
  // With 40 coordinates or more the mean of squared standard normals leaves these bounds less than once in 1e8.
  const meanSquare = residuals.reduce((sum, residual) => sum + (residual / stddev) ** 2, 0) / residuals.length;
  expect(meanSquare).toBeGreaterThan(0.2);
  expect(meanSquare).toBeLessThan(3);
  await context.close();
});
