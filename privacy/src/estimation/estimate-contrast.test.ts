import { describe, expect, it } from 'vitest';
import { reportTables } from '../../testing/report-table.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { multinomial } from '../../testing/trinomial.ts';
import { clopperPearson } from './binomial-intervals.ts';
import { countSupport } from './count-support.ts';
import { estimateContrast } from './estimate-contrast.ts';
import { estimateShares } from './estimate-shares.ts';
import { exactRatioInterval } from './ratio-interval.ts';
import type { FrequencyChannel } from '../mechanisms/frequency-mechanism.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';
import { subsetSelection } from '../mechanisms/subset-selection.ts';

const random = seededRandom(1);

const tally = (channel: FrequencyChannel, counts: readonly number[], noAnswer?: number) =>
  countSupport({ channel, reports: counts.keys(), times: counts, noAnswer });

/** How often the interval holds the truth in simulated surveys. */
function coverage(setting: {
  respondents: number;
  epsilon: number;
  shares: number[];
  weights: number[];
  answering: number;
  repeats: number;
}): number {
  const { respondents, epsilon, shares, weights, answering, repeats } = setting;
  const channel = randomizedResponse({ options: shares.length + 1, epsilon });
  const truth = shares.reduce((sum, share, letter) => sum + share * weights[letter]!, 0);
  const probabilities = [...shares.map((share) => share * answering), 1 - answering].map(
    (share) => channel.q + share * (channel.p - channel.q),
  );
  let held = 0;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const counts = multinomial(respondents, probabilities, random);
    const { lower, upper } = estimateContrast({
      ...tally(channel, counts, shares.length),
      weights: [...weights, 0],
      confidence: 0.95,
    });
    held += Number(lower <= truth && truth <= upper);
  }
  return held / repeats;
}

const populations = [
  [0.5, 0.3, 0.2],
  [0.98, 0.01, 0.01],
  [1, 0, 0],
  [0.02, 0.96, 0.02],
];

describe('estimateContrast', () => {
  it.each([20, 60, 200, 1_000])('covers eNPS at least 95% of the time with %i respondents', (respondents) => {
    const repeats = respondents >= 1_000 ? 200 : 400;
    // Four standard errors of the simulation below 95%, or 94% from 100 respondents on.
    const least = (respondents < 100 ? 0.95 : 0.94) - 4 * Math.sqrt((0.95 * 0.05) / repeats);
    for (const epsilon of [0.5, 2, 8]) {
      for (const shares of populations) {
        for (const answering of [1, 0.8]) {
          const setting = { respondents, epsilon, shares, weights: [1, 0, -1], answering, repeats };
          expect(coverage(setting), JSON.stringify(setting)).toBeGreaterThanOrEqual(least);
        }
      }
    }
  });

  it('covers the mean of a scale of many weights', () => {
    const shares = [0.05, 0.05, 0.1, 0.3, 0.5];
    for (const respondents of [30, 300]) {
      const setting = { respondents, epsilon: 2, shares, weights: [1, 2, 3, 4, 5], answering: 0.8, repeats: 400 };
      expect(coverage(setting)).toBeGreaterThanOrEqual(0.94 - 4 * Math.sqrt((0.95 * 0.05) / 400));
    }
  });

  it.each([
    reportTables['subset-selection']({ options: 4, epsilon: 1, size: 2 }),
    reportTables['subset-selection']({ options: 4, epsilon: 6, size: 2 }),
    reportTables['subset-selection']({ options: 6, epsilon: 8, size: 3 }),
    reportTables['optimized-unary-encoding']({ options: 4, epsilon: 2 }),
    reportTables['optimal-local-hashing']({ options: 4, epsilon: 1.5, hashValues: 3 }),
  ])(
    'covers contrasts and shares where reports support several letters: $channel.mechanism, $channel.options letters, epsilon $channel.epsilon',
    ({ channel, reports, probability }) => {
      const noAnswer = channel.options - 1;
      const weights = channel.options === 4 ? [1, 0, -1, 0] : [1, 2, 3, 4, 5, 0];
      const repeats = 250;
      for (const respondents of [90, 120, 400]) {
        for (const [first, answering] of [
          [0.4, 0.7],
          [0.97, 1],
        ] as const) {
          const shares = weights.map((_, letter) => (letter === 0 ? first : letter === 1 ? 1 - first : 0));
          const truth = shares[0]! * weights[0]! + shares[1]! * weights[1]!;
          const people = shares.map((share, letter) => (letter === noAnswer ? 1 - answering : share * answering));
          const chances = reports.map((_, index) =>
            people.reduce((sum, part, letter) => sum + part * probability(letter, index), 0),
          );
          let contrasts = 0;
          let held = 0;
          for (let repeat = 0; repeat < repeats; repeat += 1) {
            const times = multinomial(respondents, chances, random);
            const support = { ...countSupport({ channel, reports, times, noAnswer }), confidence: 0.95 };
            const contrast = estimateContrast({ ...support, weights });
            contrasts += Number(contrast.lower <= truth && truth <= contrast.upper);
            const [share] = estimateShares(support).shares;
            held += Number(share!.lower <= first && first <= share!.upper);
          }
          // Four standard errors of the simulation, as above.
          const least = (respondents < 100 ? 0.95 : 0.94) - 4 * Math.sqrt((0.95 * 0.05) / repeats);
          expect(contrasts / repeats).toBeGreaterThanOrEqual(least);
          expect(held / repeats).toBeGreaterThanOrEqual(least);
        }
      }
    },
  );

  it.each([
    reportTables['subset-selection']({ options: 5, epsilon: 1, size: 2 }),
    reportTables['optimized-unary-encoding']({ options: 4, epsilon: 1 }),
  ])('states the error that many surveys have: $channel.mechanism', ({ channel, reports, probability }) => {
    const noAnswer = channel.options - 1;
    const weights = [4, 1, 0, -1, 0].slice(0, channel.options);
    const people = [0.3, 0.2, 0.1, 0.2, 0.2].slice(0, channel.options);
    const all = people.reduce((sum, part) => sum + part, 0);
    const chances = reports.map((_, index) =>
      people.reduce((sum, part, letter) => sum + (part / all) * probability(letter, index), 0),
    );
    const estimates = Array.from({ length: 1_500 }, () => {
      const times = multinomial(800, chances, random);
      return estimateContrast({ ...countSupport({ channel, reports, times, noAnswer }), weights, confidence: 0.95 });
    });
    const mean = estimates.reduce((sum, { contrast }) => sum + contrast, 0) / estimates.length;
    const variance = estimates.reduce((sum, { contrast }) => sum + (contrast - mean) ** 2, 0) / estimates.length;
    const stated = estimates.reduce((sum, { standardError }) => sum + standardError ** 2, 0) / estimates.length;
    // The variance of a variance of n normal numbers is 2 / n of its square; a ratio has some bias on top.
    expect(Math.abs(stated / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / estimates.length) + 0.03);
  });

  it('agrees with the shares that it weighs', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 1 });
    const counts = [90, 60, 50, 40];
    const { shares } = estimateShares({ ...tally(channel, counts, 3), confidence: 0.95 });
    const { contrast, respondents } = estimateContrast({
      ...tally(channel, counts, 3),
      weights: [1, 0, -1, 99],
      confidence: 0.95,
    });
    expect(contrast).toBeCloseTo(shares[0]!.share - shares[2]!.share, 12);
    expect(respondents).toBe(240);
    const single = estimateContrast({ ...tally(channel, counts, 3), weights: [1, 0, 0, 0], confidence: 0.95 });
    expect(single.standardError / shares[0]!.standardError).toBeCloseTo(1, 1);
  });

  it('moves with its weights: shifted and scaled', () => {
    for (const counts of [
      [9, 6, 5, 4],
      [90, 60, 50, 40],
    ]) {
      const channel = randomizedResponse({ options: 4, epsilon: 3 });
      const estimate = (weights: number[]) =>
        estimateContrast({ ...tally(channel, counts, 3), weights, confidence: 0.95 });
      const [plain, moved] = [estimate([1, 0, -1, 0]), estimate([5, 3, 1, 0])];
      for (const key of ['contrast', 'lower', 'upper'] as const) expect(moved[key]).toBeCloseTo(2 * plain[key] + 3, 6);
    }
  });

  it('needs no letter for no answer', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 2 });
    for (const scale of [1, 10]) {
      const { contrast, lower, upper } = estimateContrast({
        ...tally(channel, [20 * scale, 15 * scale, 10 * scale]),
        weights: [1, 0, -1],
        confidence: 0.95,
      });
      expect(contrast).toBeCloseTo(10 / 45 / (channel.p - channel.q), 12);
      expect(lower).toBeLessThan(contrast);
      expect(upper).toBeGreaterThan(contrast);
      expect(upper - lower).toBeLessThan(2);
    }
  });

  it('adds exact intervals of the two parts where there are few reports', () => {
    // No noise to speak of: the contrast is the difference of two binomial shares, each at half the error.
    const channel = randomizedResponse({ options: 3, epsilon: 20 });
    const promoters = clopperPearson({ successes: 20, trials: 45, confidence: 0.975 });
    const detractors = clopperPearson({ successes: 10, trials: 45, confidence: 0.975 });
    const { lower, upper } = estimateContrast({
      ...tally(channel, [20, 15, 10]),
      weights: [1, 0, -1],
      confidence: 0.95,
    });
    expect(lower).toBeCloseTo(promoters.lower - detractors.upper, 6);
    expect(upper).toBeCloseTo(promoters.upper - detractors.lower, 6);
  });

  it('adds them among the reports that do not support "no answer" where reports support several letters', () => {
    const channel = subsetSelection({ options: 4, epsilon: 3, size: 2 });
    const { p, q, pairWithTruth, pairWithoutTruth } = channel;
    const support = { respondents: 50, counts: [30, 25, 20, 25], countsWithNoAnswer: [8, 9, 8, 25], noAnswer: 3 };
    const expected = exactRatioInterval(
      { answers: 25, total: 50, none: channel },
      (level) => {
        const confidence = 1 - (1 - level) / 2;
        const promoters = clopperPearson({ successes: 22, trials: 25, confidence });
        const detractors = clopperPearson({ successes: 12, trials: 25, confidence });
        return { lower: promoters.lower - detractors.upper, upper: promoters.upper - detractors.lower };
      },
      { gain: (p - q - pairWithTruth + pairWithoutTruth) / (p - q), confidence: 0.95 },
    );
    const { lower, upper } = estimateContrast({ channel, ...support, weights: [1, 0, -1, 0], confidence: 0.95 });
    expect(lower).toBeCloseTo(expected.lower, 9);
    expect(upper).toBeCloseTo(expected.upper, 9);
  });

  it('refuses weights that do not fit', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 2 });
    const weighted = (...weights: number[]) =>
      expect(() => estimateContrast({ ...tally(channel, [1, 2, 3]), weights, confidence: 0.95 }));
    weighted(1, 2).toThrow('weights must hold 3 numbers, got 2');
    weighted(1, 2, Number.NaN).toThrow('weights[2] must be finite, got NaN');
  });
});
