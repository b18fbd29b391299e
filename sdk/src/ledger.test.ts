import { accountSubsampledGaussian, informativeProbability } from '@chorale/privacy';
import { BudgetExceededError } from '@chorale/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ledger, MAX_EPSILON } from './ledger.ts';
import type { SpendRecord } from './storage/device-store.ts';
import { MemoryDeviceStore } from './storage/memory-store.ts';

const anyLoss = fc.oneof(
  fc.record({ mechanism: fc.constant('pure' as const), epsilon: fc.double({ min: 0.01, max: 3, noNaN: true }) }),
  fc.record({
    mechanism: fc.constant('ternary' as const),
    epsilon: fc.double({ min: 0.01, max: 3, noNaN: true }),
    informative: fc.double({ min: 0.01, max: 1, noNaN: true }),
    steps: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({
    mechanism: fc.constant('gaussian' as const),
    noiseMultiplier: fc.double({ min: 0.5, max: 50, noNaN: true }),
  }),
  fc.record({
    mechanism: fc.constant('subsampled-gaussian' as const),
    noiseMultiplier: fc.constantFrom(0.5, 2),
    samplingRate: fc.constantFrom(0.01, 0.2),
    steps: fc.integer({ min: 1, max: 50 }),
  }),
);
const spends = fc
  .array(fc.record({ loss: anyLoss, privacyUnit: fc.constantFrom('employee' as const, 'site' as const) }), {
    maxLength: 8,
  })
  .map((list) => list.map((parts, i) => spend(`${i}`, parts)));

function spend(reference: string, parts: Partial<SpendRecord> = {}): SpendRecord {
  return {
    study: 'pulse',
    title: 'Pulse',
    kind: 'update',
    reference,
    privacyUnit: 'employee',
    neighboringRelation: 'replace-one',
    loss: { mechanism: 'pure', epsilon: 1 },
    at: '2026-11-02T09:00:00.000Z',
    ...parts,
  };
}

async function storeWith(records: readonly SpendRecord[]): Promise<MemoryDeviceStore> {
  const store = new MemoryDeviceStore();
  const update = { study: 'pulse', round: 1, kind: 'train', update: new Uint8Array() } as const;
  await store.commitUpdate({ update, spends: [...records] });
  return store;
}

async function spentOf(records: readonly SpendRecord[]): Promise<Record<string, number>> {
  const balances = await new Ledger({ store: await storeWith(records) }).balances();
  return Object.fromEntries(balances.map(({ privacyUnit, spent }) => [privacyUnit, spent]));
}

const gaussian = (noiseMultiplier: number) => ({ mechanism: 'gaussian', noiseMultiplier }) as const;

async function spentOnEmployee(...records: SpendRecord[]): Promise<number> {
  return (await spentOf(records))['employee']!;
}

describe('the ledger', () => {
  test('[B4] an empty ledger has spent nothing', async () => {
    expect(await spentOf([])).toEqual({ employee: 0, site: 0 });
  });

  test('[B4] one pure report costs its epsilon, and pure charges at most add up', async () => {
    const cheap = spend('a', { loss: { mechanism: 'pure', epsilon: 1.25 } });
    expect((await spentOf([cheap]))['employee']).toBeCloseTo(1.25, 9);
    expect((await spentOf([cheap, spend('b')]))['employee']).toBeCloseTo(2.25, 9);
  });

  test('[B4] a year of weekly answers among five at epsilon 0.2 costs half of its sum', async () => {
    const q = 1 / (Math.exp(0.2) + 4);
    const informative = informativeProbability({ epsilon: 0.2, p: 1 - 4 * q, q });
    const loss = { mechanism: 'ternary', epsilon: 0.2, informative, steps: 1 } as const;
    const year = Array.from({ length: 52 }, (_, week) => spend(`${week}`, { loss }));
    const spent = await spentOnEmployee(...year);
    expect(spent).toBeLessThan(5.14);
    // Less is known only for studies that were all fixed in advance.
    expect(spent).toBeGreaterThan(4.5);
  });

  test('[B4] sampled steps of equal noise and rate compose as one run of them, whatever their number in an update', async () => {
    const sampled = (reference: string, steps: number, noiseMultiplier = 0.6): SpendRecord =>
      spend(reference, { loss: { mechanism: 'subsampled-gaussian', noiseMultiplier, samplingRate: 0.02, steps } });
    const all = { noiseMultiplier: 0.6, samplingRate: 0.02, steps: 150, delta: 5e-7 };
    const { epsilon } = accountSubsampledGaussian({ ...all, neighboringRelation: 'replace-one' });
    expect(await spentOnEmployee(sampled('a', 50), sampled('b', 100))).toBe(epsilon);
    expect(await spentOnEmployee(sampled('a', 50), sampled('b', 100), sampled('c', 1, 9))).toBeGreaterThan(epsilon);
    expect(await spentOnEmployee(sampled('a', 150), spend('b', { loss: gaussian(9) }))).toBeGreaterThan(epsilon);
  });

  test('[B4] of one set of rows that part counts which is worse together with all the rest', async () => {
    const part = (reference: string, which: 'training' | 'held-back', loss: SpendRecord['loss']): SpendRecord =>
      spend(reference, { loss, rows: { records: 'first', part: which } });
    const held = part('a', 'held-back', { mechanism: 'pure', epsilon: 1 });
    // By itself a little less than 1, but it leaves the rest no pure sum.
    const trained = part('b', 'training', gaussian(4.7));
    const rest = spend('c', { loss: { mechanism: 'pure', epsilon: 6 } });
    expect(await spentOnEmployee(trained)).toBeLessThan(await spentOnEmployee(held));
    expect(await spentOnEmployee(trained, rest)).toBeGreaterThan(await spentOnEmployee(held, rest));
    expect(await spentOnEmployee(trained, held, rest)).toBe(await spentOnEmployee(trained, rest));
  });

  test('[B4] of one set of rows the larger of training and evaluation counts, of two sets both', async () => {
    const training = spend('a', { loss: gaussian(2), rows: { records: 'first', part: 'training' } });
    const heldBack = spend('b', {
      loss: gaussian(1),
      kind: 'evaluation',
      rows: { records: 'first', part: 'held-back' },
    });
    const other = spend('c', { loss: gaussian(1), kind: 'evaluation', rows: { records: 'second', part: 'held-back' } });
    expect(await spentOnEmployee(training, heldBack)).toBe(await spentOnEmployee(heldBack));
    expect(await spentOnEmployee(training, other)).toBeGreaterThan(await spentOnEmployee(other));
    expect(await spentOnEmployee(training, heldBack, other)).toBe(await spentOnEmployee(heldBack, other));
  });

  test('[B1] what passes the check never exceeds the limit, and what exceeds it never passes', async () => {
    await fc.assert(
      fc.asyncProperty(
        spends,
        spends,
        fc.double({ min: 0.1, max: 20, noNaN: true }),
        async (before, asked, maxEpsilon) => {
          const fresh = asked.map((one) => ({ ...one, reference: `new ${one.reference}` }));
          const ledger = new Ledger({ store: await storeWith(before), maxEpsilon });
          const passed = await ledger.check(fresh).then(
            () => true,
            (error: unknown) => {
              expect(error).toBeInstanceOf(BudgetExceededError);
              return false;
            },
          );
          const after = await spentOf([...before, ...fresh]);
          const charged = new Set(fresh.map((one) => one.privacyUnit));
          expect(passed).toBe([...charged].every((unit) => after[unit]! <= Math.min(maxEpsilon, MAX_EPSILON)));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('[B1] more charges never cost less', async () => {
    await fc.assert(
      fc.asyncProperty(spends, async (records) => {
        const all = await spentOf(records);
        const fewer = await spentOf(records.slice(1));
        for (const unit of ['employee', 'site']) expect(all[unit]!).toBeGreaterThanOrEqual(fewer[unit]! - 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  test('[B1] a page can lower the limit and not raise it', async () => {
    const store = await storeWith([spend('a', { loss: { mechanism: 'pure', epsilon: 4 } })]);
    const five = [spend('b', { loss: { mechanism: 'pure', epsilon: 5 } })];
    await expect(new Ledger({ store, maxEpsilon: 1000 }).check(five)).rejects.toThrow(BudgetExceededError);
    await expect(new Ledger({ store, maxEpsilon: 4.5 }).check([spend('c')])).rejects.toThrow(BudgetExceededError);
    await new Ledger({ store, maxEpsilon: 5.5 }).check([spend('c')]);
  });

  test('[B1] the refusal names unit, spent, asked, sum and limit', async () => {
    const ledger = new Ledger({
      store: await storeWith([spend('a', { loss: { mechanism: 'pure', epsilon: 4 } })]),
      maxEpsilon: 4.5,
    });
    await expect(ledger.check([spend('b')])).rejects.toThrow(
      'employee: epsilon 4 was spent and 1 is asked, together 5; the limit of this device is 4.5 (delta 0.000001)',
    );
  });

  test('[B2] units have budgets of their own', async () => {
    const store = await storeWith([spend('a', { loss: { mechanism: 'pure', epsilon: 7.5 } })]);
    const ledger = new Ledger({ store });
    await ledger.check([spend('b', { privacyUnit: 'site' })]);
    await expect(ledger.check([spend('b', { privacyUnit: 'site' }), spend('b')])).rejects.toThrow(/^employee/);
  });

  test('[B1] what is charged already may be charged again at no cost', async () => {
    const one = spend('a', { loss: { mechanism: 'pure', epsilon: 7.5 } });
    await new Ledger({ store: await storeWith([one]) }).check([one]);
  });

  test.each([0, -1, Number.NaN])('a limit of %s is refused', (maxEpsilon) => {
    expect(() => new Ledger({ store: new MemoryDeviceStore(), maxEpsilon })).toThrow(RangeError);
  });
});
