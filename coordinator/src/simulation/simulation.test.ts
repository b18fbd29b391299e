import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SimulationRandom } from './random.ts';
import { simulateInThreads } from './simulate-in-threads.ts';
import { openSimulationStore } from './simulation-store.ts';
import { ALL_FAULTS } from './faults.ts';
import { simulateBriefly } from './testing/simulate-briefly.ts';

// Some hundred milliseconds of work a thousand rounds, on machines that may have much else to do.
vi.setConfig({ testTimeout: 180_000 });

it.each(['cohort', 'asynchronous'] as const)(
  '1,500 rounds (%s) with all faults break no rule, and every kind of fault is among them',
  async (mode) => {
    const result = await simulateBriefly({ rounds: 1500, studies: 64, clients: 10, seed: 20_261_102, mode });
    expect(result.found).toEqual([]);
    expect(result).toMatchObject({ rounds: 1500, violations: 0 });
    // Power: what is not tried cannot be found.
    expect(result.committed).toBeGreaterThan(750);
    // A buffer is abandoned only where it could not be stored.
    expect(result.abandoned).toBeGreaterThan(mode === 'cohort' ? 150 : 50);
    expect(result.storeFailures).toBeGreaterThan(75);
    for (const phase of ['starting', 'waiting', 'opening', 'reporting', 'storing']) {
      // Most rounds of one cohort are opened while the end of the one before is stored.
      expect(result.restartsDuring[phase], phase).toBeGreaterThan(phase === 'opening' ? 1 : 5);
    }
    const answers = ['duplicate', 'declined', 'UPDATE_DUPLICATE', 'UPDATE_SHAPE', 'UPDATE_OVER_NORM', 'NOT_IN_COHORT'];
    if (mode === 'asynchronous') answers.push('UNAVAILABLE');
    for (const answer of [...answers, 'ROUND_CLOSED']) expect(result.answers[answer], answer).toBeGreaterThan(20);
  },
);

it('[R13] seed 3: a commit that the store did after it had failed is not contradicted by what clients were told', async () => {
  const without = ALL_FAULTS.filter((fault) => fault !== 'late-writes');
  const result = await simulateBriefly({ rounds: 600, studies: 40, clients: 20, seed: 3, without });
  expect(result.found).toEqual([]);
  expect(result.storeFailures).toBeGreaterThan(10);
});

it('without faults and dropouts every round is committed', async () => {
  const result = await simulateBriefly({ faults: new Set(), dropout: 0, mode: 'cohort' });
  expect(result).toMatchObject({ rounds: 200, committed: 200, abandoned: 0, violations: 0, restarts: 0 });
});

it('most clients may drop out: rounds end and nothing hangs', async () => {
  const result = await simulateBriefly({ dropout: 0.8, clients: 12, mode: 'cohort' });
  expect(result).toMatchObject({ rounds: 200, violations: 0 });
  expect(result.committed).toBeGreaterThan(5);
  expect(result.abandoned).toBeGreaterThan(50);
});

it('more clients than there are seats are sent away and come back', async () => {
  const result = await simulateBriefly({ clients: 130, rounds: 24, studies: 4, seed: 4, mode: 'cohort' });
  expect(result).toMatchObject({ rounds: 24, violations: 0 });
  expect(result.sentAway).toBeGreaterThan(0);
});

it('the same seed does the same, alone and beside others, however long the store really takes', async () => {
  const all = await simulateBriefly({ rounds: 160, seed: 7 });
  expect((await simulateBriefly({ rounds: 160, seed: 7 })).laneFingerprints).toEqual(all.laneFingerprints);
  const alone = await simulateBriefly({ rounds: 160, seed: 7, lane: 3 });
  expect(alone.laneFingerprints).toEqual({ 3: all.laneFingerprints[3] });
  const threads = { clients: 8, rounds: 160, dropout: 0.1, seed: 7, studies: 8, mode: 'both', place: {} } as const;
  const inThreads = await simulateInThreads({ ...threads, faults: new Set(ALL_FAULTS) }, { threads: 3 });
  expect(inThreads).toEqual(all);
  const slow = await simulateBriefly({ rounds: 160, seed: 7, lane: 3, store: await slowStore() });
  expect(slow.laneFingerprints).toEqual(alone.laneFingerprints);
  const other = await simulateBriefly({ rounds: 160, seed: 8 });
  expect(other.fingerprint).not.toBe(all.fingerprint);
});

it('[R6] seed 2026: a clock that is set back while lost clients are awaited does not move the deadline', async () => {
  const large = { clients: 10, rounds: 100_000, studies: 64 };
  const result = await simulateBriefly({ mode: 'cohort', ...large, seed: 2026, lane: 60 });
  expect(result.found).toEqual([]);
});

it('[R11] seed 9: a clock that is set back does not keep clients waiting for the end of a task', async () => {
  const result = await simulateBriefly({ clients: 10, rounds: 6000, studies: 64, seed: 9, lane: 56 });
  expect(result.found).toEqual([]);
});

it('[R9] seed 2034: a clock that is set back in the millisecond in which a rest begins may prolong that rest', async () => {
  const result = await simulateBriefly({
    mode: 'asynchronous',
    clients: 10,
    rounds: 3000,
    studies: 64,
    seed: 2034,
    lane: 3,
  });
  expect(result.found).toEqual([]);
});

it('[R3] seed 2026: what a buffer holds is no repeat of an update to the round in which it was opened', async () => {
  const large = { clients: 10, rounds: 100_000, studies: 64 };
  const result = await simulateBriefly({ mode: 'asynchronous', ...large, seed: 2026, lane: 30 });
  expect(result.found).toEqual([]);
});

it('[R18] seed 1: who declines an earlier round in asynchronous training is not counted as late', async () => {
  const result = await simulateBriefly({ mode: 'asynchronous', clients: 10, rounds: 1000, studies: 50, lane: 1 });
  expect(result.found).toEqual([]);
});

/** A real store whose answers are held back for a while, each for another one. */
async function slowStore(): ReturnType<typeof openSimulationStore> extends Promise<{ store: infer S }>
  ? Promise<S>
  : never {
  const { store, close } = await openSimulationStore({});
  onTestFinished(close);
  const random = new SimulationRandom(1);
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const answer: unknown = await Reflect.apply(value, target, args);
        if (random.chance(0.5)) await pause(random.integer(1, 8));
        return answer;
      };
    },
  });
}
