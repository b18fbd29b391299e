import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { fitPValue } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import {
  bernoulli,
  poissonSample,
  sampleWithoutReplacement,
  SecureRandom,
  SecureRandomUnavailableError,
  secureRandom,
  uniformInteger,
} from './random.ts';

afterEach(() => vi.unstubAllGlobals());

function stubGenerator(fill: (words: Uint32Array) => void): Uint32Array[] {
  const pools: Uint32Array[] = [];
  vi.stubGlobal('crypto', {
    getRandomValues: (words: Uint32Array) => {
      pools.push(words);
      fill(words);
      return words;
    },
  });
  return pools;
}

describe('SecureRandom', () => {
  it('refuses to exist without crypto.getRandomValues', () => {
    for (const crypto of [undefined, {}]) {
      vi.stubGlobal('crypto', crypto);
      expect(() => new SecureRandom()).toThrow(SecureRandomUnavailableError);
    }
    expect(new SecureRandomUnavailableError('x')).toMatchObject({
      name: 'SecureRandomUnavailableError',
      code: 'SECURE_RANDOM_UNAVAILABLE',
    });
  });

  it('gives no number when the generator throws, does nothing or repeats one word, however often asked', () => {
    const failures = [
      () => {
        throw new Error('quota');
      },
      () => {},
      (words: Uint32Array) => words.fill(7),
    ];
    for (const failure of failures) {
      stubGenerator((words) => words.forEach((_, index) => (words[index] = index)));
      const random = new SecureRandom();
      stubGenerator(failure);
      expect(() => new SecureRandom()).toThrow(SecureRandomUnavailableError);
      // What was drawn before the failure is as good as ever.
      for (let word = 0; word < 1_024; word += 1) expect(random.nextUint32()).toBe(word);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        expect(() => random.nextUint32()).toThrow(SecureRandomUnavailableError);
        expect(() => random.nextUint64()).toThrow(SecureRandomUnavailableError);
      }
    }
  });

  it('hands words out once and in order, erases them, and never asks for more than 65,536 bytes', () => {
    let next = 0;
    const pools = stubGenerator((words) => words.forEach((_, index) => (words[index] = ++next)));
    const random = new SecureRandom();
    const drawn = Array.from({ length: 5_000 }, () => random.nextUint32());
    expect(drawn).toEqual(drawn.map((_, index) => index + 1));
    expect(Math.max(...pools.map((pool) => pool.byteLength))).toBeLessThanOrEqual(65_536);
    expect(pools.length).toBeGreaterThan(1);
    const used = 5_000 % pools[0]!.length;
    expect(pools[0]!.slice(0, used).every((word) => word === 0)).toBe(true);
    expect(pools[0]!.slice(used).every((word) => word !== 0)).toBe(true);
    const [high, low] = [next - pools[0]!.length + used + 1, next - pools[0]!.length + used + 2];
    expect(random.nextUint64()).toBe((BigInt(high) << 32n) | BigInt(low));
  });

  it('is shared, and uses the platform generator', () => {
    expect(secureRandom()).toBe(secureRandom());
    expect(new Set(Array.from({ length: 1_000 }, () => secureRandom().nextUint64())).size).toBe(1_000);
  });
});

describe('uniformInteger', () => {
  it('is uniform for bounds below, at and above powers of two', () => {
    const random = seededRandom(1);
    for (const bound of [2, 3, 5, 8, 9, 100]) {
      const counts = Array.from({ length: bound }, () => 0);
      for (let draw = 0; draw < 40_000; draw += 1) counts[uniformInteger(bound, random)]! += 1;
      expect(
        fitPValue(
          counts,
          counts.map(() => 1 / bound),
        ),
        `bound ${bound}`,
      ).toBeGreaterThan(1e-9);
    }
  });

  it('is uniform over wide bounds, where a remainder would favour small numbers', () => {
    const random = seededRandom(2);
    for (const bound of [3 * 2 ** 30, 3 * 2 ** 51]) {
      const counts = [0, 0, 0];
      for (let draw = 0; draw < 30_000; draw += 1)
        counts[Math.floor(uniformInteger(bound, random) / (bound / 3))]! += 1;
      expect(fitPValue(counts, [1 / 3, 1 / 3, 1 / 3]), `bound ${bound}`).toBeGreaterThan(1e-9);
    }
  });

  it('stays below its bound and refuses others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), fc.integer(), (bound, seed) => {
        const drawn = uniformInteger(bound, seededRandom(seed));
        return Number.isSafeInteger(drawn) && drawn >= 0 && drawn < bound;
      }),
    );
    for (const bound of [0, -1, 1.5, Number.NaN, 2 ** 53]) expect(() => uniformInteger(bound)).toThrow(RangeError);
  });
});

describe('sampleWithoutReplacement', () => {
  it('gives every subset equally often, sorted', () => {
    const random = seededRandom(3);
    const subsets = new Map<string, number>();
    for (let draw = 0; draw < 40_000; draw += 1) {
      const key = sampleWithoutReplacement({ count: 3, from: 6 }, random).join();
      subsets.set(key, (subsets.get(key) ?? 0) + 1);
    }
    expect(subsets.size).toBe(20);
    expect(
      fitPValue(
        [...subsets.values()],
        Array.from({ length: 20 }, () => 1 / 20),
      ),
    ).toBeGreaterThan(1e-9);
    expect(sampleWithoutReplacement({ count: 4, from: 4 }, random)).toEqual([0, 1, 2, 3]);
    expect(sampleWithoutReplacement({ count: 0, from: 0 }, random)).toEqual([]);
    expect(() => sampleWithoutReplacement({ count: 5, from: 4 }, random)).toThrow('count must be');
    for (const from of [-1, 1.5]) {
      expect(() => sampleWithoutReplacement({ count: 0, from }, random)).toThrow(
        `from must be an integer in [0, 9007199254740991], got ${from}`,
      );
    }
  });
});

describe('poissonSample', () => {
  it('has each element with the probability, independently of the others, for two words each', () => {
    const random = seededRandom(5);
    for (const rate of [2 ** -12, 0.05, 1 / 3, 0.9]) {
      const draws = 40_000;
      const [alone, together] = [
        [0, 0, 0],
        [0, 0, 0],
      ];
      for (let draw = 0; draw < draws; draw += 1) {
        const chosen = poissonSample({ rate, from: 3 }, random);
        expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
        for (const index of [0, 1, 2]) {
          alone[index]! += Number(chosen.includes(index));
          together[index]! += Number(chosen.includes(index) && chosen.includes((index + 1) % 3));
        }
      }
      // z = 6.11, and a count more where counts are few.
      const near = (count: number, p: number): void =>
        expect(Math.abs(count - draws * p)).toBeLessThanOrEqual(6.11 * Math.sqrt(draws * p * (1 - p)) + 1);
      for (const count of alone) near(count, rate);
      for (const count of together) near(count, rate ** 2);
    }
    const before = random.wordsDrawn;
    poissonSample({ rate: 0.01, from: 1_000 }, random);
    expect(random.wordsDrawn - before).toBe(2_000);
  });

  it('realizes every bit of the rate: a word is in exactly where it is below', () => {
    for (const rate of [2 ** -12 * (1 + 2 ** -52), 0.1, 1 / 3, 1 - 2 ** -53, 1]) {
      const threshold = BigInt(rate * 2 ** 64);
      const words = [threshold - 1n, threshold < 2n ** 64n ? threshold : 2n ** 64n - 1n];
      const halves = words.flatMap((word) => [Number(word >> 32n), Number(word & 0xffff_ffffn)]);
      const random = { nextUint32: () => halves.shift()!, nextUint64: () => 0n };
      expect(poissonSample({ rate, from: 2 }, random)).toEqual(rate === 1 ? [0, 1] : [0]);
    }
  });

  it('refuses what is out of range', () => {
    for (const rate of [0, 2 ** -13, 1.1, Number.NaN])
      expect(() => poissonSample({ rate, from: 1 })).toThrow('rate must be in [0.000244140625, 1], got');
    expect(() => poissonSample({ rate: 0.5, from: -1 })).toThrow('from must be an integer in');
  });
});

describe('bernoulli', () => {
  it('has the probability of its weight, and is certain at its ends', () => {
    const random = seededRandom(4);
    for (const weight of [2n ** 64n / 3n, 2n ** 62n + 12_345n, 2n ** 64n, 0n]) {
      const probability = Number(weight) / 2 ** 64;
      let trues = 0;
      for (let draw = 0; draw < 20_000; draw += 1) trues += Number(bernoulli(weight, random));
      const tolerance = 6.11 * Math.sqrt((probability * (1 - probability)) / 20_000);
      expect(Math.abs(trues / 20_000 - probability)).toBeLessThanOrEqual(tolerance);
    }
    for (const weight of [-1n, 2n ** 64n + 1n]) expect(() => bernoulli(weight, random)).toThrow('weight must be in');
  });

  it('counts a word for it exactly where it is below the weight', () => {
    const weight = 0x0123_4567_89ab_cdefn;
    const words = [weight - 1n, weight];
    const random = { nextUint32: () => 0, nextUint64: () => words.shift()! };
    expect([bernoulli(weight, random), bernoulli(weight, random)]).toEqual([true, false]);
  });
});
