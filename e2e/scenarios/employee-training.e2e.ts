import { type Manifest, parseManifest, type TrainingRounds } from '@chorale/protocol';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { oneQuestionStudy } from '../studies.ts';
import { send, surveyUrl, waitUntilSent } from '../survey-pages.ts';

const pulse = oneQuestionStudy();
/** Employees' own answers train a model; the noise of each update is for the whole of it, on the device. */
const study: Manifest = parseManifest({
  ...pulse,
  id: 'own-rows',
  survey: {
    epsilon: 3,
    questions: [
      { type: 'scale', id: 'mood', text: 'My mood at work', minimum: 1, maximum: 5, report: 'mean' },
      { type: 'yesno', id: 'leave', text: 'Do you mean to leave?', report: 'favourable' },
    ],
  },
  training: {
    clients: 'employee',
    features: [{ type: 'number', column: 'mood', minimum: 1, maximum: 5 }],
    label: { column: 'leave', positive: 'yes', negative: 'no' },
    model: { hidden: [], activation: 'relu' },
    rounds: 2,
    localEpochs: 1,
    batchSize: null,
    learningRate: 0.5,
    clippingNorm: 1,
    exampleClippingNorm: 4,
    privacy: { updateNoiseMultiplier: 2, exampleNoiseMultiplier: 0, delta: 1e-6 },
    cohort: { size: 3, quorum: 3, selectionTimeoutMs: 60_000, deadlineMs: 60_000 },
    evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 1 },
  },
});

/** The same answers, of which what the server needs for a model leaves once. */
const oneShot: Manifest = parseManifest({
  ...study,
  id: 'own-rows-once',
  training: {
    ...study.training,
    rounds: 1,
    learningRate: 1,
    clippingNorm: 1.5,
    exampleClippingNorm: 1,
    algorithm: { oneShot: { rule: 'gram-matrix' } },
  },
});

/** The same, where PrivUnit reports each update. */
const randomized: Manifest = parseManifest({
  ...study,
  id: 'own-rows-randomized',
  training: {
    ...study.training,
    privacy: {
      updateNoiseMultiplier: 0,
      exampleNoiseMultiplier: 0,
      updateMechanism: { mechanism: 'priv-unit', epsilon: 2 },
      delta: 1e-6,
    },
  },
});

let browser: Browser;
let coordinator: TestCoordinator;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([study, oneShot, randomized]);
});

afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});

test.each([
  ['noised', study, { delta: 1e-6 }, /At the worst that costs ε = 2\.\d\d: .*, except with probability 10⁻⁶\./],
  ['one-shot', oneShot, { delta: 1e-6 }, /contributes to one round\. At the worst that costs ε = \d\.\d\d/],
  [
    'randomized',
    randomized,
    { epsilon: 2, delta: 0 },
    /ε = 2\.00: all that it sends is at most 7\.4 times .* answers\./,
  ],
] as const)(
  '[B2] [B9] three employees train on their own answers, each charged for a %s update',
  async (_, of, spent, words) => {
    const rounds = () => coordinator.get<TrainingRounds>(`/api/v1/studies/${of.id}/rounds`);
    const pages = await Promise.all(
      ['Ada', 'Grace', 'Edsger'].map(async (employee, i) => {
        const page = await (await browser.newContext()).newPage();
        await page.goto(surveyUrl(coordinator.url, { study: of.id, employee, group: 'sales' }));
        await page.getByRole('button', { name: 'Take part' }).click();
        await page.locator('input[name="mood"]').nth(i).check();
        await page.getByRole('radio', { name: i === 0 ? 'Yes' : 'No', exact: true }).check();
        await send(page);
        await waitUntilSent(page);
        return page;
      }),
    );
    for (const page of pages) await page.getByRole('button', { name: 'Start training' }).click();
    await expect.poll(async () => (await rounds()).committedRounds, { timeout: 60_000 }).toBe(1);
    const [round] = (await rounds()).rounds;
    expect(round).toMatchObject({ kind: 'train', state: 'committed', cohort: 3, accepted: 3 });
    expect(round!.spent).toMatchObject([{ privacyUnit: 'employee', neighboringRelation: 'replace-one', ...spent }]);
    // No held-back rows, so nothing follows a last training round.
    const isDone = of.training!.rounds === 1;
    const sentence = isDone ? 'Done: ' : 'has contributed as often as the study';
    // [B8] [R25] Once each: the tabs end by themselves, and a study that has another round says that it needs others.
    for (const page of pages) {
      await expect.poll(() => page.locator('.sentence').textContent()).toContain(sentence);
      expect(await page.getByRole('button', { name: /training/ }).count()).toBe(0);
    }
    expect(await rounds()).toMatchObject(
      isDone ? { state: 'done' } : { state: 'exhausted', usedUp: 3, waiting: 0, totalRounds: 2 },
    );
    expect((await rounds()).rounds).toHaveLength(1);
    // Another visit of the same browser ends before it has asked for anything.
    const [again] = pages;
    await again!.reload();
    await expect.poll(() => again!.getByText('This browser contributes to one round.').textContent()).toMatch(words);
    await again!.getByRole('button', { name: 'Start training' }).click();
    await expect
      .poll(() => again!.locator('.sentence').textContent())
      .toContain('has contributed as often as the study');
    await Promise.all(pages.map((page) => page.context().close()));
  },
);
