import { seededRandom } from '@chorale/privacy/testing';
import { type Answers, ManifestMismatchError, parseReport, type Report } from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../ledger.ts';
import { sha256Hex } from '../sha256-hex.ts';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { type Study, studyOf } from '../study.ts';
import { pulseAnswers, pulseManifest } from '../testing/pulse-study.ts';
import { Respondent } from './respondent.ts';

const now = (): Date => new Date('2026-11-02T09:00:00Z');

async function device({
  seed = 1,
  maxEpsilon,
  store = new MemoryDeviceStore(),
  changes = {},
}: {
  seed?: number;
  maxEpsilon?: number;
  store?: MemoryDeviceStore;
  changes?: Parameters<typeof pulseManifest>[0];
} = {}): Promise<{
  store: MemoryDeviceStore;
  respondent: Respondent;
  study: Study;
  visit: (seed: number) => Respondent;
}> {
  const study = await cachedStudy({ epsilon: 5, ...changes });
  const visit = (from: number): Respondent =>
    new Respondent({ study, store, ledger: new Ledger({ store, maxEpsilon }), random: seededRandom(from), now });
  return { store, study, respondent: visit(seed), visit };
}

const studies = new Map<string, Promise<Study>>();
function cachedStudy(changes: Parameters<typeof pulseManifest>[0]): Promise<Study> {
  const key = JSON.stringify(changes);
  const study = studies.get(key) ?? studyOf(pulseManifest(changes));
  studies.set(key, study);
  return study;
}

function letters(text: string): Record<string, number> {
  const { answers } = JSON.parse(text) as Report;
  return Object.fromEntries(answers.map(({ question, letter }) => [question, letter]));
}

describe('a report', () => {
  test('[S4] answers as many questions as the device draws, and passes the coordinator’s own check', async () => {
    const { respondent, study } = await device();
    const { text } = await respondent.prepareReport(pulseAnswers);
    const { channels, manifest, hash } = study;
    expect(parseReport(text, { manifest, hash, channels: channels! }).answers).toHaveLength(2);
  });

  test('[S4] the draw depends on no answer, and every question is drawn in its turn', async () => {
    const drawn = new Map<string, number>();
    for (let seed = 1; seed <= 200; seed += 1) {
      const { respondent } = await device({ seed });
      const { respondent: other } = await device({ seed });
      const report = Object.keys(letters((await respondent.prepareReport(pulseAnswers)).text));
      expect(Object.keys(letters((await other.prepareReport({})).text))).toEqual(report);
      for (const id of report) drawn.set(id, (drawn.get(id) ?? 0) + 1);
    }
    // 200 draws of 2 out of 5: mean 80, stddev 7; z = 6.11.
    expect(drawn.size).toBe(5);
    for (const count of drawn.values()) expect(Math.abs(count - 80)).toBeLessThan(43);
  });

  test('[S7] is stored with its draw, noise and charge, and is the same at every later visit', async () => {
    const { store, respondent, visit } = await device();
    const report = await respondent.prepareReport(pulseAnswers);
    expect(await visit(2).prepareReport(pulseAnswers)).toEqual(report);
    expect((await store.draw('pulse'))?.questions).toHaveLength(2);
    const [{ kind, loss } = {}, ...others] = await store.spends();
    expect([kind, others]).toEqual(['report', []]);
    expect(loss).toMatchObject({ mechanism: 'ternary', epsilon: report.epsilon / 2, steps: 2 });
    expect(report.epsilon).toBeLessThanOrEqual(5);
    expect(report.epsilon).toBeGreaterThan(4.99);
  });

  test('[B1] is charged by the question that tells most, whichever were drawn', async () => {
    const withMean = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const { respondent, store } = await device({ seed });
      const report = await respondent.prepareReport(pulseAnswers);
      const { loss } = (await store.spends())[0]!;
      withMean.add(`${Object.keys(letters(report.text)).includes('salary')} ${JSON.stringify(loss)}`);
      // A mean may always tell, so one report costs its epsilon.
      expect(loss).toMatchObject({ mechanism: 'ternary', informative: 1, steps: 2 });
      const balances = await new Ledger({ store }).balances();
      expect(balances.find(({ privacyUnit }) => privacyUnit === 'employee')?.spent).toBeCloseTo(report.epsilon, 9);
    }
    // Both draws came up, and cost the same.
    expect(withMean.size).toBe(2);
    expect(new Set([...withMean].map((line) => line.split(' ')[1])).size).toBe(1);
  });

  test('[B1] of letters alone is charged by how often they tell one answer from another', async () => {
    const questions = pulseManifest().survey!.questions.filter(({ report }) => report !== 'mean');
    const study = await studyOf({ ...pulseManifest({ epsilon: 5 }), survey: { epsilon: 5, questions } });
    const store = new MemoryDeviceStore();
    const respondent = new Respondent({ study, store, ledger: new Ledger({ store }), random: seededRandom(1), now });
    const { salary: _, ...answers } = pulseAnswers;
    await respondent.prepareReport(answers);
    const { loss } = (await store.spends())[0]!;
    expect(loss).toMatchObject({ mechanism: 'ternary', steps: 2 });
    if (loss.mechanism === 'ternary') {
      expect(loss.informative).toBeGreaterThan(0.5);
      expect(loss.informative).toBeLessThan(1);
    }
  });

  test('[S7] a missing answer and "no answer" are the same answers; any other is refused', async () => {
    const { respondent, visit } = await device();
    await respondent.prepareReport(pulseAnswers);
    const { praise: _, ...same } = pulseAnswers;
    await visit(2).prepareReport(same);
    await expect(visit(2).prepareReport({ ...pulseAnswers, salary: 51_001 })).rejects.toMatchObject({
      code: 'ALREADY_ANSWERED',
    });
  });

  test('[B1] over the limit nothing is stored', async () => {
    const { store, respondent } = await device({ maxEpsilon: 4 });
    await expect(respondent.prepareReport(pulseAnswers)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
    expect([await store.report('pulse'), await store.draw('pulse'), await store.spends()]).toEqual([null, null, []]);
  });

  test('[B1] a second study is charged on top of the first', async () => {
    const { store, respondent } = await device();
    await respondent.prepareReport(pulseAnswers);
    const next = await device({ store, changes: { id: 'autumn' } });
    await expect(next.respondent.prepareReport(pulseAnswers)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' });
    const small = await device({ store, changes: { id: 'winter', epsilon: 2 } });
    await small.respondent.prepareReport(pulseAnswers);
    expect(await store.spends()).toHaveLength(2);
  });

  test('[S6] the same question asked in another study gets the same letter, for the same answer', async () => {
    const changed: string[] = [];
    let compared = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      // At epsilon .5 every letter is drawn almost evenly: fresh noise would show at once.
      const changes = { epsilon: 0.5 };
      const first = await device({ seed, changes });
      const before = letters((await first.respondent.prepareReport(pulseAnswers)).text);
      const again = await device({
        seed: seed + 100,
        store: first.store,
        changes: { ...changes, id: 'autumn', title: 'Autumn' },
      });
      const after = letters((await again.respondent.prepareReport(pulseAnswers)).text);
      for (const [id, letter] of Object.entries(after)) {
        if (!(id in before)) continue;
        compared += 1;
        if (before[id] !== letter) changed.push(id);
      }
    }
    expect(compared).toBeGreaterThan(5);
    expect(changed).toEqual([]);
  });

  test('[S1] made for another version of the study, it is refused', async () => {
    const { store, respondent } = await device();
    await respondent.prepareReport(pulseAnswers);
    const changed = await device({ store, changes: { title: 'Pulse, again' } });
    await expect(changed.respondent.prepareReport(pulseAnswers)).rejects.toThrow(ManifestMismatchError);
  });

  test('[S8] acknowledged and erased, it is not made again', async () => {
    const { store, respondent } = await device();
    const report = await respondent.prepareReport(pulseAnswers);
    await respondent.acknowledge(report, { duplicate: false });
    await store.erase('pulse');
    await expect(respondent.prepareReport(pulseAnswers)).rejects.toMatchObject({ code: 'ALREADY_ANSWERED' });
  });

  test('[S6] [B4] erased before it was acknowledged, the same answers give the same text, charged as a new release', async () => {
    const { store, respondent, visit } = await device({ changes: { epsilon: 3 } });
    const { text } = await respondent.prepareReport(pulseAnswers);
    await store.erase('pulse');
    expect((await visit(7).prepareReport(pulseAnswers)).text).toBe(text);
    expect(await store.spends()).toHaveLength(2);
  });

  test('[S11] has a secret of its own, which outlives an erasure before the report arrived', async () => {
    const { store, respondent, visit } = await device({ changes: { epsilon: 3 } });
    expect(await respondent.withdrawalHash()).toBe(undefined);
    await respondent.prepareReport(pulseAnswers);
    const hash = await respondent.withdrawalHash();
    await expect(respondent.secret()).rejects.toMatchObject({ code: 'RECEIPT_INVALID' });
    await store.erase('pulse');
    const report = await visit(7).prepareReport(pulseAnswers);
    expect(await respondent.withdrawalHash()).toBe(hash);
    expect(await respondent.acknowledge(report, { duplicate: false })).toMatchObject({ withdrawal: 'possible' });
    expect(await sha256Hex(await respondent.secret())).toBe(hash);
    const { respondent: other } = await device({ seed: 2 });
    await other.prepareReport(pulseAnswers);
    expect(await other.withdrawalHash()).not.toBe(hash);
    // Acknowledged once more, by another tab: what became of it stays.
    await respondent.settleWithdrawal('withdrawn');
    const { state } = (await respondent.report())!;
    if (state.state === 'acknowledged') await respondent.acknowledge((await respondent.report())!, state);
    expect(await store.receipt('pulse')).toMatchObject({ withdrawal: 'withdrawn' });
  });

  test.each<[string, Answers]>([
    ['out of range', { stay: 6 }],
    ['of the wrong type', { rest: 'yes' }],
    ['an unknown option', { place: 'moon' }],
    ['to a question that is not asked', { wage: 1 }],
  ])('[S5] an answer %s is refused before anything is drawn', async (_, answers) => {
    const { store, respondent } = await device();
    await expect(respondent.prepareReport(answers)).rejects.toMatchObject({ code: 'ANSWER_INVALID' });
    await expect(respondent.saveAnswers(answers)).rejects.toMatchObject({ code: 'ANSWER_INVALID' });
    expect([await store.answers('pulse'), await store.draw('pulse')]).toEqual([null, null]);
  });
});

describe('raw beside sent', () => {
  test('every question is there in words, the ones that stay included', async () => {
    const { respondent } = await device({ changes: { epsilon: 7.9 } });
    const { sent, text } = await respondent.prepareReport(pulseAnswers);
    expect(sent.map(({ question, raw }) => [question, raw])).toEqual([
      ['stay', 'Agree (5)'],
      ['rest', 'No'],
      ['place', 'In the office'],
      ['praise', 'No answer'],
      ['salary', '51000 EUR'],
    ]);
    const drawn = sent.filter((row) => row.state === 'sent');
    expect(drawn.map((row) => row.question)).toEqual(Object.keys(letters(text)));
    expect(sent.filter((row) => row.state === 'not-drawn')).toHaveLength(2);
  });
});
