import { clopperPearson } from '@chorale/privacy';

/** How often an event happened under two neighbouring inputs. Expected counts are allowed. */
export interface EventCounts {
  /** Under the input that the event is likely for, in [0, trials]. */
  readonly hits: number;
  /** > 0 */
  readonly trials: number;
  /** Under its neighbour, in [0, falseTrials]. */
  readonly falseHits: number;
  /** > 0 */
  readonly falseTrials: number;
}

/**
 * The epsilon that a mechanism has at least, given its delta, with the stated confidence; 0 where nothing is shown.
 *
 * The event must have been chosen without looking at these counts.
 *
 * @param delta in [0, 1), 0 unless given
 * @param confidence in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Jagielski, Ullman and Oprea, Auditing differentially private machine learning, NeurIPS 2020, section 3
 */
export function epsilonLowerBound({
  hits,
  trials,
  falseHits,
  falseTrials,
  delta = 0,
  confidence,
}: EventCounts & { delta?: number | undefined; confidence: number }): number {
  if (!(delta >= 0 && delta < 1)) throw new RangeError(`delta must be in [0, 1), got ${delta}`);
  // (epsilon, delta) asks for P <= e^epsilon Q + delta. P is at least, and Q at most, the end of its own interval,
  // each but for half of what the confidence leaves; the complements say as much of 1 - Q <= e^epsilon (1 - P) + delta.
  const p = clopperPearson({ successes: hits, trials, confidence });
  const q = clopperPearson({ successes: falseHits, trials: falseTrials, confidence });
  const event = Math.log((p.lower - delta) / q.upper);
  const complement = Math.log((1 - q.upper - delta) / (1 - p.lower));
  return Math.max(0, Number.isNaN(event) ? 0 : event, Number.isNaN(complement) ? 0 : complement);
}
