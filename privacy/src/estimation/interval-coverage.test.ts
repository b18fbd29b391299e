import { describe, expect, it } from 'vitest';
import reference from '../../vectors/coverage.json' with { type: 'json' };
import { randomizedResponse } from '../mechanisms/randomized-response.ts';
import { logGamma } from '../numerics/beta-distribution.ts';
import { clopperPearson, wilson, type BinomialCount, type Interval } from './binomial-intervals.ts';

/** How often an interval for a share holds it, and how wide it is on average, over all counts that can come up. */
function covered(
  { n, k, eps, f }: { n: number; k: number; eps: number; f: number },
  intervalOf: (count: BinomialCount) => Interval,
): { coverage: number; width: number } {
  const { p, q } = randomizedResponse({ options: k, epsilon: eps });
  const lambda = q + f * (p - q);
  let coverage = 0;
  let width = 0;
  for (let successes = 0; successes <= n; successes += 1) {
    const logMass =
      logGamma(n + 1) -
      logGamma(successes + 1) -
      logGamma(n - successes + 1) +
      successes * Math.log(lambda) +
      (n - successes) * Math.log1p(-lambda);
    const mass = Math.exp(logMass);
    if (mass < 1e-16) continue;
    const { lower, upper } = intervalOf({ successes, trials: n, confidence: 0.95 });
    // The ends are shares plus rounding: one that is met exactly holds.
    if ((lower - q) / (p - q) <= f + 1e-12 && (upper - q) / (p - q) >= f - 1e-12) coverage += mass;
    width += (mass * (upper - lower)) / (p - q);
  }
  return { coverage, width };
}

describe('intervals of a share through the channel', () => {
  it.each(reference.rows.ci_coverage)(
    'hold it as often as enumerated: $n reports, k $k, epsilon $eps, share $f',
    (row) => {
      const exact = covered(row, clopperPearson);
      expect(Math.abs(exact.coverage - row.cov_superpop_clopper_pearson)).toBeLessThan(1e-9);
      expect(Math.abs(exact.width / row.width_clopper_pearson - 1)).toBeLessThan(1e-9);
      expect(exact.coverage).toBeGreaterThanOrEqual(0.95);
      const score = covered(row, wilson);
      expect(Math.abs(score.coverage - row.cov_superpop_wilson)).toBeLessThan(1e-9);
      expect(Math.abs(score.width / row.width_wilson - 1)).toBeLessThan(1e-9);
    },
  );
});
