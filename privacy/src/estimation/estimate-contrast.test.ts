import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.ts';
import { multinomial } from '../../testing/trinomial.ts';
import { clopperPearson } from './binomial-intervals.ts';
import { estimateContrast } from './estimate-contrast.ts';
import { estimateShares } from './estimate-shares.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';

const random = seededRandom(1);

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
      channel,
      counts,
      noAnswer: shares.length,
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

  it('agrees with the shares that it weighs', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 1 });
    const counts = [90, 60, 50, 40];
    const { shares } = estimateShares({ channel, counts, noAnswer: 3, confidence: 0.95 });
    const { contrast, respondents } = estimateContrast({
      channel,
      counts,
      noAnswer: 3,
      weights: [1, 0, -1, 99],
      confidence: 0.95,
    });
    expect(contrast).toBeCloseTo(shares[0]!.share - shares[2]!.share, 12);
    expect(respondents).toBe(240);
    const single = estimateContrast({ channel, counts, noAnswer: 3, weights: [1, 0, 0, 0], confidence: 0.95 });
    expect(single.standardError / shares[0]!.standardError).toBeCloseTo(1, 1);
  });

  it('moves with its weights: shifted and scaled', () => {
    for (const counts of [
      [9, 6, 5, 4],
      [90, 60, 50, 40],
    ]) {
      const channel = randomizedResponse({ options: 4, epsilon: 3 });
      const estimate = (weights: number[]) =>
        estimateContrast({ channel, counts, noAnswer: 3, weights, confidence: 0.95 });
      const [plain, moved] = [estimate([1, 0, -1, 0]), estimate([5, 3, 1, 0])];
      for (const key of ['contrast', 'lower', 'upper'] as const) expect(moved[key]).toBeCloseTo(2 * plain[key] + 3, 6);
    }
  });

  it('needs no letter for no answer', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 2 });
    for (const scale of [1, 10]) {
      const { contrast, lower, upper } = estimateContrast({
        channel,
        counts: [20 * scale, 15 * scale, 10 * scale],
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
    const { lower, upper } = estimateContrast({ channel, counts: [20, 15, 10], weights: [1, 0, -1], confidence: 0.95 });
    expect(lower).toBeCloseTo(promoters.lower - detractors.upper, 6);
    expect(upper).toBeCloseTo(promoters.upper - detractors.lower, 6);
  });

  it('refuses weights that do not fit', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 2 });
    for (const weights of [
      [1, 2],
      [1, 2, Number.NaN],
    ]) {
      expect(() => estimateContrast({ channel, counts: [1, 2, 3], weights, confidence: 0.95 })).toThrow(
        'weights must hold 3',
      );
    }
  });
});
