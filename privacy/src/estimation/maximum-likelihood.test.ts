import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multinomial } from '../../testing/trinomial.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import vectors from '../../vectors/estimation.json' with { type: 'json' };
import { longitudinalRandomizedResponse } from '../mechanisms/longitudinal-randomized-response.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';
import { estimateDistribution } from '../mechanisms/square-wave.ts';
import { maximumLikelihood } from './maximum-likelihood.ts';
import { simplexProjection } from './post-processing.ts';

const countsOf = (letters: number) =>
  fc.array(fc.integer({ min: 0, max: 200 }), { minLength: letters, maxLength: letters });

describe('maximumLikelihood', () => {
  it.each(vectors.rows.grr_mle)('has the shares of the reference at k=$k, epsilon=$eps', (row) => {
    const channel = randomizedResponse({ options: row.k, epsilon: row.eps });
    const { shares, respondents, answered } = maximumLikelihood({ channel, counts: row.report_counts });
    expect(answered).toBe(1);
    for (const [letter, share] of shares.entries()) {
      expect(Math.abs(share - row.mle[letter]!)).toBeLessThan(1e-9);
      expect(Math.abs(share - row.em[letter]!)).toBeLessThan(1e-6);
      const raw = (row.report_counts[letter]! / respondents - channel.q) / (channel.p - channel.q);
      expect(Math.abs(raw - row.raw[letter]!)).toBeLessThan(1e-9);
    }
  });

  it('is what expectation maximization comes to', () => {
    fc.assert(
      fc.property(countsOf(5), fc.double({ min: 0.5, max: 4, noNaN: true }), (counts, epsilon) => {
        fc.pre(counts.some((count) => count > 0));
        const channel = randomizedResponse({ options: 5, epsilon });
        const { shares } = maximumLikelihood({ channel, counts });
        const likelihood = (of: readonly number[]) =>
          counts.reduce(
            (sum, count, letter) => sum + count * Math.log(channel.q + (channel.p - channel.q) * of[letter]!),
            0,
          );
        const em = estimateDistribution({ channel, counts, smoothing: 0, tolerance: 0 });
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(likelihood(shares)).toBeGreaterThanOrEqual(likelihood(em.shares) - 1e-9);
        expect(likelihood(shares)).toBeLessThan(likelihood(em.shares) + 1e-3);
        expect(likelihood(shares)).toBeGreaterThanOrEqual(likelihood(simplexProjection(em.shares)) - 1e-9);
      }),
      { numRuns: 25 },
    );
  });

  it('is the raw shares where none of them is below 0, for memoized reports too', () => {
    const channel = longitudinalRandomizedResponse({ options: 4, epsilon: 3, firstReportEpsilon: 2 });
    const counts = [200, 300, 250, 250];
    const { shares } = maximumLikelihood({ channel, counts });
    for (const [letter, share] of shares.entries()) {
      expect(share).toBeCloseTo((counts[letter]! / 1000 - channel.q) / (channel.p - channel.q), 12);
    }
  });

  it('does not care about the order of letters, and equal counts get equal shares', () => {
    fc.assert(
      fc.property(countsOf(6), (counts) => {
        fc.pre(counts.some((count) => count > 0));
        const channel = randomizedResponse({ options: 6, epsilon: 1 });
        const { shares } = maximumLikelihood({ channel, counts });
        const turned = maximumLikelihood({ channel, counts: counts.toReversed() });
        expect(turned.shares).toEqual(shares.toReversed().map((share) => expect.closeTo(share, 12) as number));
        for (const [letter, share] of shares.entries()) expect(share).toBe(shares[counts.indexOf(counts[letter]!)]);
      }),
      { numRuns: 50 },
    );
  });

  it('divides "no answer" out: the most likely ratio', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 1 });
    const counts = [300, 90, 260, 150];
    const whole = maximumLikelihood({ channel, counts });
    const { answered, shares, respondents } = maximumLikelihood({ channel, counts, noAnswer: 2 });
    expect(respondents).toBe(800);
    expect(answered).toBeCloseTo(1 - whole.shares[2]!, 12);
    const others = [0, 1, 3].map((letter) => whole.shares[letter]! / (1 - whole.shares[2]!));
    expect(shares).toEqual(others.map((share) => expect.closeTo(share, 12) as number));
    const nobody = maximumLikelihood({ channel, counts: [0, 0, 9, 0], noAnswer: 2 });
    expect([nobody.answered, nobody.shares]).toEqual([0, [Number.NaN, Number.NaN, Number.NaN]]);
  });

  it('comes closer to shares with empty letters than the projection, on average', () => {
    const channel = randomizedResponse({ options: 6, epsilon: 1 });
    const truth = [0.7, 0.2, 0.1, 0, 0, 0];
    const random = seededRandom(41);
    let [likely, projected] = [0, 0];
    for (let repeat = 0; repeat < 400; repeat += 1) {
      const counts = multinomial(
        300,
        truth.map((share) => channel.q + (channel.p - channel.q) * share),
        random,
      );
      const raw = counts.map((count) => (count / 300 - channel.q) / (channel.p - channel.q));
      const error = (shares: readonly number[]) =>
        shares.reduce((sum, share, letter) => sum + (share - truth[letter]!) ** 2, 0);
      likely += error(maximumLikelihood({ channel, counts }).shares);
      projected += error(simplexProjection(raw));
    }
    expect(likely).toBeLessThan(projected);
  });

  it('refuses counts that do not fit', () => {
    const channel = randomizedResponse({ options: 3, epsilon: 1 });
    const refused = (counts: number[], noAnswer?: number) => () => maximumLikelihood({ channel, counts, noAnswer });
    expect(refused([1, 2])).toThrow('counts must hold 3 numbers, got 2');
    expect(refused([1, -1, 2])).toThrow('counts must be >= 0, got -1');
    expect(refused([0, 0, 0])).toThrow('sum of counts must be finite and > 0, got 0');
    expect(refused([1, 1, 1], 3)).toThrow('noAnswer must be an integer in [0, 2], got 3');
  });
});
