import { type Aggregation as Rule, encodeIntegers, GRID_STEPS, packIntegers, updateFormat } from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { siteTask } from '../testing/study.ts';
import { type Aggregate, createAggregation } from './aggregation.ts';

/** Any update of three parameters within the norm that `siteTask` allows, which is 18 clipping norms. */
const update = fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: -650_000, max: 650_000 })));
const updates = fc.array(update, { minLength: 3, maxLength: 20 });

const RULES: Rule[] = [
  { rule: 'mean' },
  { rule: 'coordinate-median' },
  { rule: 'trimmed-mean', trimmedShare: 0.07 },
  { rule: 'trimmed-mean', trimmedShare: 0.3 },
  { rule: 'norm-bounded-mean', normBound: 1.5 },
];

async function aggregate(
  rule: Rule,
  vectors: readonly (readonly number[])[],
  weight: (i: number) => number = () => 1,
): Promise<Aggregate> {
  const aggregation = createAggregation(taskOf(rule, vectors.length), 'train');
  vectors.forEach((vector, i) => {
    const bytes = encodeIntegers(Int32Array.from(vector));
    aggregation.add({ participant: `p${i}`, bytes, weight: weight(i) });
    // A message's memory may be used again.
    bytes.fill(255);
  });
  return aggregation.release({ quorum: vectors.length });
}

function taskOf(aggregation: Rule, size: number) {
  return siteTask({ aggregation, cohort: { size, quorum: 3, selectionTimeoutMs: 1, deadlineMs: 1 } });
}

const norm = (vector: readonly number[]): number => Math.hypot(...vector);
const minus = (a: Float64Array, b: Float64Array): number[] => Array.from(a, (value, i) => value - b[i]!);
const column = (vectors: readonly (readonly number[])[], axis: number): bigint[] =>
  vectors.map((vector) => BigInt(vector[axis]!)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** How many a trimmed mean leaves out at each end, counted in hundredths. */
function trimmedOf(rule: Rule, count: number): number {
  if (rule.rule !== 'trimmed-mean') return Math.floor((count - 1) / 2);
  let omitted = 0;
  while (100 * omitted < Math.round(rule.trimmedShare * 100) * count && 2 * (omitted + 1) < count) omitted += 1;
  return omitted;
}

describe('createAggregation', () => {
  it.each(RULES)('[R16] the order of arrival cannot show in the result: %j', async (rule) => {
    const shuffled = updates.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([list, other]) => {
        expect(await aggregate(rule, other)).toEqual(await aggregate(rule, list));
      }),
    );
  });

  it('[R16] a mean is the exact weighted sum over the total weight', async () => {
    const weighted = fc.array(fc.tuple(update, fc.integer({ min: 1, max: 1000 })), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(weighted, async (list) => {
        const vectors = list.map(([vector]) => vector);
        const result = await aggregate({ rule: 'mean' }, vectors, (i) => list[i]![1]);
        const exact = [0, 1, 2].map((axis) =>
          list.reduce((sum, [vector, weight]) => sum + BigInt(vector[axis]!) * BigInt(weight), 0n),
        );
        expect(Array.from(result.sum, BigInt)).toEqual(exact);
        expect(result.totalWeight).toBe(list.reduce((sum, [, weight]) => sum + weight, 0));
        expect(result.contributions).toBe(list.length);
        expect(result.sensitivity).toBe(2 * GRID_STEPS * Math.max(...list.map(([, weight]) => weight)));
      }),
    );
  });

  it('[A2] a median is the middle value, or the exact mean of the middle two', async () => {
    await fc.assert(
      fc.asyncProperty(updates, async (list) => {
        const { sum, totalWeight } = await aggregate({ rule: 'coordinate-median' }, list);
        const n = list.length;
        for (const axis of [0, 1, 2]) {
          const sorted = column(list, axis);
          // Twice the median, which is an integer.
          const twice = n % 2 === 1 ? 2n * sorted[(n - 1) / 2]! : sorted[n / 2 - 1]! + sorted[n / 2]!;
          expect(BigInt(sum[axis]!) * 2n).toBe(twice * BigInt(totalWeight));
        }
      }),
    );
  });

  it('[A2] a trimmed mean is the exact sum of what stays, over how many stay', async () => {
    const shares = fc.integer({ min: 1, max: 49 }).map((percent) => percent / 100);
    await fc.assert(
      fc.asyncProperty(updates, shares, async (list, trimmedShare) => {
        const rule: Rule = { rule: 'trimmed-mean', trimmedShare };
        const { sum, totalWeight } = await aggregate(rule, list);
        const omitted = trimmedOf(rule, list.length);
        expect(omitted).toBeGreaterThan(0);
        expect(totalWeight).toBe(list.length - 2 * omitted);
        const exact = [0, 1, 2].map((axis) =>
          column(list, axis)
            .slice(omitted, list.length - omitted)
            .reduce((total, value) => total + value, 0n),
        );
        expect(Array.from(sum, BigInt)).toEqual(exact);
      }),
    );
  });

  it.each(RULES.slice(1, 4))(
    '[A2] one client moves a result no further than the values beside it: %j',
    async (rule) => {
      const bound = Math.floor(updateNormBound(siteTask()));
      const hostile = fc.oneof(
        update,
        fc.constantFrom(
          ...[0, 1, 2].flatMap((axis) => [bound, -bound].map((far) => [0, 1, 2].map((a) => (a === axis ? far : 0)))),
        ),
      );
      await fc.assert(
        fc.asyncProperty(updates, hostile, async (honest, one) => {
          const { sum } = await aggregate(rule, [...honest, one]);
          const n = honest.length + 1;
          const omitted = trimmedOf(rule, n);
          for (const axis of [0, 1, 2]) {
            const values = column(honest, axis);
            const total = (from: number): bigint =>
              values.slice(from, from + n - 2 * omitted).reduce((s, x) => s + x, 0n);
            expect(BigInt(sum[axis]!)).toBeGreaterThanOrEqual(total(omitted - 1));
            expect(BigInt(sum[axis]!)).toBeLessThanOrEqual(total(omitted));
          }
        }),
      );
    },
  );

  it.each(RULES)('[A2] replacing one update moves the sum by its sensitivity at most: %j', async (rule) => {
    // Two updates of the clipping norm, under the same noise.
    const direction = update.filter((vector) => norm(vector) > 0);
    const clipped = direction.map((vector) => vector.map((x) => Math.trunc((x / norm(vector)) * GRID_STEPS)));
    await fc.assert(
      fc.asyncProperty(updates, clipped, clipped, async ([noise, ...others], one, other) => {
        const noised = (vector: number[]): number[] => vector.map((x, i) => x + noise![i]!);
        const before = await aggregate(rule, [...others, noised(one)]);
        const after = await aggregate(rule, [...others, noised(other)]);
        expect(norm(minus(after.sum, before.sum))).toBeLessThanOrEqual(before.sensitivity);
      }),
    );
  });

  it('[P2] updates of fewer bits are added up on the grid of all others, and known again', async () => {
    const task = siteTask({
      bitsPerParameter: 8,
      privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
    });
    const aggregation = createAggregation(task, 'train');
    const { unit } = updateFormat(task);
    const packed = (...multiples: number[]): Uint8Array =>
      packIntegers(
        Int32Array.from(multiples, (x) => x * unit),
        updateFormat(task),
      );
    aggregation.add({ participant: 'p', bytes: packed(1, -2, 100), weight: 1 });
    aggregation.add({ participant: 'q', bytes: packed(0, 5, -3), weight: 7 });
    expect(aggregation.holds('p', packed(1, -2, 100))).toBe(true);
    expect(aggregation.holds('p', packed(1, -2, 101))).toBe(false);
    expect(() => aggregation.add({ participant: 'r', bytes: packed(127, 127, 127), weight: 1 })).toThrow(
      expect.objectContaining({ code: 'UPDATE_OVER_NORM' }),
    );
    expect(() => aggregation.add({ participant: 'r', bytes: new Uint8Array(12), weight: 1 })).toThrow(
      expect.objectContaining({ code: 'UPDATE_SHAPE' }),
    );
    const { sum } = await aggregation.release({ quorum: 2 });
    expect(Array.from(sum)).toEqual([1, 33, 79].map((x) => x * unit));
    expect(aggregation.holds('q', packed(0, 5, -3))).toBe(true);
  });

  it.each(RULES)('[P2] the bits of a parameter cannot show in the result: %j', async (rule) => {
    const packed = (size: number) => ({ ...taskOf(rule, size), bitsPerParameter: 8 as const });
    const format = updateFormat(packed(3));
    const multiples = fc.tuple(...Array.from({ length: 3 }, () => fc.integer({ min: -73, max: 73 })));
    expect(73 * format.unit * Math.sqrt(3)).toBeLessThan(updateNormBound(packed(3)));
    await fc.assert(
      fc.asyncProperty(fc.array(multiples, { minLength: 3, maxLength: 20 }), async (list) => {
        const vectors = list.map((vector) => vector.map((multiple) => multiple * format.unit));
        const aggregation = createAggregation(packed(list.length), 'train');
        vectors.forEach((vector, i) => {
          const bytes = packIntegers(Int32Array.from(vector), format);
          aggregation.add({ participant: `p${i}`, bytes, weight: 1 });
        });
        expect(await aggregation.release({ quorum: list.length })).toEqual(await aggregate(rule, vectors));
      }),
    );
  });

  it('[A3] a norm bound is in clipping norms', async () => {
    const rule: Rule = { rule: 'norm-bounded-mean', normBound: 1.5 };
    const within = [-1.5 * GRID_STEPS, 0, 0];
    const beyond = [0, 3 * GRID_STEPS, 0];
    const { sum, totalWeight } = await aggregate(rule, [within, beyond]);
    expect(Array.from(sum)).toEqual([-1.5 * GRID_STEPS, expect.any(Number), 0]);
    expect(sum[1]).toBeLessThanOrEqual(1.5 * GRID_STEPS);
    expect(sum[1]).toBeGreaterThan(1.5 * GRID_STEPS - 2);
    expect(totalWeight).toBe(2);
  });

  it('[A1] evaluations are plain sums under every rule', async () => {
    for (const rule of RULES) {
      const aggregation = createAggregation(taskOf(rule, 3), 'evaluate');
      [1, 2, 900_000].forEach((count, i) => {
        const bytes = encodeIntegers(new Int32Array(20).fill(count));
        aggregation.add({ participant: `p${i}`, bytes, weight: 1 });
      });
      const { sum, totalWeight } = await aggregation.release({ quorum: 3 });
      expect(sum).toEqual(new Float64Array(20).fill(900_003));
      expect(totalWeight).toBe(3);
    }
  });

  it('[A4] only a mean of updates has weights', () => {
    const bytes = encodeIntegers(new Int32Array(3));
    for (const rule of RULES.slice(1)) {
      const aggregation = createAggregation(taskOf(rule, 3), 'train');
      expect(() => aggregation.add({ participant: 'p', bytes, weight: 2 })).toThrow(
        'weight must be an integer from 1 to 1',
      );
      expect(aggregation.contributions).toBe(0);
    }
    const evaluation = createAggregation(taskOf({ rule: 'mean' }, 3), 'evaluate');
    const histogram = encodeIntegers(new Int32Array(20));
    expect(() => evaluation.add({ participant: 'p', bytes: histogram, weight: 2 })).toThrow('weight must be');
  });

  it('[P2] no bytes can put anything but bounded integers into a result', async () => {
    const floats = [Number.NaN, Infinity, -Infinity, 1e30, -1e30, 5e-324];
    const float32 = fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...floats)));
    const hostile = fc.oneof(
      float32.map((values) => new Uint8Array(Float32Array.from(values).buffer)),
      float32.map((values) => new Uint8Array(Float64Array.from(values).buffer)),
      fc.uint8Array({ minLength: 12, maxLength: 12 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...RULES), hostile, async (rule, bytes) => {
        const aggregation = createAggregation(taskOf(rule, 4), 'train');
        for (const participant of ['p', 'q', 'r']) {
          aggregation.add({ participant, bytes: encodeIntegers(Int32Array.of(1, 2, 3)), weight: 1 });
        }
        let refusal: unknown = null;
        try {
          aggregation.add({ participant: 'hostile', bytes, weight: 1 });
        } catch (error) {
          refusal = error;
        }
        if (refusal !== null)
          expect(['UPDATE_SHAPE', 'UPDATE_OVER_NORM']).toContain((refusal as { code: string }).code);
        const { sum } = await aggregation.release({ quorum: 3 });
        expect(sum.every(Number.isSafeInteger)).toBe(true);
        expect(norm([...sum])).toBeLessThanOrEqual(updateNormBound(siteTask()) + 4 * norm([1, 2, 3]));
      }),
    );
  });
});
