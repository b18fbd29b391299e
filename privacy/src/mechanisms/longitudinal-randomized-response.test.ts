import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import longitudinal from '../../vectors/longitudinal.json' with { type: 'json' };
import { estimateShares } from '../estimation/estimate-shares.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { longitudinalRandomizedResponse, longitudinalShareVariance } from './longitudinal-randomized-response.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';

const rows = longitudinal.rows.longitudinal;
// The rows are about this many people, of whom this share holds the letter.
const respondents = 1000;
const share = 0.1;

const grid = [2, 3, 5, 12, 51, 1024].flatMap((options) =>
  [
    [0.1, 0.001],
    [0.5, 0.25],
    [1, 0.999],
    [2, 1],
    [4, 0.01],
    [8, 4],
    [20, 10],
    [20, 19.9999],
    [1, 1 - 1e-12],
    [3, 1e-6],
  ].map(([epsilon, firstReportEpsilon]) => ({ options, epsilon: epsilon!, firstReportEpsilon: firstReportEpsilon! })),
);

describe('longitudinalRandomizedResponse', () => {
  it.each(rows.filter(({ mechanism }) => mechanism === 'l_grr'))(
    'has the steps and variances of the reference at k=$k, epsilon=$eps_inf, first report $eps_1',
    (row) => {
      const mechanism = longitudinalRandomizedResponse({
        options: row.k,
        epsilon: row.eps_inf,
        firstReportEpsilon: row.eps_1,
      });
      const { permanent, instantaneous } = mechanism;
      const mine = [permanent.p, permanent.q, instantaneous.p, instantaneous.q, mechanism.p, mechanism.q];
      const theirs = [row.p1, row.q1, row.p2, row.q2, row.p_single!, row.q_single!];
      for (const [index, value] of mine.entries()) expect(Math.abs(value / theirs[index]! - 1)).toBeLessThan(1e-12);
      const count = (population: 'fixed' | 'independent') =>
        shareVariance({ channel: mechanism, share, respondents, population }) * respondents ** 2;
      expect(Math.abs(count('fixed') / row.var_count_fixed_population - 1)).toBeLessThan(1e-12);
      expect(Math.abs(count('independent') / row.var_count_iid - 1)).toBeLessThan(1e-12);

      // The formula of the literature counts only one of the k - 1 ways to tell the truth by lying twice, and none of
      // the k - 2 ways to reach another letter by two lies: asked for eps_1, it gives less, and its noise is wasted.
      const { p2, q2, actual_eps_1: actual } = row.lib_multi_freq_ldpy!;
      const truth = row.p1 * p2 + (row.k - 1) * row.q1 * q2;
      const lie = row.p1 * q2 + row.q1 * p2 + (row.k - 2) * row.q1 * q2;
      expect(Math.log(truth / lie)).toBeCloseTo(actual, 12);
      if (row.k > 2) {
        expect(actual).toBeLessThan(0.87 * row.eps_1);
        expect(mechanism.realizedFirstReportEpsilon).toBeGreaterThan(actual * 1.15);
      }
    },
  );

  it.each(rows.filter(({ var_mean_over_T: means }) => means !== undefined))(
    '$mechanism at k=$k, epsilon=$eps_inf: the mean over waves has the variance of the reference',
    (row) => {
      for (const [reports, variance] of Object.entries(row.var_mean_over_T!)) {
        const mine = longitudinalShareVariance({
          permanent: { p: row.p1, q: row.q1 },
          instantaneous: { p: row.p2, q: row.q2 },
          share,
          respondents,
          reports: Number(reports),
          population: 'fixed',
        });
        expect(Math.abs((mine * respondents ** 2) / variance - 1)).toBeLessThan(1e-12);
      }
      // One report is one draw of both steps together, and its variance that of the chained p and q.
      for (const population of ['fixed', 'independent'] as const) {
        const common = { share, respondents, population };
        const one = longitudinalShareVariance({
          permanent: { p: row.p1, q: row.q1 },
          instantaneous: { p: row.p2, q: row.q2 },
          reports: 1,
          ...common,
        });
        const chained = shareVariance({ channel: { p: row.p_single!, q: row.q_single! }, ...common });
        const reference = population === 'fixed' ? row.var_count_fixed_population : row.var_count_iid;
        expect(Math.abs(one / chained - 1)).toBeLessThan(1e-12);
        expect(Math.abs((one * respondents ** 2) / reference - 1)).toBeLessThan(1e-12);
      }
    },
  );

  it.each(grid)(
    'keeps both promises in integers, and wastes next to nothing: $options options, $epsilon, $firstReportEpsilon',
    (parameters) => {
      const mechanism = longitudinalRandomizedResponse(parameters);
      const { options, epsilon, firstReportEpsilon } = parameters;
      const { permanent, instantaneous } = mechanism;
      // Both steps enumerated: Pr[report | truth] over 2**128, for the true letter and for another one.
      const chain = (truth: number, report: number): bigint => {
        let sum = 0n;
        for (let letter = 0; letter < options; letter += 1) {
          sum += permanent.weight(truth, letter) * instantaneous.weight(letter, report);
        }
        return sum;
      };
      const [truth, lie] = [chain(1, 1), chain(0, 1)];
      expect(truth << 200n <= expFixedPoint(firstReportEpsilon, 200)[0] * lie).toBe(true);
      expect([mechanism.p, mechanism.q]).toEqual([Number(truth) / 2 ** 128, Number(lie) / 2 ** 128]);
      expect(mechanism.realizedFirstReportEpsilon).toBeLessThanOrEqual(firstReportEpsilon);
      expect(mechanism.realizedEpsilon).toBe(permanent.realizedEpsilon);
      expect(mechanism.realizedEpsilon).toBeLessThanOrEqual(epsilon);
      // Close to `epsilon` the second step would need fewer lies than randomized response has at its largest epsilon.
      if (epsilon <= 8 && instantaneous.epsilon < 20) {
        expect(firstReportEpsilon - mechanism.realizedFirstReportEpsilon).toBeLessThan(1e-12);
      }
    },
  );

  it('never exceeds its epsilon, however many reports are made of one answer, and comes close to it', () => {
    const mechanism = longitudinalRandomizedResponse({ options: 3, epsilon: 1.5, firstReportEpsilon: 0.8 });
    const { permanent, instantaneous } = mechanism;
    const letters = [0, 1, 2];
    // All sequences of T reports, in integers: only how often each letter was said matters.
    const likelihood = (truth: number, said: number[]): bigint =>
      letters.reduce(
        (sum, letter) =>
          sum +
          permanent.weight(truth, letter) *
            said.reduce(
              (product, times, report) => product * instantaneous.weight(letter, report) ** BigInt(times),
              1n,
            ),
        0n,
      );
    const bound = expFixedPoint(mechanism.realizedEpsilon, 200)[0];
    const worst = (reports: number): number => {
      let largest = 0;
      for (let a = 0; a <= reports; a += 1) {
        for (let b = 0; a + b <= reports; b += 1) {
          const said = [a, b, reports - a - b];
          const [one, other] = [likelihood(0, said), likelihood(1, said)];
          expect(one << 200n <= bound * other).toBe(true);
          largest = Math.max(largest, Number((one << 64n) / other) / 2 ** 64);
        }
      }
      return Math.log(largest);
    };
    expect(worst(1)).toBeCloseTo(mechanism.realizedFirstReportEpsilon, 12);
    expect(worst(5)).toBeGreaterThan(worst(1) + 0.1);
    expect(worst(30)).toBeGreaterThan(mechanism.realizedEpsilon - 1e-6);
  });

  it('one wave estimates shares with the accuracy of randomized response at the first report epsilon', () => {
    const mechanism = longitudinalRandomizedResponse({ options: 5, epsilon: 2, firstReportEpsilon: 1 });
    const plain = randomizedResponse({ options: 5, epsilon: 1 });
    const counts = [300, 250, 200, 150, 100];
    const shares = (channel: Parameters<typeof estimateShares>[0]['channel']) =>
      estimateShares({ channel, counts, respondents: 1000, confidence: 0.95 }).shares;
    for (const [letter, { share: estimated, lower }] of shares(mechanism).entries()) {
      expect(estimated).toBeCloseTo(shares(plain)[letter]!.share, 11);
      expect(lower).toBeCloseTo(shares(plain)[letter]!.lower, 11);
    }
  });

  it('reports by the weights of both steps, and the mean over waves has the variance it says', () => {
    const random = seededRandom(11);
    const mechanism = longitudinalRandomizedResponse({ options: 4, epsilon: 2, firstReportEpsilon: 1 });
    const { permanent, instantaneous, p, q } = mechanism;
    const counts = [0, 0, 0, 0];
    const people = 40_000;
    const reports = 4;
    const means: number[] = [];
    for (let person = 0; person < people; person += 1) {
      const letter = permanent.privatize(2, random);
      let support = 0;
      for (let wave = 0; wave < reports; wave += 1) {
        const said = mechanism.report(letter, random);
        if (wave === 0) counts[said]! += 1;
        support += Number(said === 2) / reports;
      }
      means.push((support - q) / (p - q));
    }
    const fit = (chance: number) =>
      fitPValue(
        counts,
        [1 - chance, 1 - chance, 0, 1 - chance].map((c, i) => (i === 2 ? chance : c / 3)),
      );
    expect(fit(p)).toBeGreaterThan(1e-9);
    // Power: one step alone, or a first report epsilon a tenth too large.
    expect(fit(permanent.p)).toBeLessThan(1e-9);
    const larger = longitudinalRandomizedResponse({ options: 4, epsilon: 2, firstReportEpsilon: 1.1 });
    expect(fit(larger.p)).toBeLessThan(1e-9);

    const mean = means.reduce((sum, value) => sum + value / people, 0);
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2 / people, 0);
    const promised = longitudinalShareVariance({
      permanent,
      instantaneous,
      share: 1,
      respondents: 1,
      reports,
      population: 'fixed',
    });
    expect(Math.abs(mean - 1)).toBeLessThan(z * Math.sqrt(promised / people));
    // The relative error of a variance is sqrt((kurtosis - 1) / n), and the kurtosis is below 3 here.
    const tolerance = z * Math.sqrt(2 / people);
    expect(Math.abs(variance / promised - 1)).toBeLessThan(tolerance);
    // Power: the variance of one report divided by the number of reports.
    const once = shareVariance({ channel: mechanism, share: 1, respondents: 1, population: 'fixed' });
    expect(Math.abs(variance / (once / reports) - 1)).toBeGreaterThan(tolerance);
  });

  it('refuses parameters out of range', () => {
    for (const firstReportEpsilon of [0, -1, 1, 1.1, Number.NaN]) {
      expect(() => longitudinalRandomizedResponse({ options: 3, epsilon: 1, firstReportEpsilon })).toThrow(
        `firstReportEpsilon must be in [1e-6, 1), got ${firstReportEpsilon}`,
      );
    }
    expect(() => longitudinalRandomizedResponse({ options: 1, epsilon: 1, firstReportEpsilon: 0.5 })).toThrow(
      'options',
    );
    expect(() => longitudinalRandomizedResponse({ options: 3, epsilon: 21, firstReportEpsilon: 1 })).toThrow('epsilon');
    const mechanism = longitudinalRandomizedResponse({ options: 3, epsilon: 1, firstReportEpsilon: 0.5 });
    const random = seededRandom(1);
    expect(() => mechanism.report(3, random)).toThrow('input must be');
    expect(random.wordsDrawn).toBe(0);
    const { permanent, instantaneous } = mechanism;
    const variance = (changed: object) =>
      longitudinalShareVariance({
        permanent,
        instantaneous,
        share: 0.5,
        respondents: 9,
        reports: 1,
        population: 'fixed',
        ...changed,
      });
    expect(() => variance({ share: 1.1 })).toThrow('share must be');
    expect(() => variance({ respondents: 0 })).toThrow('respondents must be');
    expect(() => variance({ reports: 1.5 })).toThrow('reports must be');
  });
});
