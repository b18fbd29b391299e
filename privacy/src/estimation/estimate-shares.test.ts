import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportTables } from '../../testing/report-table.ts';
import { trinomialMean } from '../../testing/trinomial.ts';
import { clopperPearson, wilson } from './binomial-intervals.ts';
import { countSupport } from './count-support.ts';
import { estimateShares, type SharesOptions } from './estimate-shares.ts';
import type { FrequencyChannel, SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';
import { localHashing } from '../mechanisms/local-hashing.ts';
import { subsetSelection } from '../mechanisms/subset-selection.ts';
import { unaryEncoding } from '../mechanisms/unary-encoding.ts';

const tally = (channel: FrequencyChannel, counts: readonly number[], noAnswer?: number) =>
  countSupport({ channel, reports: counts.keys(), times: counts, noAnswer });

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
    const [estimate] = estimateShares({ ...tally(channel, counts, options - 1), confidence: 0.95 }).shares;
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

/**
 * The same for any mechanism and fewer than 100 respondents, where the interval depends on two numbers alone: the
 * reports that support the letter and not "no answer", and all that do not support "no answer".
 */
function coverageOfFew(
  { p, q, pairWithTruth, pairWithoutTruth }: SupportProbabilities,
  { respondents, share, answering }: { respondents: number; share: number; answering: number },
  assumed: Partial<SupportProbabilities> = {},
): number {
  const holders = answering * share;
  const both = pairWithoutTruth + (holders + 1 - answering) * (pairWithTruth - pairWithoutTruth);
  const alone = q + (p - q) * holders - both;
  const none = q + (p - q) * (1 - answering);
  return trinomialMean(respondents, [alone, 1 - alone - none, none], ([first, , skipped]) => {
    const [estimate] = estimateShares({
      channel: { options: 2, p, q, pairWithTruth, pairWithoutTruth, ...assumed },
      respondents,
      counts: [first, skipped],
      noAnswer: 1,
      countsWithNoAnswer: [0, skipped],
      confidence: 0.95,
    }).shares;
    return Number(estimate!.lower <= share && share <= estimate!.upper);
  });
}

describe('coverage where a report supports several letters, enumerated', () => {
  const channels = [
    subsetSelection({ options: 4, epsilon: 4, size: 2 }),
    subsetSelection({ options: 12, epsilon: 1 }),
    unaryEncoding({ options: 6, epsilon: 1 }),
    unaryEncoding({ options: 12, epsilon: 4 }),
    localHashing({ options: 12, epsilon: 2 }),
  ];
  it.each(channels)('is at least 95%: $mechanism over $options letters, epsilon $epsilon', (channel) => {
    for (const share of [0, 0.3, 1])
      for (const answering of [1, 0.6]) {
        const few = { respondents: 20, share, answering };
        expect(coverageOfFew(channel, few), JSON.stringify(few)).toBeGreaterThanOrEqual(0.95);
        const more = { respondents: 60, share, answering };
        if (share !== 0.3) expect(coverageOfFew(channel, more), JSON.stringify(more)).toBeGreaterThanOrEqual(0.95);
      }
  });

  it('would not be with other probabilities of pairs', () => {
    // Without pairs, as if a report supported one letter: the first three channels support enough others to notice.
    const setting = { respondents: 60, share: 0.3, answering: 1 };
    for (const channel of channels.slice(0, 3)) {
      expect(coverageOfFew(channel, setting, { pairWithTruth: 0, pairWithoutTruth: 0 })).toBeLessThan(0.95);
      const { pairWithTruth } = channel;
      expect(coverageOfFew(channel, setting, { pairWithTruth, pairWithoutTruth: pairWithTruth })).toBeLessThan(0.95);
    }
  });
});

describe('countSupport', () => {
  const channel = subsetSelection({ options: 4, epsilon: 1, size: 2 });
  // In the order of their largest letter: 01, 02, 12, 03, 13, 23.
  it('counts what reports support, and with "no answer" at the same time', () => {
    expect(countSupport({ channel, reports: [0, 2, 2, 5], noAnswer: 1 })).toEqual({
      channel,
      respondents: 4,
      counts: Float64Array.of(1, 3, 3, 1),
      noAnswer: 1,
      countsWithNoAnswer: Float64Array.of(1, 3, 2, 0),
    });
  });

  it('counts outputs as often as they came, in fractions too', () => {
    const times = [2, 0, 0.5, 1, 0, 0];
    const counted = countSupport({ channel, reports: times.keys(), times, noAnswer: 3 });
    expect(counted).toMatchObject({ respondents: 3.5, counts: Float64Array.of(3, 2.5, 0.5, 1) });
    expect(counted.countsWithNoAnswer).toEqual(Float64Array.of(1, 0, 0, 1));
    expect(countSupport({ channel, reports: times.keys(), times }).countsWithNoAnswer).toEqual(new Float64Array(4));
  });

  it('refuses what is no report, and letters that there are not', () => {
    expect(() => countSupport({ channel, reports: [0, 6] })).toThrow('report must be an integer in [0, 5], got 6');
    expect(() => countSupport({ channel, reports: [0], noAnswer: 4 })).toThrow('noAnswer must be an integer in [0, 3]');
    expect(() => countSupport({ channel, reports: [0, 1], times: [1] })).toThrow('times must be finite and >= 0');
    expect(() => countSupport({ channel, reports: [0], times: [-1] })).toThrow('times must be finite and >= 0');
  });
});

describe('estimateShares', () => {
  it.each([
    reportTables['randomized-response']({ options: 4, epsilon: 1 }),
    reportTables['subset-selection']({ options: 5, epsilon: 0.5 }),
    reportTables['optimized-unary-encoding']({ options: 4, epsilon: 1 }),
    reportTables['optimal-local-hashing']({ options: 4, epsilon: 1 }),
  ])('gives back the truth from expected reports: $channel.mechanism', ({ channel, reports, probability }) => {
    const { options } = channel;
    const noAnswer = options - 1;
    const people = Array.from({ length: options }, (_, letter) => (letter === noAnswer ? 0.3 : 0.1 * (letter + 1)));
    const all = people.reduce((sum, part) => sum + part, 0);
    for (const respondents of [50, 5_000]) {
      const times = reports.map((_, index) =>
        people.reduce((sum, part, letter) => sum + (respondents / all) * part * probability(letter, index), 0),
      );
      const estimate = estimateShares({ ...countSupport({ channel, reports, times, noAnswer }), confidence: 0.95 });
      expect(estimate.respondents).toBeCloseTo(respondents, 9);
      expect(estimate.answered.share).toBeCloseTo(1 - 0.3 / all, 9);
      for (const [letter, { share, lower, upper }] of estimate.shares.entries()) {
        expect(share).toBeCloseTo(people[letter]! / (all - 0.3), 9);
        expect(lower).toBeLessThan(share);
        expect(upper).toBeGreaterThan(share);
      }
    }
  });

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
          const estimate = estimateShares({ ...tally(channel, counts, options - 1), confidence: 0.95 });
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
      const { shares, answered } = estimateShares({ ...tally(channel, counts), confidence: 0.9 });
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
    // No noise to speak of: lambda_A is 1 and the share among those who answer a plain share.
    const channel = randomizedResponse({ options: 4, epsilon: 20 });
    const { shares } = estimateShares({ ...tally(channel, [90, 60, 50, 0], 3), confidence: 0.95 });
    const { lower, upper } = wilson({ successes: 90, trials: 200, confidence: 0.95 });
    expect(shares[0]!.lower).toBeCloseTo(lower, 7);
    expect(shares[0]!.upper).toBeCloseTo(upper, 7);
  });

  it('says nothing rather than something false where perhaps nobody answers', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 0.5 });
    for (const counts of [
      [30, 30, 60],
      [100, 100, 300],
      [0, 0, 50],
    ]) {
      const { shares } = estimateShares({ ...tally(channel, counts, 2), confidence: 0.95 });
      expect([shares[0]!.lower, shares[0]!.upper]).toEqual([-Infinity, Infinity]);
    }
  });

  it('does not mind how letters are ordered, or where "no answer" stands', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 2 });
    const first = estimateShares({ ...tally(channel, [50, 40, 30, 20], 3), confidence: 0.95 });
    const second = estimateShares({ ...tally(channel, [20, 30, 40, 50], 0), confidence: 0.95 });
    expect(second.shares.toReversed()).toEqual(first.shares);
  });

  it('has a standard error for any counts, also where all reports agree', () => {
    for (const epsilon of [0.5, 2, 20]) {
      for (const channel of [randomizedResponse({ options: 3, epsilon }), unaryEncoding({ options: 3, epsilon })]) {
        const { p, q } = channel;
        for (const respondents of [1, 2, 10]) {
          for (let support = 0; support <= respondents; support += 1) {
            const counts = [support, respondents - support, 0];
            const all = { channel, counts, respondents, confidence: 0.95 };
            const { shares } = estimateShares(all);
            const skipped = estimateShares({ ...all, noAnswer: 2, countsWithNoAnswer: [0, 0, 0] });
            const gains = { [p - q]: [...shares, skipped.answered], [p]: skipped.shares };
            for (const [gain, estimates] of Object.entries(gains)) {
              // 1 / (2 sqrt n) is the most that a count's standard error can be; with skipping p is what divides it.
              const most = 0.5 / Math.sqrt(respondents) / Number(gain);
              for (const { standardError } of estimates) {
                expect(standardError).toBeGreaterThan(0.3 * most);
                expect(standardError).toBeLessThan(3.5 * most);
              }
            }
          }
        }
      }
    }
  });

  it('has the plain standard error for many reports, which are as far from the truth as it says', () => {
    const { channel, respondents, counts } = {
      ...tally(randomizedResponse({ options: 3, epsilon: 1 }), [4e7, 5e7, 1e7]),
    };
    const { p, q } = channel;
    const { shares } = estimateShares({ channel, respondents, counts, confidence: 0.95 });
    expect(shares[0]!.standardError / (Math.sqrt((0.4 * 0.6) / 1e8) / (p - q))).toBeCloseTo(1, 6);
    // With "no answer": (.4 - q) / (.9 - (1 - p)), by the variance of a ratio of two counts of one multinomial.
    const skipping = estimateShares({ channel, respondents, counts, noAnswer: 2, confidence: 0.95 });
    const denominator = 0.9 - (1 - p);
    const ratio = (0.4 - q) / denominator;
    const mean = 0.4 - ratio * 0.9;
    const variance = 0.4 * (1 - ratio) ** 2 + 0.5 * ratio ** 2 - mean ** 2;
    expect(skipping.shares[0]!.standardError / (Math.sqrt(variance / 1e8) / denominator)).toBeCloseTo(1, 6);
    expect(skipping.answered.standardError / (Math.sqrt((0.9 * 0.1) / 1e8) / (p - q))).toBeCloseTo(1, 6);
  });

  it('refuses counts that do not fit', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 1 });
    const estimate = (options: Partial<SharesOptions>) => () =>
      estimateShares({ channel, counts: [1, 2, 3], respondents: 6, confidence: 0.95, ...options });
    expect(estimate({})).not.toThrow();
    expect(estimate({ counts: [1, 2] })).toThrow('counts must hold 3 numbers, got 2');
    expect(estimate({ counts: [1, 2, -1] })).toThrow('counts must be in [0, 6], got -1');
    expect(estimate({ counts: [1, 2, 7] })).toThrow('counts must be in [0, 6], got 7');
    expect(estimate({ countsWithNoAnswer: [0, 0] })).toThrow('countsWithNoAnswer must hold 3 numbers, got 2');
    for (const respondents of [0, Number.NaN, Infinity])
      expect(estimate({ respondents })).toThrow('respondents must be finite and > 0');
    expect(estimate({ noAnswer: 3 })).toThrow('noAnswer must be');
    expect(estimate({ confidence: 1 })).toThrow('confidence must be in (0, 1), got 1');
    const several = subsetSelection({ options: 3, epsilon: 1, size: 2 });
    expect(estimate({ channel: several })).not.toThrow();
    expect(estimate({ channel: several, noAnswer: 2 })).toThrow('countsWithNoAnswer must hold');
  });
});
