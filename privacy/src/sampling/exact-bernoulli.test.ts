import { describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { bernoulliExp, expNegative } from './exact-bernoulli.ts';
import { expOfNegativeFraction } from '../numerics/exponential.ts';
import type { RandomSource } from './random.ts';

/** The bits of a number below 2**181, as the words in which a source would draw it: 53 bits, then 64 and 64. */
function wordsOf(bits: bigint): RandomSource & { readonly left: number } {
  const first = bits >> 128n;
  const words = [Number(first >> 32n) * 2 ** 11, Number(first & 0xffff_ffffn)];
  const wide = [(bits >> 64n) & (2n ** 64n - 1n), bits & (2n ** 64n - 1n)];
  return {
    nextUint32: () => words.shift()!,
    nextUint64: () => wide.shift()!,
    get left() {
      return wide.length;
    },
  };
}

const draw = (random: RandomSource) => bernoulliExp(1, () => [1n, 1n], random);

describe('bernoulliExp', () => {
  // floor(exp(-1) 2**181), by mpmath with 400 bits.
  const oneOverE = (0xbc5ab1b16779bn << 128n) | (0xe3575bd8f0520a9fn << 64n) | 0x21bb5300b556ad8en;

  it('settles exactly what 53 bits cannot tell', () => {
    for (const [offset, expected] of [
      [-10n, true],
      [10n, false],
    ] as const) {
      const random = wordsOf(oneOverE + offset);
      expect(draw(random)).toBe(expected);
      expect(random.left).toBe(0);
    }
    // One bit of the second word is enough, so the third is not drawn.
    for (const [offset, expected] of [
      [-(1n << 70n), true],
      [1n << 70n, false],
    ] as const) {
      const random = wordsOf(oneOverE + offset);
      expect(draw(random)).toBe(expected);
      expect(random.left).toBe(1);
    }
  });

  it('lets the fraction decide, not the double, within the error that the double may have', () => {
    // A double that is wrong by 2**-47: the comparison must still go by exp(-1).
    const random = wordsOf(oneOverE + (1n << 132n));
    expect(bernoulliExp(1 - 2 ** -47, () => [1n, 1n], random)).toBe(false);
  });

  it('has probability exp(-gamma)', () => {
    const random = seededRandom(1);
    const draws = 100_000;
    for (const [numerator, denominator] of [
      [0n, 1n],
      [1n, 10n],
      [1n, 1n],
      [7n, 3n],
      [50n, 1n],
    ] as const) {
      const gamma = Number(numerator) / Number(denominator);
      let trues = 0;
      for (let count = 0; count < draws; count += 1)
        trues += Number(bernoulliExp(gamma, () => [numerator, denominator], random));
      const probability = Math.exp(-gamma);
      expect(Math.abs(trues / draws - probability)).toBeLessThanOrEqual(
        z * Math.sqrt((probability * (1 - probability)) / draws) + 1e-15,
      );
    }
    expect(bernoulliExp(Infinity, () => [10n ** 30n, 1n], random)).toBe(false);
  });
});

it('expNegative keeps the error that the exact comparison allows for', () => {
  for (let step = 0; step <= 4_000; step += 1) {
    const x = step / 97;
    const [lower] = expOfNegativeFraction([BigInt(step), 97n], 80);
    expect(Math.abs(expNegative(x) - Number(lower) / 2 ** 80)).toBeLessThan(2 ** -46);
  }
});
