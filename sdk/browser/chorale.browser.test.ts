import type { SurveyResults, TrainingRounds } from '@chorale/protocol';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../e2e/browsers.ts';
import { TestCoordinator } from '../../e2e/coordinator.ts';
import { pulseAnswers, pulseManifest } from '../src/testing/pulse-study.ts';
import { trainingManifest, trainingRecords } from '../src/testing/training-study.ts';
import './device/page.ts';
import { serveBuild, type ServedBuild } from './served-build.ts';

const pulse = pulseManifest({ epsilon: 5 });
const costly = pulseManifest({ id: 'costly', epsilon: 12.5 });
const noised = trainingManifest({ cohort: 2 });
const plain = trainingManifest({ id: 'plain', updateNoiseMultiplier: 0, evaluationNoiseMultiplier: 0 });
const employee = trainingManifest({ id: 'own', clients: 'employee', rounds: 1 });
const loud = trainingManifest({ id: 'loud', updateNoiseMultiplier: 0.5 });

let build: ServedBuild;
let browser: Browser;
let coordinator: TestCoordinator;
let context: BrowserContext;
beforeAll(async () => {
  build = await serveBuild({ root: new URL('device', import.meta.url).pathname, origins: [{}] });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await build?.close();
});
beforeEach(async () => {
  coordinator = await TestCoordinator.start([pulse, costly, noised, plain, employee, loud]);
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await coordinator.stop();
});

async function openTab(
  study = pulse.id,
  options: { manifest?: string; maxEpsilon?: number; name?: string; in?: BrowserContext } = {},
): Promise<Page> {
  const { name = 'Ada', in: device = context, ...rest } = options;
  const [token] = await coordinator.invite(study, [{ name, group: 'blue' }]);
  const page = await device.newPage();
  await page.goto(build.origins[0]!);
  const open = { coordinator: coordinator.url, study, token: token!, ...rest };
  expect(await page.evaluate((o) => globalThis.device.chorale.open(o), open)).toBeNull();
  return page;
}

async function voices(study = pulse.id): Promise<number> {
  return (await coordinator.get<SurveyResults>(`/api/v1/studies/${study}/results`)).voices;
}

const answer = (page: Page, answers = pulseAnswers): Promise<object> =>
  page.evaluate((a) => globalThis.device.chorale.answer(a), answers);
const state = (page: Page) => page.evaluate(() => globalThis.device.chorale.state());

/** A device of its own with rows to train on. */
async function site(name: string, study: string): Promise<Page> {
  const page = await openTab(study, { name, in: await browser.newContext() });
  const { inputs, labels, rows } = trainingRecords(noised);
  await page.evaluate((r) => globalThis.device.chorale.putRecords(r), {
    inputs: [...inputs],
    labels: [...labels],
    rows,
  });
  return page;
}

describe('an employee’s device', () => {
  test('[S7] answers once: a later visit has the receipt, and other answers are refused', async () => {
    const tab = await openTab();
    const receipt = await answer(tab);
    expect(receipt).toMatchObject({ study: 'pulse', reportHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const later = await openTab();
    expect(await answer(later)).toEqual(receipt);
    expect(await answer(later, { ...pulseAnswers, stay: 1 })).toMatchObject({ code: 'ALREADY_ANSWERED' });
    expect(await voices()).toBe(1);
    const { sent, entries, balances, pending, saved } = await state(later);
    expect({ pending, entries, saved }).toEqual({ pending: false, entries: 1, saved: pulseAnswers });
    expect(sent?.map((row) => row.state).toSorted()).toEqual(['not-drawn', 'not-drawn', 'not-drawn', 'sent', 'sent']);
    expect(balances.find((b) => b.privacyUnit === 'employee')?.spent).toBeCloseTo(5, 6);
  });

  test('[S8] two tabs that answer at once send one report', async () => {
    const tabs = await Promise.all([openTab(), openTab()]);
    const [first, second] = await Promise.all(tabs.map((tab) => answer(tab)));
    expect(first).toHaveProperty('reportHash');
    expect(second).toEqual(first);
    expect(await voices()).toBe(1);
    expect((await state(tabs[0])).entries).toBe(1);
  });

  test('[S8] the same invitation on another device is refused, and its own report stays pending nowhere', async () => {
    await answer(await openTab());
    const other = await browser.newContext();
    const tab = await openTab(pulse.id, { in: other });
    expect(await answer(tab, { ...pulseAnswers, rest: true, stay: 1 })).toMatchObject({ code: 'REPORT_CONFLICT' });
    expect(await state(tab)).toMatchObject({ pending: false, receipt: null, entries: 1 });
    await other.close();
  });

  test('[S10] a report that met a killed coordinator is delivered when it is back', async () => {
    const tab = await openTab();
    await coordinator.kill();
    await tab.evaluate((a) => globalThis.device.chorale.startAnswer(a), pulseAnswers);
    await tab.evaluate(() => globalThis.device.chorale.event('progress', 'retrying'));
    expect(await state(tab)).toMatchObject({ pending: true, entries: 1 });
    await coordinator.restart();
    expect(await tab.evaluate(() => globalThis.device.chorale.answered())).toHaveProperty('reportHash');
    expect(await voices()).toBe(1);
  });

  test('[S7] a report whose tab was closed before it was delivered is sent at the next visit, unchanged', async () => {
    const tab = await openTab();
    await coordinator.kill();
    await tab.evaluate((a) => globalThis.device.chorale.startAnswer(a), pulseAnswers);
    await tab.evaluate(() => globalThis.device.chorale.event('progress', 'retrying'));
    const before = await state(tab);
    await tab.close();
    await coordinator.restart();
    const next = await openTab();
    await next.evaluate(() => globalThis.device.chorale.event('sent'));
    const after = await state(next);
    expect(after).toMatchObject({ pending: false, entries: 1, sent: before.sent });
    expect(await voices()).toBe(1);
    expect(await answer(next)).toEqual(after.receipt);
  });

  test('[S11] takes its report back while the coordinator restarts, once, and keeps the charge', async () => {
    const tab = await openTab();
    const withdraw = () => tab.evaluate(() => globalThis.device.chorale.withdraw());
    const file = () => tab.evaluate(() => globalThis.device.chorale.receiptFile());
    expect([await file(), await withdraw()]).toMatchObject([null, { code: 'RECEIPT_INVALID' }]);
    const receipt = await answer(tab);
    expect(await file()).toMatchObject({
      ...receipt,
      withdrawal: 'possible',
      secret: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(await voices()).toBe(1);
    await coordinator.kill();
    const withdrawn = withdraw();
    await coordinator.restart();
    expect(await withdrawn).toEqual({ outcome: 'withdrawn' });
    expect(await withdraw()).toEqual({ outcome: 'withdrawn' });
    expect(await voices()).toBe(0);
    expect(await state(tab)).toMatchObject({ entries: 1, receipt: { withdrawal: 'withdrawn' } });
    // The invitation stays used, whatever else is forgotten.
    await tab.evaluate(() => globalThis.device.chorale.erase());
    expect(await withdraw()).toEqual({ outcome: 'withdrawn' });
    expect(await answer(tab)).toMatchObject({ code: 'ALREADY_ANSWERED' });
    const elsewhere = await openTab(pulse.id, { in: await browser.newContext() });
    expect(await answer(elsewhere)).toMatchObject({ code: 'REPORT_WITHDRAWN' });
    await elsewhere.context().close();
  });

  test('a tab that waits for its coordinator holds no lock, and another can erase what waits', async () => {
    const tab = await openTab();
    const other = await openTab();
    await coordinator.kill();
    await tab.evaluate((a) => globalThis.device.chorale.startAnswer(a), pulseAnswers);
    await tab.evaluate(() => globalThis.device.chorale.event('progress', 'retrying'));
    await other.evaluate(() => globalThis.device.chorale.erase());
    expect(await state(other)).toMatchObject({ pending: false, sent: null, saved: null, entries: 1 });
    await coordinator.restart();
    expect(await tab.evaluate(() => globalThis.device.chorale.answered())).toMatchObject({ code: 'ALREADY_ANSWERED' });
    expect(await voices()).toBe(0);
    expect(await tab.evaluate(() => globalThis.device.chorale.heldLocks())).toEqual([]);
  });

  test('put away while it answers, it lets go, and finishes when it is back', async () => {
    const tab = await openTab();
    await coordinator.kill();
    await tab.evaluate((a) => globalThis.device.chorale.startAnswer(a), pulseAnswers);
    await tab.evaluate(() => globalThis.device.chorale.event('progress', 'stored'));
    await tab.evaluate(() => globalThis.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await coordinator.restart();
    const other = await openTab();
    await other.evaluate(() => globalThis.device.chorale.event('sent'));
    await tab.evaluate(() => globalThis.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    expect(await tab.evaluate(() => globalThis.device.chorale.answered())).toEqual((await state(other)).receipt);
    expect(await voices()).toBe(1);
  });

  test('[B1] over the page’s limit, or the SDK’s, nothing is sent', async () => {
    const careful = await openTab(pulse.id, { maxEpsilon: 4 });
    expect(await answer(careful)).toMatchObject({ code: 'BUDGET_EXCEEDED' });
    const careless = await openTab(costly.id, { maxEpsilon: 100 });
    expect(await answer(careless)).toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: expect.stringContaining('limit of this device is 8') as string,
    });
    expect([await voices(), await voices(costly.id), (await state(careless)).entries]).toEqual([0, 0, 0]);
  });

  test('[S1] a study other than the pinned one, or none, is not opened', async () => {
    const tab = await openTab();
    const hash = await tab.evaluate(() => globalThis.device.chorale.hash());
    await openTab(pulse.id, { manifest: hash });
    const open = (options: { study: string; manifest?: string }): Promise<object | null> =>
      tab.evaluate((o) => globalThis.device.chorale.open(o), { coordinator: coordinator.url, token: 'x', ...options });
    expect(await open({ study: costly.id, manifest: hash })).toMatchObject({ code: 'MANIFEST_MISMATCH' });
    expect(await open({ study: 'nothing' })).toMatchObject({ code: 'STUDY_UNKNOWN' });
  });
});

describe('a browser that cannot protect answers', () => {
  test.each([
    [
      'no WebCrypto, as on an insecure origin',
      'INSECURE_CONTEXT',
      () => Object.defineProperty(crypto, 'subtle', { value: undefined }),
    ],
    [
      'no random numbers',
      'SECURE_RANDOM_UNAVAILABLE',
      () => Object.defineProperty(crypto, 'getRandomValues', { value: undefined }),
    ],
    [
      'random numbers that are none',
      'SECURE_RANDOM_UNAVAILABLE',
      () => Object.defineProperty(crypto, 'getRandomValues', { value: (words: unknown) => words }),
    ],
    ['no storage', 'STORAGE_UNAVAILABLE', () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined })],
  ])('[B5] with %s, opening fails with %s', async (_, code, cripple) => {
    const page = await context.newPage();
    await page.addInitScript(cripple);
    await page.goto(build.origins[0]!);
    const open = { coordinator: coordinator.url, study: pulse.id, token: 'x' };
    expect(await page.evaluate((o) => globalThis.device.chorale.open(o), open)).toMatchObject({ code });
  });
});

describe('a device that trains', () => {
  test('[B2] takes part in all rounds with others and is charged for each', async () => {
    const sites = await Promise.all([site('north', noised.id), site('south', noised.id)]);
    const runs = await Promise.all(sites.map((page) => page.evaluate(() => globalThis.device.chorale.train())));
    for (const { events, failure } of runs) {
      expect(failure).toBeNull();
      expect(events.filter(({ type }) => type === 'update-sent')).toHaveLength(2);
      expect(events.filter(({ type }) => type === 'evaluated')).toHaveLength(1);
      expect(events.filter(({ type }) => type === 'round-ended')).toHaveLength(3);
      expect(events.at(-1)).toEqual({ type: 'done', committedRounds: 2 });
    }
    const { balances, entries } = await state(sites[0]);
    expect(entries).toBe(3);
    for (const { spent } of balances) expect(spent).toBeGreaterThan(0);
    for (const page of sites) await page.context().close();
  });

  test('[B1] declines what it cannot afford and ends', async () => {
    const page = await site('north', loud.id);
    const { events, failure } = await page.evaluate(() => globalThis.device.chorale.train());
    expect(failure).toBeNull();
    expect(events.at(-1)).toMatchObject({ type: 'ended', code: 'BUDGET_EXCEEDED' });
    expect((await state(page)).entries).toBe(0);
    await page.context().close();
  });

  test('[S3] sends nothing without noise unless its page asks for it', async () => {
    const page = await site('north', plain.id);
    const refused = await page.evaluate(() => globalThis.device.chorale.train());
    expect(refused).toMatchObject({ events: [], failure: { code: 'NOISELESS_REFUSED' } });
    const { events } = await page.evaluate(() => globalThis.device.chorale.train({ noiseless: true }));
    expect(events.at(-1)).toEqual({ type: 'done', committedRounds: 2 });
    expect((await state(page)).entries).toBe(0);
    await page.context().close();
  });

  test('an employee’s row is their saved answers', async () => {
    const page = await openTab(employee.id);
    const nothing = await page.evaluate(() => globalThis.device.chorale.train());
    expect(nothing.failure).toMatchObject({ code: 'TRAINING_DATA_INVALID' });
    await page.evaluate(() => globalThis.device.chorale.save({ age: 33, overtime: true, leaves: false }));
    const { events, failure } = await page.evaluate(() => globalThis.device.chorale.train({ until: 'update-sent' }));
    expect(failure).toBeNull();
    expect(events.at(-1)).toMatchObject({ type: 'update-sent', round: 1 });
  });

  test('one tab of a device trains; another gets its turn when that ends', async () => {
    const first = await site('north', noised.id);
    const second = await openTab(noised.id, { name: 'north', in: first.context() });
    await first.evaluate(() => globalThis.device.chorale.startTraining());
    await first.evaluate(() => globalThis.device.chorale.event('training', 'waiting for cohort'));
    // Gives up in the moment of asking.
    expect(await second.evaluate(() => globalThis.device.chorale.train({ until: 'waiting' }))).toMatchObject({
      failure: null,
    });
    await second.evaluate(() => globalThis.device.chorale.startTraining());
    await second.evaluate(() => globalThis.device.chorale.event('training', 'waiting for turn'));
    await second.waitForFunction(async () => (await navigator.locks.query()).pending?.length === 1);
    await first.evaluate(() => globalThis.device.chorale.close());
    await second.evaluate(() => globalThis.device.chorale.event('training', 'waiting for cohort'));
    await first.context().close();
  });

  test('a tab that is put away gives up its seat, and takes it again when it is back', async () => {
    const page = await site('north', noised.id);
    const waiting = async (): Promise<number> =>
      (await coordinator.get<TrainingRounds>(`/api/v1/studies/${noised.id}/rounds`)).waiting;
    await page.evaluate(() => globalThis.device.chorale.startTraining());
    await page.evaluate(() => globalThis.device.chorale.event('training', 'waiting for cohort'));
    expect(await waiting()).toBe(1);
    await page.evaluate(() => globalThis.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await expect.poll(waiting).toBe(0);
    await page.waitForFunction(async () => (await navigator.locks.query()).held?.length === 0);
    await page.evaluate(() => globalThis.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await expect.poll(waiting).toBe(1);
    await page.context().close();
  });
});
