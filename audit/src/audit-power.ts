import { betaCdf } from '@chorale/privacy/numerics';
import { epsilonLowerBound } from './epsilon-lower-bound.ts';

/** An event to be audited, and what the audit must show. */
export interface AuditGoal {
  /** Pr[event | the input that it is likely for], in (0, 1). */
  readonly p: number;
  /** Pr[event | its neighbour], in (0, p). */
  readonly q: number;
  /** The lower bound to reach, in (0, ln(p / q)). */
  readonly target: number;
  /** Of the lower bound, in (0, 1). */
  readonly confidence: number;
}

const mostTrials = 2 ** 40;

/**
 * Fewest draws under each input with which the lower bound reaches its target in all but `failure` of all audits;
 * without `failure`, with counts that are what they are expected to be. Infinite beyond 2**40.
 *
 * @param failure in (0, 1), where given
 * @throws {RangeError} unless 0 < q < p < 1 and 0 < target < ln(p / q)
 */
export function auditTrials({ p, q, target, confidence }: AuditGoal, failure?: number): number {
  if (!(q > 0 && q < p && p < 1)) throw new RangeError(`p and q must have 0 < q < p < 1, got ${p} and ${q}`);
  if (!(target > 0 && target < Math.log(p / q))) {
    throw new RangeError(`target must be in (0, ln(p / q)), got ${target} for ${p} and ${q}`);
  }
  const reaches = (trials: number): boolean => {
    // Either count may be the one that is unlucky.
    const hits = failure === undefined ? p * trials : trials - quantile(1 - p, trials, failure / 2);
    const falseHits = failure === undefined ? q * trials : quantile(q, trials, failure / 2);
    return epsilonLowerBound({ hits, trials, falseHits, falseTrials: trials, confidence }) >= target;
  };
  let high = 1;
  while (!reaches(high)) {
    if (high >= mostTrials) return Infinity;
    high *= 2;
  }
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (reaches(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The smallest count that a binomial variable exceeds with a probability of at most `tail`. */
function quantile(probability: number, trials: number, tail: number): number {
  let low = -1;
  let high = trials;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    // Pr[S > s] = I_p(s + 1, n - s).
    if (betaCdf(probability, middle + 1, trials - middle) <= tail) high = middle;
    else low = middle;
  }
  return high;
}
