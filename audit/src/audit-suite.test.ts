import { afterEach, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '@chorale/privacy/testing';
import {
  accountLaplace,
  accountPure,
  accountRandomizedResponse,
  accountSubsampledGaussian,
  composeSpends,
  discreteGaussianEpsilon,
  gaussianDelta,
  gaussianEpsilon,
  randomizedResponse,
  SecureRandom,
  SecureRandomUnavailableError,
  type Spend,
} from '@chorale/privacy';
import { builtAudit } from '../testing/built-audit.ts';
import { auditedMechanism, auditedNames } from './audited-mechanisms.ts';

afterEach(() => vi.unstubAllGlobals());

const subjects = [0.4, 3].flatMap((epsilon) =>
  auditedNames.map((name) => auditedMechanism({ name, options: 6, epsilon })),
);

describe('work', () => {
  it.each(subjects)('$mechanism draws as many random words for one input as for any other', (subject) => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const words = subject.inputs.map((input) => {
        const random = seededRandom(seed);
        subject.privatize(input, random);
        return random.wordsDrawn;
      });
      expect(new Set(words).size).toBe(1);
      expect(words[0]).toBeGreaterThan(0);
    }
  });

  it('is seen where it differs', () => {
    // A lie that is drawn only when it is told.
    const channel = randomizedResponse({ options: 2, epsilon: 1 });
    const random = seededRandom(1);
    const words = [0, 1].map((input) => {
      const before = random.wordsDrawn;
      if (channel.privatize(0, random) !== input) random.nextUint32();
      return random.wordsDrawn - before;
    });
    expect(new Set(words).size).toBe(2);
  });
});

describe('without randomness', () => {
  const broken = {
    throws: () => {
      throw new Error('quota');
    },
    'gives one word only': (words: Uint32Array) => words.fill(7),
    'does nothing': (words: Uint32Array) => words,
  };
  it.each(Object.entries(broken))('nothing is reported when the generator %s', (_name, getRandomValues) => {
    vi.stubGlobal('crypto', { getRandomValues });
    for (const { privatize, inputs } of subjects) {
      for (const input of inputs) {
        expect(() => privatize(input, new SecureRandom())).toThrow(SecureRandomUnavailableError);
      }
    }
  });
});

describe('a hundred events cost what a hundred loops cost', () => {
  const steps = 100;
  const delta = 1e-6;
  type Account = (steps: number) => number;

  /** delta(epsilon) of as many randomized responses as there are steps, by a loop over them. */
  function loopDelta(options: number, epsilonPerStep: number, epsilon: number): number {
    const p = Math.exp(epsilonPerStep) / (Math.exp(epsilonPerStep) + options - 1);
    const q = p * Math.exp(-epsilonPerStep);
    // By the loss in units of epsilonPerStep, from -steps to steps.
    let masses = new Float64Array(2 * steps + 1);
    masses[steps] = 1;
    for (let step = 0; step < steps; step += 1) {
      const next = new Float64Array(2 * steps + 1);
      for (let loss = 1; loss < 2 * steps; loss += 1) {
        next[loss + 1]! += masses[loss]! * p;
        next[loss]! += masses[loss]! * q * (options - 2);
        next[loss - 1]! += masses[loss]! * q;
      }
      masses = next;
    }
    return masses.reduce((sum, mass, index) => {
      const loss = (index - steps) * epsilonPerStep;
      return sum + (loss > epsilon ? mass * -Math.expm1(epsilon - loss) : 0);
    }, 0);
  }
  const isLoop = (options: number, account: Account): boolean =>
    Math.abs(loopDelta(options, 0.1, account(steps)) / delta - 1) < 1e-6;

  const pure: Account = (count) => accountPure({ epsilonPerStep: 0.1, steps: count, delta }).epsilon;
  const response =
    (options: number): Account =>
    (count) =>
      accountRandomizedResponse({ options, epsilonPerStep: 0.1, steps: count, delta }).epsilon;

  it('by randomized response, and by any pure mechanism', () => {
    expect(isLoop(2, pure)).toBe(true);
    for (const options of [2, 5, 50]) expect(isLoop(options, response(options))).toBe(true);
    expect(accountPure({ epsilonPerStep: 0.1, steps, delta: 0 }).epsilon).toBeCloseTo(10, 12);
  });

  it('and an accountant that ignores its count, one of its steps, or delta is found', () => {
    expect(isLoop(5, () => response(5)(1))).toBe(false);
    expect(isLoop(5, (count) => response(5)(count - 1))).toBe(false);
    expect(
      isLoop(
        5,
        (count) =>
          accountRandomizedResponse({ options: 5, epsilonPerStep: 0.1, steps: count, delta: delta * count }).epsilon,
      ),
    ).toBe(false);
    expect(isLoop(5, (count) => response(5)(count) / Math.LN2)).toBe(false);
  });

  const spends = (spend: object): Spend[] =>
    Array.from(
      { length: steps },
      () => ({ neighboringRelation: 'replace-one', privacyUnit: 'employee', ...spend }) as Spend,
    );

  it('by a ledger of Gaussians, or of pure mechanisms', () => {
    const gaussian = gaussianEpsilon({ noiseMultiplier: 20, steps, delta });
    expect(composeSpends(spends({ mechanism: 'gaussian', noiseMultiplier: 20 }), { delta }).epsilon).toBeCloseTo(
      gaussian,
      9,
    );
    // A hundred Gaussians are one with a tenth of the noise.
    expect(gaussianEpsilon({ noiseMultiplier: 2, steps: 1, delta })).toBeCloseTo(gaussian, 9);
    expect(gaussianDelta({ noiseMultiplier: 20, steps, epsilon: gaussian })).toBeCloseTo(delta, 12);
    expect(composeSpends(spends({ mechanism: 'pure', epsilon: 0.1 }), { delta: 0 }).epsilon).toBeCloseTo(10, 12);
    // What is composed generically is never below what is exact.
    const generic = composeSpends(spends({ mechanism: 'pure', epsilon: 0.1 }), { delta }).epsilon;
    expect(generic).toBeGreaterThanOrEqual(pure(steps) * (1 - 1e-9));
    expect(generic).toBeLessThanOrEqual(10);
  });

  it('by sampled and by discrete Gaussians, where these are plain Gaussians', () => {
    const gaussian = gaussianEpsilon({ noiseMultiplier: 20, steps, delta });
    const sampled = { noiseMultiplier: 20, samplingRate: 1, steps, delta };
    expect(accountSubsampledGaussian(sampled).epsilon / gaussian).toBeCloseTo(1, 6);
    const discrete = { noiseStddev: 2_000, sensitivity: 100, dimension: 1, steps, delta };
    expect(discreteGaussianEpsilon(discrete) / gaussian).toBeCloseTo(1, 3);
  });

  it('and more events never cost less', () => {
    const accounts: Account[] = [
      pure,
      response(5),
      (count) => accountLaplace({ epsilonPerStep: 0.1, steps: count, delta }).epsilon,
      (count) => gaussianEpsilon({ noiseMultiplier: 20, steps: count, delta }),
      (count) => accountSubsampledGaussian({ noiseMultiplier: 2, samplingRate: 0.1, steps: count, delta }).epsilon,
      (count) => discreteGaussianEpsilon({ noiseStddev: 40, sensitivity: 2, dimension: 5, steps: count, delta }),
    ];
    for (const account of accounts) {
      const costs = [1, 2, 10, 100].map(account);
      expect(costs).toEqual(costs.toSorted((a, b) => a - b));
      expect(costs[3]).toBeGreaterThan(2 * costs[0]!);
    }
  });
});

describe('the built package', () => {
  const foretellable = /Math\s*(\?\.|\.|(\?\.)?\[\s*["'`])\s*random/;

  it('holds no Math.random, whose numbers can be foretold', async () => {
    const code = await builtAudit();
    expect(code).toContain('getRandomValues');
    expect(code).not.toMatch(foretellable);
    for (const found of ['Math.random()', 'Math?.random()', 'Math["random"]']) expect(found).toMatch(foretellable);
  });
});
