import { beforeAll, describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { betaCdf } from '../numerics/beta-distribution.ts';
import type { RandomSource } from '../sampling/random.ts';
import { calibratePrivUnit } from './priv-unit-calibration.ts';
import { privUnit, type PrivUnit } from './priv-unit.ts';
import { candidateVector, normalLevels } from './seeded-candidates.ts';

const variants = ['privunit2', 'privunitG'] as const;
const total = 2n ** 64n;

/** A source that hands out these words, and these two for every 64-bit word. */
function scripted(words: readonly number[], word64: bigint): RandomSource & { wordsDrawn: number } {
  let position = 0;
  return {
    wordsDrawn: 0,
    nextUint32() {
      this.wordsDrawn += 1;
      return words[position++]!;
    },
    nextUint64() {
      this.wordsDrawn += 2;
      return word64;
    },
  };
}

/** The word of which a uniform integer in [0, bound) becomes this value: its highest bits. */
function wordFor(value: number, bound: number): number {
  return (value << Math.clz32(bound - 1)) >>> 0;
}

function randomDirection(length: number, random: RandomSource): Float64Array {
  // Sums of four uniform words are round enough for a direction.
  const draw = () => Array.from({ length: 4 }, () => random.nextUint32() / 2 ** 32 - 0.5).reduce((a, b) => a + b, 0);
  const vector = new Float64Array(length).map(draw);
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

/** All candidates of a seed, with the coordinate that decoding drops. */
function candidatesOf(mechanism: PrivUnit, seed: Uint32Array): Float64Array[] {
  const options = { seed, length: mechanism.dimension + 1, normalized: mechanism.mechanism === 'privunit2' };
  return Array.from({ length: mechanism.candidates }, (_, index) => candidateVector(index, options));
}

/** Which candidates form the cap of a vector: a second implementation, by sorting. */
function capOf(mechanism: PrivUnit, vector: Float64Array, vectors: readonly Float64Array[]): Set<number> {
  const rest = mechanism.clippingNorm ** 2 - vector.reduce((sum, value) => sum + value * value, 0);
  const direction = [...vector, Math.sqrt(Math.max(0, rest))];
  const scores = vectors.map((candidate) => candidate.reduce((sum, value, k) => sum + value * direction[k]!, 0));
  const order = scores.map((_, index) => index).toSorted((a, b) => scores[b]! - scores[a]!);
  return new Set(order.slice(0, mechanism.capSize));
}

describe('privUnit: what decides epsilon', () => {
  it.each(
    variants.flatMap((variant) =>
      [1e-6, 0.1, 0.5, 1, 2, 4, 8, 12, 20].map((epsilon) => ({ variant, epsilon, dimension: 40 })),
    ),
  )('its integer weights are $epsilon-private and waste next to nothing ($variant)', (parameters) => {
    const { epsilon } = parameters;
    const { capWeight, capSize, candidates, realizedEpsilon } = privUnit({ ...parameters, clippingNorm: 1 });
    const [m, rest] = [BigInt(capSize), BigInt(candidates - capSize)];
    // Over the common denominator 2^64 m (N - m), the weights of all N reports of a seed sum to one.
    const likely = capWeight * rest;
    const unlikely = (total - capWeight) * m;
    expect(m * likely + rest * unlikely).toBe(total * m * rest);
    // Recomputed with other bits than the code's own; one unit more would break the promise.
    const [lower, upper] = expFixedPoint(epsilon, 200);
    expect(likely << 200n <= lower * unlikely).toBe(true);
    expect(((capWeight + 1n) * rest) << 200n > upper * (total - capWeight - 1n) * m).toBe(true);
    expect(realizedEpsilon).toBeLessThanOrEqual(epsilon);
    expect(epsilon - realizedEpsilon).toBeLessThan(1e-12);
  });

  it.each(variants)(
    'any vector reaches every candidate, its cap and no other one with the larger weight: %s',
    (variant) => {
      const parameters = { dimension: 5, epsilon: 1, clippingNorm: 2, variant, candidates: 12 };
      const mechanism = privUnit(parameters);
      const { capSize, candidates, capWeight } = mechanism;
      const random = seededRandom(1);
      const vectors = [
        new Float64Array(5),
        Float64Array.of(2, 0, 0, 0, 0),
        Float64Array.of(0, 0, 0, 0, -1),
        ...Array.from({ length: 5 }, () => randomDirection(5, random).map((value) => value * 1.9)),
      ];
      const words = [7, 11, 13, 17];
      const seed = Uint32Array.from(words);
      const draw = (vector: Float64Array, word64: bigint, inside: number, outside: number): number => {
        const source = scripted([...words, wordFor(inside, capSize), wordFor(outside, candidates - capSize)], word64);
        const report = mechanism.privatize(vector, source);
        expect([...report.seed]).toEqual(words);
        expect(source.wordsDrawn).toBe(8);
        return report.index;
      };
      for (const vector of vectors) {
        const hits = new Set<number>();
        const misses = new Set<number>();
        for (let inside = 0; inside < capSize; inside += 1) {
          for (let outside = 0; outside < candidates - capSize; outside += 1) {
            hits.add(draw(vector, capWeight - 1n, inside, outside));
            hits.add(draw(vector, 0n, inside, outside));
            misses.add(draw(vector, capWeight, inside, outside));
            misses.add(draw(vector, total - 1n, inside, outside));
          }
        }
        expect(hits).toEqual(capOf(mechanism, vector, candidatesOf(mechanism, seed)));
        expect(hits.size).toBe(capSize);
        expect(misses.size).toBe(candidates - capSize);
        expect(new Set([...hits, ...misses]).size).toBe(candidates);
      }
    },
  );

  it('breaks ties by index, and always has a cap of the same size', () => {
    // In one direction of normal candidates, quantized to some ten thousand levels, 4,096 of them do tie.
    const mechanism = privUnit({ dimension: 1, epsilon: 4, clippingNorm: 1, variant: 'privunitG', candidates: 4096 });
    const { capSize, candidates, capWeight } = mechanism;
    const seed = Uint32Array.of(1, 2, 3, 4);
    const scores = Array.from(
      { length: candidates },
      (_, index) => candidateVector(index, { seed, length: 2, normalized: false })[0]!,
    );
    expect(new Set(scores).size).toBeLessThan(candidates);
    const order = scores.map((_, index) => index).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
    const ties = order.flatMap((index, rank) => (rank > 0 && scores[index] === scores[order[rank - 1]!] ? [rank] : []));
    const bound = candidates - capSize;
    for (const tie of ties.filter((rank) => rank > capSize).slice(0, 3)) {
      for (const rank of [tie - 1, tie]) {
        const outside = ((rank - capSize) << Math.clz32(bound - 1)) >>> 0;
        const source = scripted([...seed, 0, outside], capWeight);
        expect(mechanism.privatize([1], source).index).toBe(order[rank]);
      }
    }
  });

  it('draws as many words for any vector', () => {
    const mechanism = privUnit({ dimension: 20, epsilon: 2, clippingNorm: 1, candidates: 100 });
    const vectors = [new Float64Array(20), new Float64Array(20).fill(1e300), randomDirection(20, seededRandom(3))];
    for (let trial = 0; trial < 100; trial += 1) {
      const counts = vectors.map((vector) => {
        const random = seededRandom(trial);
        mechanism.privatize(vector, random);
        return random.wordsDrawn;
      });
      expect(new Set(counts).size).toBe(1);
    }
  });
});

describe('privUnit: what is estimated', () => {
  it.each(
    variants.flatMap((variant) => [
      { variant, dimension: 1, epsilon: 1 },
      { variant, dimension: 6, epsilon: 4 },
      { variant, dimension: 30, epsilon: 0.5 },
      { variant, dimension: 30, epsilon: 8 },
    ]),
  )('is unbiased with the stated error: $variant, d=$dimension, epsilon=$epsilon', (parameters) => {
    // Given the seed, the mean over the drawing of the index is a sum over the candidates: only seeds are sampled. All
    // candidates together have the mean 0, so that the mean of a report is the cap's surplus alone.
    const { dimension } = parameters;
    const mechanism = privUnit({ ...parameters, clippingNorm: 3, candidates: 64 });
    const { candidates, capSize, capWeight } = mechanism;
    const hit = Number(capWeight) / 2 ** 64 / capSize;
    const miss = (1 - Number(capWeight) / 2 ** 64) / (candidates - capSize);
    const random = seededRandom(dimension);
    const axis = new Float64Array(dimension);
    axis[0] = 3;
    const vectors = [
      axis,
      randomDirection(dimension, random).map((value) => value * 3),
      randomDirection(dimension, random).map((value) => value * 0.6),
      new Float64Array(dimension),
    ].map((vector) => ({ vector, along: [] as number[], first: [] as number[], errors: [] as number[] }));
    for (let trial = 0; trial < 1000; trial += 1) {
      const seed = Uint32Array.from({ length: 4 }, () => random.nextUint32());
      const all = candidatesOf(mechanism, seed);
      const decoded = all.map((_, index) => mechanism.decode({ seed, index }));
      for (const { vector, along, first, errors } of vectors) {
        const cap = capOf(mechanism, vector, all);
        const norm = Math.hypot(...vector) || 1;
        const dot = (a: Float64Array) => a.reduce((sum, value, k) => sum + (value * vector[k]!) / norm, 0);
        const surplus = [...cap].map((index) => decoded[index]!);
        along.push(surplus.reduce((sum, value) => sum + (hit - miss) * dot(value), 0));
        first.push(surplus.reduce((sum, value) => sum + (hit - miss) * value[0]!, 0));
        if (trial >= 200) continue;
        const error = (value: Float64Array) => value.reduce((sum, x, k) => sum + (x - vector[k]!) ** 2, 0);
        errors.push(decoded.reduce((sum, value, index) => sum + (cap.has(index) ? hit : miss) * error(value), 0));
      }
    }
    for (const { vector, along, first } of vectors) {
      const length = Math.hypot(...vector);
      const projected = meanOf(along);
      expect(Math.abs(projected.mean - length)).toBeLessThanOrEqual(z * projected.standardError);
      const coordinate = meanOf(first);
      expect(Math.abs(coordinate.mean - vector[0]!)).toBeLessThan(z * coordinate.standardError);
      // Power: with a gain wrong by a twentieth the same reports fail.
      if (length > 1) {
        expect(Math.abs(projected.mean / 1.05 - length)).toBeGreaterThan(z * projected.standardError);
        expect(Math.abs(projected.mean / 0.95 - length)).toBeGreaterThan(z * projected.standardError);
      }
    }
    // The error of the worst of them, a full length or none, is the one that is stated.
    const errors = vectors.map((each) => meanOf(each.errors)).sort((a, b) => b.mean - a.mean);
    expect(Math.abs(errors[0]!.mean - mechanism.squaredError)).toBeLessThan(z * errors[0]!.standardError);
    expect(errors[0]!.standardError).toBeLessThan(0.02 * mechanism.squaredError);
  });

  it('comes out of privatize and decode as a whole', () => {
    const mechanism = privUnit({ dimension: 4, epsilon: 5, clippingNorm: 1, candidates: 32 });
    const random = seededRandom(5);
    const vector = Float64Array.of(0.5, -0.5, 0.5, 0.1);
    const reports = Array.from({ length: 20_000 }, () => mechanism.decode(mechanism.privatize(vector, random)));
    vector.forEach((value, k) => {
      const { mean, standardError } = meanOf(reports.map((report) => report[k]!));
      expect(Math.abs(mean - value)).toBeLessThan(z * standardError);
    });
    const squares = meanOf(
      reports.map((report) => report.reduce((sum, value, k) => sum + (value - vector[k]!) ** 2, 0)),
    );
    expect(squares.mean).toBeLessThan(mechanism.squaredError + z * squares.standardError);
  });

  it('is off by a part of 2e-5 at most along an axis, by exact summation over the levels', () => {
    for (const { epsilon, candidates, bound } of [
      { epsilon: 1, candidates: undefined, bound: 2e-5 },
      { epsilon: 4, candidates: undefined, bound: 2e-5 },
      { epsilon: 20, candidates: 1024, bound: 2e-5 },
      { epsilon: 20, candidates: 4096, bound: 2e-4 },
    ]) {
      const mechanism = privUnit({ dimension: 9, epsilon, clippingNorm: 1, variant: 'privunitG', candidates });
      const { capSize, candidates: n, capWeight, gain } = mechanism;
      // A candidate at the part (x, x + dx) of the levels is in the cap with probability I_x(N - m, m).
      const rest = n - capSize;
      const inCapBelow = (x: number) => x * betaCdf(x, rest, capSize) - (rest / n) * betaCdf(x, rest + 1, capSize);
      const levels = normalLevels();
      let sum = 0;
      let below = 0;
      levels.forEach((level, index) => {
        const upTo = inCapBelow((index + 1) / levels.length);
        sum += level * (upTo - below);
        below = upTo;
      });
      const inCap = Number(capWeight) / 2 ** 64;
      const exact = (inCap / capSize - (1 - inCap) / rest) * n * sum;
      expect(Math.abs(exact / gain - 1)).toBeLessThan(bound);
    }
  });

  it.each([
    { dimension: 9, epsilon: 1, excess: 1.01 },
    { dimension: 1000, epsilon: 4, excess: 1.01 },
    { dimension: 10_000, epsilon: 4, excess: 1.01 },
    { dimension: 1000, epsilon: 8, excess: 1.04 },
    { dimension: 1, epsilon: 8, excess: 1.04 },
  ])('errs hardly more than PrivUnit: d=$dimension, epsilon=$epsilon', ({ dimension, epsilon, excess }) => {
    for (const variant of variants) {
      const { squaredError, candidates } = privUnit({ dimension, epsilon, clippingNorm: 1, variant });
      const { gain } = calibratePrivUnit({ dimension: dimension + 1, epsilon, variant });
      const across = variant === 'privunit2' ? (1 - gain ** 2) / (dimension + 1) : 1;
      const ideal = (dimension * across) / gain ** 2;
      expect(squaredError).toBeGreaterThan(ideal);
      expect(squaredError).toBeLessThan(excess * ideal);
      expect(candidates).toBeLessThanOrEqual(1024);
    }
  });

  it('keeps a length below the clipping norm and cuts a longer one, whatever its size', () => {
    const mechanism = privUnit({ dimension: 3, epsilon: 6, clippingNorm: 2, candidates: 64 });
    const draw = (vector: number[]) => mechanism.privatize(vector, seededRandom(6));
    expect(draw([1e200, -1e200, 0])).toEqual(draw([Math.SQRT2, -Math.SQRT2, 0]));
    expect(draw([3, 0, 4])).toEqual(draw([1.2, 0, 1.6]));
  });
});

describe('privUnit: reports', () => {
  let mechanism: PrivUnit;
  beforeAll(() => {
    mechanism = privUnit({ dimension: 10, epsilon: 1, clippingNorm: 1 });
  });

  it('refuses those that it cannot produce', () => {
    const seed = Uint32Array.of(1, 2, 3, 4);
    for (const index of [-1, mechanism.candidates, 0.5, Number.NaN, '0' as unknown as number]) {
      expect(() => mechanism.decode({ seed, index })).toThrow(RangeError);
    }
    for (const bad of [Uint32Array.of(1, 2, 3), new Uint32Array(5), [1, 2, 3, 4], null]) {
      expect(() => mechanism.decode({ seed: bad as Uint32Array, index: 0 })).toThrow(
        /^seed must (hold 4 numbers|be of type Uint32Array), got/,
      );
    }
  });

  it('refuses vectors and parameters out of range, before anything is drawn', () => {
    const random = seededRandom(1);
    const bad = [new Float64Array(9), new Float64Array(11), new Float64Array(10).fill(Number.NaN)];
    for (const vector of [...bad, new Float64Array(10).fill(-Infinity)]) {
      expect(() => mechanism.privatize(vector, random)).toThrow(RangeError);
    }
    expect(random.wordsDrawn).toBe(0);
    const good = { dimension: 10, epsilon: 1, clippingNorm: 1 };
    for (const dimension of [0, 1.5, 1e7]) expect(() => privUnit({ ...good, dimension })).toThrow('dimension must be');
    for (const epsilon of [0, 1e-19, 21, Number.NaN]) {
      expect(() => privUnit({ ...good, epsilon })).toThrow('epsilon must be in [1e-6, 20]');
    }
    for (const clippingNorm of [0, Infinity, Number.NaN]) {
      expect(() => privUnit({ ...good, clippingNorm })).toThrow('clippingNorm must be finite and > 0');
    }
    for (const candidates of [1, 4097, 2.5]) expect(() => privUnit({ ...good, candidates })).toThrow('candidates must');
    expect(() => privUnit({ ...good, variant: 'x' as 'privunit2' })).toThrow('variant must be');
  });
});

function meanOf(values: readonly number[]): { mean: number; standardError: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}
