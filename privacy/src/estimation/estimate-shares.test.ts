import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trinomialMean } from '../../testing/trinomial.ts';
import { clopperPearson, wilson } from './binomial-intervals.ts';
import { estimateShares } from './estimate-shares.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';

interface Setting {
  respondents: number;
  options: number;
  epsilon: number;
  share: number;
  answering: number;
}

/** Exact: the probability, over respondents and noise, that the first letter's interval holds its true share. */
function coverage({ respondents, options, epsilon, share, answering }: Setting, widen = 1): number {
  const channel = randomizedResponse({ options, epsilon });
  const { p, q } = channel;
  const support = q + (p - q) * answering * share;
  const none = q + (p - q) * (1 - answering);
  return trinomialMean(respondents, [support, 1 - support - none, none], ([first, others, skipped]) => {
    const counts = [first, others, ...Array.from({ length: options - 3 }, () => 0), skipped];
    const [estimate] = estimateShares({ channel, counts, noAnswer: options - 1, confidence: 0.95 }).shares;
    const middle = (estimate!.lower + estimate!.upper) / 2;
    const half = ((estimate!.upper - estimate!.lower) / 2) * widen;
    if (half === Infinity) return 1;
    return Number(middle - half <= share && share <= middle + half);
  });
}

const settings = (respondents: number, list: [number, number, number, number][]): Setting[] =>
  list.map(([options, epsilon, share, answering]) => ({ respondents, options, epsilon, share, answering }));

describe('coverage of the 95% interval for a share among those who answer, enumerated', () => {
  const few = [3, 6].flatMap((options) =>
    [0.5, 1, 2, 4, 8].flatMap((epsilon) =>
      [0, 0.05, 0.5, 0.9, 1].flatMap((share) =>
        [1, 0.8].map((answering): [number, number, number, number] => [options, epsilon, share, answering]),
      ),
    ),
  );
  it('is at least 95% for 20 respondents', () => {
    for (const setting of settings(20, few))
      expect(coverage(setting), JSON.stringify(setting)).toBeGreaterThanOrEqual(0.95);
  });

  it('is at least 95% for 60 respondents', () => {
    const list: [number, number, number, number][] = [
      [3, 4, 0.05, 1],
      [3, 0.5, 0.5, 0.8],
      [6, 2, 0.9, 0.8],
      [3, 8, 0.2, 1],
    ];
    for (const setting of settings(60, list))
      expect(coverage(setting), JSON.stringify(setting)).toBeGreaterThanOrEqual(0.95);
  });

  it('is at least 94% from 100 respondents on, rare letters included', () => {
    const hard = [
      ...settings(100, [
        [3, 8, 0.9, 1],
        [6, 8, 1, 1],
        [6, 1, 1, 1],
        [3, 8, 0.2, 1],
        [3, 1, 0.5, 0.8],
      ]),
      ...settings(200, [
        [3, 8, 0, 1],
        [6, 0.5, 0, 1],
        [6, 4, 0.01, 0.8],
        [3, 2, 0.5, 0.8],
      ]),
    ];
    for (const setting of hard) expect(coverage(setting), JSON.stringify(setting)).toBeGreaterThanOrEqual(0.94);
  });

  it('would not be with intervals a tenth too narrow', () => {
    expect(coverage({ respondents: 100, options: 3, epsilon: 1, share: 0.5, answering: 0.8 }, 0.9)).toBeLessThan(0.94);
  });
});

describe('estimateShares', () => {
  it('gives back the truth from expected counts', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 20 }),
        fc.double({ min: 0.2, max: 10, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 19, maxLength: 19 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.constantFrom(30, 500),
        (options, epsilon, raw, answering, respondents) => {
          const channel = randomizedResponse({ options, epsilon });
          const letters = raw.slice(0, options - 1);
          const sum = letters.reduce((total, value) => total + value, 0);
          const shares = letters.map((value) => value / sum);
          const counts = [...shares.map((share) => share * answering), 1 - answering].map(
            (share) => respondents * (channel.q + share * (channel.p - channel.q)),
          );
          const estimate = estimateShares({ channel, counts, noAnswer: options - 1, confidence: 0.95 });
          expect(estimate.respondents).toBeCloseTo(respondents, 9);
          expect(estimate.answered.share).toBeCloseTo(answering, 9);
          for (const [letter, share] of shares.entries()) {
            const found = estimate.shares[letter]!;
            expect(found.share).toBeCloseTo(share, 7);
            expect(found.lower).toBeLessThan(share + 1e-9);
            expect(found.upper).toBeGreaterThan(share - 1e-9);
          }
        },
      ),
    );
  });

  it('is the transformed Clopper-Pearson or Wilson interval where nobody may skip', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 1 });
    const share = (lambda: number): number => (lambda - channel.q) / (channel.p - channel.q);
    for (const [counts, interval] of [
      [[20, 10, 30, 25], clopperPearson],
      [[90, 60, 40, 70], wilson],
    ] as const) {
      const trials = counts.reduce((sum, count) => sum + count, 0);
      const { shares, answered } = estimateShares({ channel, counts, confidence: 0.9 });
      expect(answered).toEqual({ share: 1, lower: 1, upper: 1, standardError: 0 });
      for (const [letter, successes] of counts.entries()) {
        const { lower, upper } = interval({ successes, trials, confidence: 0.9 });
        expect(shares[letter]).toMatchObject({
          lower: expect.closeTo(share(lower), 12),
          upper: expect.closeTo(share(upper), 12),
        });
      }
    }
  });

  it('becomes Wilson where the letter for no answer carries no noise and nobody uses it', () => {
    // A channel whose lies never say "none": q enters, but all k' answers add up to one.
    const channel = { options: 4, p: 0.6, q: 0.2 };
    const withLetter = estimateShares({ channel, counts: [90, 60, 50, 0], noAnswer: 3, confidence: 0.95 }).shares[0]!;
    const { lower, upper } = wilson({ successes: 90, trials: 200, confidence: 0.95 });
    // k' q + (p - q) = 1: lambda_A is 1 exactly.
    expect(withLetter.lower).toBeCloseTo((lower - 0.2) / 0.4, 12);
    expect(withLetter.upper).toBeCloseTo((upper - 0.2) / 0.4, 12);
  });

  it('says nothing rather than something false where perhaps nobody answers', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 0.5 });
    for (const counts of [
      [30, 30, 60],
      [100, 100, 300],
      [0, 0, 50],
    ]) {
      const { shares } = estimateShares({ channel, counts, noAnswer: 2, confidence: 0.95 });
      expect([shares[0]!.lower, shares[0]!.upper]).toEqual([-Infinity, Infinity]);
    }
  });

  it('does not mind how letters are ordered, or where "no answer" stands', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 2 });
    const first = estimateShares({ channel, counts: [50, 40, 30, 20], noAnswer: 3, confidence: 0.95 });
    const second = estimateShares({ channel, counts: [20, 30, 40, 50], noAnswer: 0, confidence: 0.95 });
    expect(second.shares.toReversed()).toEqual(first.shares);
  });

  it('refuses counts that do not fit', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 1 });
    const estimate = (counts: number[], noAnswer?: number) => () =>
      estimateShares({ channel, counts, noAnswer, confidence: 0.95 });
    expect(estimate([1, 2])).toThrow('counts must hold 3 letters, got 2');
    expect(estimate([1, 2, -1])).toThrow('counts must be finite and >= 0, got -1');
    expect(estimate([0, 0, 0])).toThrow('at least one report');
    expect(estimate([1, 2, 3], 3)).toThrow('noAnswer must be');
  });
});
