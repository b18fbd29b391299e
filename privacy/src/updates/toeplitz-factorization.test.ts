import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/matrix-factorization.json' with { type: 'json' };
import { discreteGaussianEpsilon } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianEpsilon } from '../accounting/gaussian-accounting.ts';
import {
  accountMatrixFactorization,
  factorizationSensitivity,
  prefixSumStddev,
  toeplitzCoefficients,
} from './toeplitz-factorization.ts';

const sections = vectors.rows;

/** The norm of the sum of C's columns at these rounds, straight from the definition. */
function columnsNorm(coefficients: ArrayLike<number>, rounds: number, at: readonly number[]): number {
  let squares = 0;
  for (let row = 0; row < rounds; row += 1) {
    squares += at.reduce((sum, column) => sum + (row >= column ? (coefficients[row - column] ?? 0) : 0), 0) ** 2;
  }
  return Math.sqrt(squares);
}

/** Every choice of up to `most` rounds, at least `separation` apart. */
function patterns(rounds: number, most: number, separation: number, from = 0): number[][] {
  if (most === 0) return [[]];
  const found: number[][] = [[]];
  for (let first = from; first < rounds; first += 1) {
    for (const rest of patterns(rounds, most - 1, separation, first + separation)) found.push([first, ...rest]);
  }
  return found;
}

/**
 * Noise in the running sums by binary trees, which are not shipped: the largest and the root mean square, at
 * sensitivity 1. The online tree adds the nodes that make up the sum; Honaker's uses all nodes as well as can be.
 */
function treeErrors(rounds: number, isOnline: boolean): { largest: number; rootMeanSquare: number } {
  const levels = Math.log2(rounds) + 1;
  const squares: number[] = [];
  if (isOnline) {
    for (let round = 1; round <= rounds; round += 1)
      squares.push([...round.toString(2)].filter((b) => b === '1').length);
  } else {
    // T^T T counts common ancestors; with its Cholesky factor L, the running sum a has variance |L^-1 a|^2.
    const factor = Array.from({ length: rounds }, () => new Float64Array(rounds));
    for (let i = 0; i < rounds; i += 1) {
      for (let j = 0; j <= i; j += 1) {
        let sum = levels - (i === j ? 0 : 32 - Math.clz32(i ^ j));
        for (let k = 0; k < j; k += 1) sum -= factor[i]![k]! * factor[j]![k]!;
        factor[i]![j] = i === j ? Math.sqrt(sum) : sum / factor[j]![j]!;
      }
    }
    for (let round = 1; round <= rounds; round += 1) {
      const solved = new Float64Array(rounds);
      for (let i = 0; i < rounds; i += 1) {
        let value = i < round ? 1 : 0;
        for (let k = 0; k < i; k += 1) value -= factor[i]![k]! * solved[k]!;
        solved[i] = value / factor[i]![i]!;
      }
      squares.push(solved.reduce((sum, value) => sum + value * value, 0));
    }
  }
  const mean = squares.reduce((sum, value) => sum + value, 0) / rounds;
  return { largest: Math.sqrt(Math.max(...squares)), rootMeanSquare: Math.sqrt(mean) };
}

const bandsOf = ({ strategy, n, bands }: { strategy: string; n: number; bands?: number }): number =>
  strategy.startsWith('identity') ? 1 : (bands ?? n);

describe('a factorization', () => {
  const rows = sections.matrix_factorization_prefix_sum;

  it.each(rows.filter(({ strategy }) => !strategy.startsWith('tree')))(
    'has the sensitivity and the errors of the reference: $strategy, $n rounds',
    (row) => {
      const coefficients = toeplitzCoefficients(bandsOf(row));
      row.first_coefs?.forEach((value, k) => expect(coefficients[k]).toBe(value));
      const sensitivity = factorizationSensitivity(coefficients, { rounds: row.n });
      const { largest, rootMeanSquare } = prefixSumStddev(coefficients, row.n, 1);
      expect(sensitivity / row.single_participation_sens - 1).toBeCloseTo(0, 13);
      expect((sensitivity * largest) / row.max_err - 1).toBeCloseTo(0, 12);
      expect((sensitivity * rootMeanSquare) / row.rmse - 1).toBeCloseTo(0, 12);
    },
  );

  it.each(rows.filter(({ strategy }) => strategy.startsWith('tree')))(
    'has less noise than a tree, at worst, which is why there is none here: $strategy, $n rounds',
    (row) => {
      const tree = treeErrors(row.n, row.strategy === 'tree_online');
      const treeSensitivity = Math.sqrt(Math.log2(row.n) + 1);
      expect(treeSensitivity / row.single_participation_sens - 1).toBeCloseTo(0, 13);
      expect((treeSensitivity * tree.largest) / row.max_err - 1).toBeCloseTo(0, 12);
      expect((treeSensitivity * tree.rootMeanSquare) / row.rmse - 1).toBeCloseTo(0, 12);
      const coefficients = toeplitzCoefficients(row.n);
      const error =
        factorizationSensitivity(coefficients, { rounds: row.n }) * prefixSumStddev(coefficients, row.n, 1).largest;
      expect(error).toBeLessThan(row.max_err);
    },
  );

  it.each(sections.matrix_factorization_multi_participation)(
    'has those of repeated participation: $strategy, $n rounds, $max_participations times, $min_sep apart',
    (row) => {
      const bands = { identity: 1, banded_sqrt: row.min_sep, full_sqrt: row.n }[row.strategy]!;
      const coefficients = toeplitzCoefficients(bands);
      const participation = { rounds: row.n, participations: row.max_participations, minimumSeparation: row.min_sep };
      const sensitivity = factorizationSensitivity(coefficients, participation);
      expect(sensitivity / row.sensitivity - 1).toBeCloseTo(0, 12);
      const single = factorizationSensitivity(coefficients, { rounds: row.n });
      expect((Math.sqrt(row.max_participations) * single) / row.sens_if_orthogonal - 1).toBeCloseTo(0, 12);
      const { rootMeanSquare } = prefixSumStddev(coefficients, row.n, 1);
      expect((sensitivity * rootMeanSquare) / row.rmse_total - 1).toBeCloseTo(0, 12);
    },
  );
});

describe('factorizationSensitivity', () => {
  const small = fc.record({
    rounds: fc.integer({ min: 1, max: 10 }),
    participations: fc.integer({ min: 1, max: 4 }),
    minimumSeparation: fc.integer({ min: 1, max: 5 }),
    coefficients: fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 9 })
      .map((values) => [1, ...values.toSorted((a, b) => b - a)]),
  });

  it('is the largest over all patterns of participation, and over signs', () => {
    fc.assert(
      fc.property(small, ({ coefficients, ...participation }) => {
        const { rounds, participations, minimumSeparation } = participation;
        const all = patterns(rounds, participations, minimumSeparation);
        const largest = Math.max(...all.map((at) => columnsNorm(coefficients, rounds, at)));
        expect(factorizationSensitivity(coefficients, participation)).toBeCloseTo(largest, 12);
      }),
      { numRuns: 100 },
    );
  });

  it('is sqrt(k) |c| exactly where the bands fit between participations, and more where they overlap', () => {
    const coefficients = toeplitzCoefficients(8);
    const norm = Math.hypot(...coefficients);
    const at = (minimumSeparation: number) =>
      factorizationSensitivity(coefficients, { rounds: 64, participations: 4, minimumSeparation });
    expect(at(8)).toBeCloseTo(2 * norm, 13);
    expect(at(16)).toBeCloseTo(2 * norm, 13);
    expect(at(7)).toBeGreaterThan(2 * norm + 0.01);
  });

  it('counts no participation beyond the last round', () => {
    const coefficients = toeplitzCoefficients(4);
    const of = (participations: number) =>
      factorizationSensitivity(coefficients, { rounds: 10, participations, minimumSeparation: 5 });
    expect(of(3)).toBe(of(2));
  });
});

/** Noise left by contributions of norm 1 to every round, in units of that of a single one. */
const ownErrors = (k: number, bands: number) => {
  const coefficients = toeplitzCoefficients(bands);
  const every = { rounds: k, participations: k, minimumSeparation: 1 };
  const sensitivity = factorizationSensitivity(coefficients, every);
  const { largest, rootMeanSquare } = prefixSumStddev(coefficients, k, 1);
  return { sum: sensitivity * largest, between: sensitivity * rootMeanSquare };
};

describe('noise along one client’s own updates', () => {
  it.each([2, 3, 4, 8, 16, 64])('[B10] is best drawn independently, for the sum of all %i', (k) => {
    const independent = ownErrors(k, 1);
    // The sum itself changes by k times as much as one: nothing is below that.
    expect(independent.sum).toBeCloseTo(k, 9);
    expect(independent.between).toBeCloseTo(Math.sqrt((k * (k + 1)) / 2), 9);
    const least = Math.sqrt(((k + 1) * (2 * k + 1)) / 6);
    expect(independent.between / least).toBeLessThan(Math.sqrt(1.5));
    for (let bands = 2; bands <= k; bands += 1) {
      expect(ownErrors(k, bands).sum).toBeGreaterThan(independent.sum);
      expect(ownErrors(k, bands).between).toBeGreaterThan(independent.between);
    }
  });
});

describe('accountMatrixFactorization', () => {
  const common = {
    coefficients: toeplitzCoefficients(8),
    rounds: 64,
    participations: 4,
    minimumSeparation: 16,
    contributionNorm: 3,
    delta: 1e-6,
    privacyUnit: 'site' as const,
  };
  const sensitivity = 2 * Math.hypot(...common.coefficients);

  it('is one Gaussian release of all rounds, for the stated relation', () => {
    for (const [neighboringRelation, factor] of [
      ['replace-one', 2],
      ['add-or-remove-one', 1],
      ['zero-out', 1],
    ] as const) {
      const guarantee = accountMatrixFactorization({ ...common, neighboringRelation, noiseStddev: 20 });
      expect(guarantee).toEqual({
        epsilon: expect.closeTo(gaussianEpsilon({ noiseMultiplier: 20 / (3 * factor * sensitivity), delta: 1e-6 }), 10),
        delta: 1e-6,
        accountant: 'matrix-factorization',
        neighboringRelation,
        privacyUnit: 'site',
      });
    }
  });

  it('counts the coordinates of all rounds where the noise is discrete', () => {
    const options = { ...common, neighboringRelation: 'replace-one', noiseStddev: 10 } as const;
    const { epsilon } = accountMatrixFactorization({ ...options, dimension: 7 });
    const direct = discreteGaussianEpsilon({
      noiseStddev: 10,
      sensitivity: 6 * sensitivity,
      delta: 1e-6,
      dimension: 7 * 64,
    });
    expect(epsilon).toBeCloseTo(direct, 10);
    expect(epsilon).toBeGreaterThan(accountMatrixFactorization(options).epsilon);
  });

  it('refuses arguments out of range', () => {
    const good = { ...common, neighboringRelation: 'replace-one', noiseStddev: 1 } as const;
    const account = (change: object) => () => accountMatrixFactorization({ ...good, ...change });
    expect(account({ noiseStddev: 0 })).toThrow('noiseStddev must be');
    expect(account({ contributionNorm: Infinity })).toThrow('contributionNorm must be');
    expect(account({ delta: 1 })).toThrow('delta must be');
    expect(account({ rounds: 0 })).toThrow('rounds must be an integer >= 1, got 0');
    expect(account({ participations: 1.5 })).toThrow('participations must be');
    expect(account({ minimumSeparation: 0 })).toThrow('minimumSeparation must be');
    const open = { minimumSeparation: undefined };
    expect(account(open)).toThrow(`minimumSeparation must be given for ${common.participations} participations`);
    expect(account({ ...open, participations: 1 })).not.toThrow();
    expect(account({ neighboringRelation: 'swap' })).toThrow('neighboringRelation must be');
    expect(account({ coefficients: [] })).toThrow('coefficients[0] must be finite and > 0, got NaN');
    expect(account({ coefficients: [1, 0.5, 0.6] })).toThrow('coefficients[2] must be in [0, 0.5], got 0.6');
    expect(account({ coefficients: [1, -0.5] })).toThrow('coefficients[1] must be in [0, 1], got -0.5');
    expect(() => toeplitzCoefficients(0)).toThrow('bands must be');
  });
});
