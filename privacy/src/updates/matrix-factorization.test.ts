import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { matrixFactorization } from './matrix-factorization.ts';
import { prefixSumStddev, toeplitzCoefficients } from './toeplitz-factorization.ts';

const good = {
  rounds: 40,
  participations: 3,
  minimumSeparation: 10,
  bands: 10,
  dimension: 5,
  gridSteps: 1000,
  noiseMultiplier: 2,
  delta: 1e-6,
  neighboringRelation: 'replace-one' as const,
};

/** One run: its sums, its releases, and s = C x + z worked out from the releases alone, in exact integers. */
function run(options: typeof good, seed: number) {
  const mechanism = matrixFactorization(options);
  const random = seededRandom(seed);
  const stream = mechanism.stream(random);
  const { rounds, dimension } = options;
  const sums = Array.from({ length: rounds }, () =>
    Int32Array.from({ length: dimension }, () => (random.nextUint32() % 100_001) - 50_000),
  );
  const releases = sums.map((sum) => stream.release(sum));
  const integers = releases.map((_, t) =>
    Array.from({ length: dimension }, (__, k) => {
      let total = 0;
      mechanism.coefficients.forEach((a, j) => (total += a * (releases[t - j]?.[k] ?? 0)));
      return Math.round(total);
    }),
  );
  return { mechanism, sums, releases, integers };
}

describe('matrixFactorization', () => {
  it('releases a function of the noised integers alone, bit for bit', () => {
    const { mechanism, releases, integers } = run(good, 1);
    const { coefficients } = mechanism;
    // The same recursion on s, without any x: were something else in the releases, they would differ.
    const solved: number[][] = [];
    integers.forEach((row, t) => {
      solved.push(
        row.map((value, k) => {
          let rest = value;
          for (let j = 1; j < coefficients.length && j <= t; j += 1) rest -= coefficients[j]! * solved[t - j]![k]!;
          return rest / coefficients[0]!;
        }),
      );
      expect([...releases[t]!]).toEqual(solved[t]);
    });
  });

  it('noises C x, with independent integers of the stated stddev', () => {
    const options = { ...good, rounds: 300, dimension: 30 };
    const { mechanism, sums, integers } = run(options, 2);
    const { coefficients, noiseStddev } = mechanism;
    const noise = integers.flatMap((row, t) =>
      row.map((value, k) => {
        let exact = 0n;
        coefficients.forEach((a, j) => (exact += BigInt(a) * BigInt(sums[t - j]?.[k] ?? 0)));
        return Number(BigInt(value) - exact);
      }),
    );
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan((z * noiseStddev) / Math.sqrt(noise.length));
    const variance = noise.reduce((sum, value) => sum + value * value, 0) / noise.length;
    // Relative standard error sqrt(2 / n): 9% in all, so that a stddev wrong by a tenth would show.
    expect(Math.abs(variance / noiseStddev ** 2 - 1)).toBeLessThan(z * Math.sqrt(2 / noise.length));
    // A normal's quintiles, and no correlation from one round to the next.
    const cell = (value: number) =>
      [-0.841_62, -0.253_35, 0.253_35, 0.841_62].filter((edge) => value > edge * noiseStddev);
    const counts = [0, 0, 0, 0, 0];
    for (const value of noise) counts[cell(value).length]! += 1;
    expect(fitPValue(counts, [0.2, 0.2, 0.2, 0.2, 0.2])).toBeGreaterThan(1e-9);
    let products = 0;
    for (let index = options.dimension; index < noise.length; index += 1) {
      products += (noise[index]! * noise[index - options.dimension]!) / noiseStddev ** 2;
    }
    expect(Math.abs(products)).toBeLessThan(z * Math.sqrt(noise.length));
  });

  it('leaves the stated noise in running sums, far less than noise of its own in every round', () => {
    const options = { ...good, rounds: 60, dimension: 2000, bands: 10 };
    const { mechanism, sums, releases } = run(options, 3);
    const running = new Float64Array(options.dimension);
    let meanSquares = 0;
    let last = 0;
    releases.forEach((release, t) => {
      release.forEach((value, k) => (running[k]! += value - sums[t]![k]!));
      last = running.reduce((sum, value) => sum + value * value, 0) / options.dimension;
      meanSquares += last / options.rounds;
    });
    const { largest, rootMeanSquare } = mechanism.prefixSumStddev;
    const tolerance = z * Math.sqrt(2 / options.dimension);
    expect(Math.abs(last / largest ** 2 - 1)).toBeLessThan(tolerance);
    expect(Math.abs(meanSquares / rootMeanSquare ** 2 - 1)).toBeLessThan(tolerance);
    const independent = matrixFactorization({ ...options, bands: 1 });
    expect(independent.prefixSumStddev.largest).toBeGreaterThan(1.5 * largest);
  });

  it('states sensitivity, noise and guarantee for its rounded coefficients', () => {
    const mechanism = matrixFactorization(good);
    const exact = toeplitzCoefficients(10);
    mechanism.coefficients.forEach((a, j) => {
      expect(Number.isInteger(a)).toBe(true);
      expect(Math.abs(a / 4096 - exact[j]!)).toBeLessThanOrEqual(2 ** -13);
    });
    // Three times ten bands in forty rounds, apart from each other; two opposite vectors of the largest norm.
    const sensitivity = 2 * 1000 * Math.sqrt(3) * Math.hypot(...mechanism.coefficients);
    expect(mechanism.sensitivity / sensitivity).toBeCloseTo(1, 13);
    expect(mechanism.noiseStddev).toBe(2 * mechanism.sensitivity);
    const { largest } = prefixSumStddev(exact, 40, 1);
    const relative = mechanism.prefixSumStddev.largest / ((mechanism.noiseStddev / 4096) * largest);
    expect(Math.abs(relative - 1)).toBeLessThan(1e-3);
    const { epsilon, ...rest } = mechanism.guarantee;
    expect(rest).toEqual({
      delta: 1e-6,
      accountant: 'matrix-factorization',
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    });
    const { guarantee } = matrixFactorization({ ...good, participations: 1, noiseMultiplier: 2 });
    // The multiplier is over the sensitivity, so that the same one gives the same epsilon.
    expect(epsilon / guarantee.epsilon).toBeCloseTo(1, 6);
  });

  it('stays exact at its limits', () => {
    const options = { ...good, rounds: 2100, bands: 2048, dimension: 1, participations: 1, minimumSeparation: 1 };
    const mechanism = matrixFactorization(options);
    const most = mechanism.coefficients.reduce((sum, a) => sum + a, 0) * 2 ** 31;
    expect(most + 2 ** 45).toBeLessThan(2 ** 53);
    const stream = mechanism.stream(seededRandom(4));
    let running = 0;
    for (let round = 0; round < 2100; round += 1) {
      running += stream.release(Int32Array.of(2 ** 31 - 1))[0]! - (2 ** 31 - 1);
    }
    expect(Math.abs(running)).toBeLessThan(z * mechanism.prefixSumStddev.largest);
  });

  it('draws before it reads nothing, and refuses what does not fit', () => {
    const random = seededRandom(1);
    const stream = matrixFactorization({ ...good, rounds: 1 }).stream(random);
    expect(() => stream.release(new Int32Array(4))).toThrow('sum must hold 5 numbers, got 4');
    for (const list of [[1, 2, 3, 4, 1e12], [0, 0, 0, 0, Number.NaN], new Float64Array(5)]) {
      expect(() => stream.release(list as unknown as Int32Array)).toThrow('sum must be of type Int32Array, got object');
    }
    expect(random.wordsDrawn).toBe(0);
    stream.release(new Int32Array(5));
    expect(() => stream.release(new Int32Array(5))).toThrow('release must be called at most 1 times');
    const make = (change: object) => () => matrixFactorization({ ...good, ...change });
    expect(make({ bands: 2049 })).toThrow('bands must be an integer in [1, 2048], got 2049');
    expect(make({ bands: 0 })).toThrow('bands must be');
    expect(make({ dimension: 0 })).toThrow('dimension must be');
    expect(make({ gridSteps: 0 })).toThrow('gridSteps must be');
    expect(make({ noiseMultiplier: 0 })).toThrow('noiseMultiplier must be');
    expect(make({ noiseMultiplier: 1e9 })).toThrow('noiseStddev must be');
    expect(make({ rounds: 0.5 })).toThrow('rounds must be');
    expect(make({ delta: 0 })).toThrow('delta must be');
    expect(make({ minimumSeparation: undefined })).toThrow('minimumSeparation must be given for 3 participations');
  });
});
