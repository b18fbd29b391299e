import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import reference from '../../vectors/square-wave.json' with { type: 'json' };
import { simplexProjection } from '../estimation/post-processing.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { weightTotal } from './channel.ts';
import { randomizedResponse } from './randomized-response.ts';
import { estimateDistribution, squareWave } from './square-wave.ts';

/** The earth mover's distance between two distributions on the same ordered points, one apart. */
function wasserstein(one: readonly number[], other: readonly number[]): number {
  let ahead = 0;
  let distance = 0;
  for (const [index, share] of one.entries()) {
    ahead += share - other[index]!;
    distance += Math.abs(ahead);
  }
  return distance;
}

/** Two heaps over twenty answers. */
const bimodal = Array.from(
  { length: 20 },
  (_, index) => 0.6 * Math.exp(-(((index - 4.5) / 1.6) ** 2) / 2) + 0.5 * Math.exp(-(((index - 14) / 1.9) ** 2) / 2),
).map((value, _, all) => value / all.reduce((sum, other) => sum + other, 0));

/** Reports of people whose answers have exactly these shares, counted by output. */
function reported(
  channel: {
    inputs: number;
    outputs: number;
    privatize: (input: number, random: ReturnType<typeof seededRandom>) => number;
  },
  { shares, people, seed }: { shares: readonly number[]; people: number; seed: number },
): number[] {
  const random = seededRandom(seed);
  const counts = Array.from({ length: channel.outputs }, () => 0);
  for (const [input, share] of shares.entries()) {
    for (let person = 0; person < Math.round(share * people); person += 1)
      counts[channel.privatize(input, random)]! += 1;
  }
  return counts;
}

describe('squareWave', () => {
  it.each(reference.rows.square_wave)('has b, p, q and the table of the reference at epsilon=$eps', (row) => {
    const channel = squareWave({ answers: row.d_in, cells: row.d_out, epsilon: row.eps });
    for (const name of ['b', 'p', 'q'] as const) expect(Math.abs(channel[name] / row[name] - 1)).toBeLessThan(1e-12);
    for (const [input, weights] of row.M_rows_are_inputs.entries()) {
      for (const [output, probability] of weights.entries()) {
        expect(Math.abs(channel.probability(input, output) / probability - 1)).toBeLessThan(1e-12);
      }
    }
  });

  it('has the densities of its definition: 2 b p + q = 1 and p = e^epsilon q, from tiny to large epsilon', () => {
    for (const epsilon of [1e-6, 1e-3, 0.1, 1, 5, 20]) {
      const { b, p, q } = squareWave({ answers: 4, epsilon });
      expect(2 * b * p + q).toBeCloseTo(1, 12);
      expect(p / q / Math.exp(epsilon)).toBeCloseTo(1, 12);
      // To second order b is (1 - 2 epsilon / 3) / 2 near 0.
      if (epsilon < 0.01) expect(b).toBeCloseTo(0.5 - epsilon / 3, 6);
    }
  });

  it('keeps its promise in integers, "no answer" included', () => {
    const size = fc.integer({ min: 2, max: 40 });
    const epsilons = fc.oneof(fc.double({ min: 1e-6, max: 20, noNaN: true }), fc.constantFrom(1e-6, 0.1, 1, 20));
    fc.assert(
      fc.property(size, size, epsilons, fc.boolean(), (answers, cells, epsilon, noAnswer) => {
        const channel = squareWave({ answers, cells, epsilon, noAnswer });
        const [lower] = expFixedPoint(epsilon, 200);
        const inputs = Array.from({ length: channel.inputs }, (_, input) => input);
        expect(channel.inputs).toBe(answers + Number(noAnswer));
        expect(channel.outputs).toBe(cells + Number(noAnswer));
        for (let output = 0; output < channel.outputs; output += 1) {
          const column = inputs.map((input) => channel.weight(input, output));
          const [least, most] = [column.reduce((a, c) => (c < a ? c : a)), column.reduce((a, c) => (c > a ? c : a))];
          expect(most << 200n <= lower * least).toBe(true);
        }
        for (const input of inputs) {
          let sum = 0n;
          for (let output = 0; output < channel.outputs; output += 1) sum += channel.weight(input, output);
          expect(sum).toBe(weightTotal);
        }
        expect(channel.realizedEpsilon).toBeLessThanOrEqual(epsilon);
      }),
      { numRuns: 60 },
    );
  });

  it('wastes nothing where a window covers a whole cell that another one misses', () => {
    for (const [epsilon, noAnswer] of [
      [0.5, false],
      [1, true],
      [2, false],
      [4, true],
    ] as const) {
      const { realizedEpsilon } = squareWave({ answers: 40, epsilon, noAnswer });
      expect(epsilon - realizedEpsilon).toBeLessThan(1e-12);
    }
  });

  it('reports with the frequencies of its table, with the same work for every input', () => {
    const channel = squareWave({ answers: 6, cells: 9, epsilon: 1, noAnswer: true });
    const wrong = squareWave({ answers: 6, cells: 9, epsilon: 1.3, noAnswer: true });
    const random = seededRandom(31);
    for (let input = 0; input < channel.inputs; input += 1) {
      const counts = Array.from({ length: channel.outputs }, () => 0);
      const before = random.wordsDrawn;
      for (let draw = 0; draw < 50_000; draw += 1) counts[channel.privatize(input, random)]! += 1;
      expect(random.wordsDrawn - before).toBe(100_000);
      const fit = (of: typeof channel) =>
        fitPValue(
          counts,
          counts.map((_, output) => of.probability(input, output)),
        );
      expect(fit(channel)).toBeGreaterThan(1e-9);
      expect(fit(wrong)).toBeLessThan(1e-9);
    }
  });

  it('refuses parameters out of range', () => {
    for (const answers of [1, 257, 2.5]) expect(() => squareWave({ answers, epsilon: 1 })).toThrow('answers must be');
    for (const cells of [1, 257, Number.NaN]) {
      expect(() => squareWave({ answers: 4, cells, epsilon: 1 })).toThrow('cells must be');
    }
    for (const epsilon of [0, 1e-7, 20.1, Number.NaN]) {
      expect(() => squareWave({ answers: 4, epsilon })).toThrow(`epsilon must be in [1e-6, 20], got ${epsilon}`);
    }
    expect(() => squareWave({ answers: 4, epsilon: 1 }).privatize(4)).toThrow('input must be');
  });
});

describe('estimateDistribution', () => {
  it('finds two heaps, closer than the projected shares of randomized response, from 20,000 people at epsilon 1', () => {
    const people = 20_000;
    const wave = squareWave({ answers: 20, epsilon: 1 });
    const response = randomizedResponse({ options: 20, epsilon: 1 });
    for (const seed of [1, 2, 3]) {
      const estimate = estimateDistribution({
        channel: wave,
        counts: reported(wave, { shares: bimodal, people, seed }),
      });
      const counts = reported(response, { shares: bimodal, people, seed });
      const raw = counts.map((count) => (count / estimate.respondents - response.q) / (response.p - response.q));
      const distance = wasserstein(estimate.shares, bimodal);
      expect(distance).toBeLessThan(wasserstein(simplexProjection(raw), bimodal));
      expect(distance).toBeLessThan(0.75);
      // Two heaps: the valley between them is lower than both.
      const valley = Math.min(...estimate.shares.slice(7, 12));
      expect(valley).toBeLessThan(0.8 * Math.max(...estimate.shares.slice(0, 7)));
      expect(valley).toBeLessThan(0.8 * Math.max(...estimate.shares.slice(12)));
      // Power: reports of another distribution.
      const turned = estimateDistribution({
        channel: wave,
        counts: reported(wave, { shares: bimodal.map((_, index) => bimodal[(index + 3) % 20]!), people, seed }),
      });
      expect(wasserstein(turned.shares, bimodal)).toBeGreaterThan(0.75);
    }
  });

  it('fits noise without smoothing, and says how long it took', () => {
    const channel = squareWave({ answers: 20, epsilon: 1 });
    const counts = reported(channel, { shares: bimodal, people: 20_000, seed: 4 });
    const smoothed = estimateDistribution({ channel, counts });
    const fitted = estimateDistribution({ channel, counts, smoothing: 0, tolerance: 1e-4 });
    expect(smoothed.iterations).toBeGreaterThan(3);
    expect(fitted.iterations).toBeGreaterThan(3 * smoothed.iterations);
    const squares = (shares: readonly number[]) =>
      shares.reduce((sum, share, index) => sum + (share - bimodal[index]!) ** 2, 0);
    expect(squares(fitted.shares)).toBeGreaterThan(3 * squares(smoothed.shares));
  });

  it('has shares >= 0 with sum 1, whatever was counted', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 7, maxLength: 7 }),
        fc.boolean(),
        (counts, noAnswer) => {
          fc.pre(counts.some((count) => count > 0));
          const channel = squareWave({ answers: 5, cells: noAnswer ? 6 : 7, epsilon: 1, noAnswer });
          const { shares, answered } = estimateDistribution({ channel, counts });
          expect(shares).toHaveLength(5);
          expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
          expect(answered).toBeGreaterThanOrEqual(0);
          expect(answered).toBeLessThanOrEqual(1 + 1e-12);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('divides out those who do not answer', () => {
    const channel = squareWave({ answers: 20, epsilon: 1, noAnswer: true });
    const people = 40_000;
    const part = 0.7;
    const shares = [1 - part, ...bimodal.map((share) => part * share)];
    const counts = reported(channel, { shares, people, seed: 5 });
    const estimate = estimateDistribution({ channel, counts });
    // "No answer" is a binomial count: p of those without an answer, q of the others.
    const [none, other] = [channel.probability(0, 0), channel.probability(1, 0)];
    const lambda = (1 - part) * none + part * other;
    const error = Math.sqrt((lambda * (1 - lambda)) / people) / (none - other);
    expect(Math.abs(estimate.answered - part)).toBeLessThan(z * error);
    expect(wasserstein(estimate.shares, bimodal)).toBeLessThan(1);
    // Power: "no answer" taken for an answer at the low end.
    const { shares: naive } = estimateDistribution({ channel: { ...channel, noAnswer: false }, counts });
    expect(wasserstein([naive[0]! + naive[1]!, ...naive.slice(2)], bimodal)).toBeGreaterThan(1);
  });

  it('is right for counts as they are expected, and smoothing is what moves it', () => {
    for (const noAnswer of [false, true]) {
      const channel = squareWave({ answers: 8, cells: 12, epsilon: 3, noAnswer });
      const truth = [0.1, 0.05, 0.2, 0.3, 0.05, 0.05, 0.05, 0.2];
      const shares = noAnswer ? [0.4, ...truth.map((share) => 0.6 * share)] : truth;
      const counts = Array.from({ length: channel.outputs }, (_, output) =>
        shares.reduce((sum, share, input) => sum + 1000 * share * channel.probability(input, output), 0),
      );
      const fitted = estimateDistribution({ channel, counts, smoothing: 0, tolerance: 0 });
      for (const [index, share] of fitted.shares.entries()) expect(share).toBeCloseTo(truth[index]!, 5);
      expect(fitted.answered).toBeCloseTo(noAnswer ? 0.6 : 1, 6);
      const smoothed = estimateDistribution({ channel, counts, smoothing: 0.25 });
      expect(wasserstein(smoothed.shares, truth)).toBeGreaterThan(0.15);
    }
  });

  it('does not stop at once where epsilon is large', () => {
    const channel = squareWave({ answers: 60, epsilon: 10 });
    const counts = Array.from({ length: 60 }, (_, output) =>
      Math.round(500 * channel.probability(10, output) + 500 * channel.probability(40, output)),
    );
    const { shares } = estimateDistribution({ channel, counts });
    expect(shares[10]! + shares[40]!).toBeGreaterThan(0.85);
    const early = estimateDistribution({ channel, counts, tolerance: 1e-3 * Math.exp(10) });
    expect(shares[10]! + shares[40]!).toBeGreaterThan(early.shares[10]! + early.shares[40]!);
  });

  it('refuses counts that do not fit', () => {
    const channel = squareWave({ answers: 3, epsilon: 1 });
    expect(() => estimateDistribution({ channel, counts: [1, 2] })).toThrow('counts must hold 3 numbers, got 2');
    expect(() => estimateDistribution({ channel, counts: [1, -1, 2] })).toThrow('counts must be >= 0, got -1');
    expect(() => estimateDistribution({ channel, counts: [0, 0, 0] })).toThrow(
      'sum of counts must be finite and > 0, got 0',
    );
    expect(() => estimateDistribution({ channel, counts: [1, 1, 1], tolerance: Number.NaN })).toThrow('tolerance');
    expect(() => estimateDistribution({ channel, counts: [1, 1, 1], smoothing: 0.3 })).toThrow('smoothing must be');
  });
});
