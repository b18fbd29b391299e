import { checkIn, checkIndex } from '../numerics/checks.ts';
import type { FrequencyMechanism, SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';

/** The reports of one question as its estimators need them: how many support which letters. */
export interface SupportCounts {
  readonly channel: Pick<FrequencyMechanism<unknown>, 'options' | keyof SupportProbabilities>;
  /** How many reports there are, > 0. */
  readonly respondents: number;
  /** By letter: the reports that support it. Expected counts are allowed, so they need not be integers. */
  readonly counts: ArrayLike<number>;
  /** The letter that means "no answer", if the question has one. */
  readonly noAnswer?: number | undefined;
  /** By letter: the reports that support it and `noAnswer`. Needed where a report can support two letters. */
  readonly countsWithNoAnswer?: ArrayLike<number> | undefined;
}

/**
 * Counts what reports support.
 *
 * @param reports the reports one by one; of an integer channel also its outputs, 0 .. outputs - 1
 * @param times how often each of the reports came; once unless it is given
 * @throws {RangeError} for a report that the channel cannot produce, a letter that it does not have, or missing times
 */
export function countSupport<Report>({
  channel,
  reports,
  times,
  noAnswer,
}: {
  channel: FrequencyMechanism<Report>;
  reports: Iterable<Report>;
  times?: ArrayLike<number> | undefined;
  noAnswer?: number | undefined;
}): SupportCounts & { readonly counts: Float64Array; readonly countsWithNoAnswer: Float64Array } {
  const { options } = channel;
  if (noAnswer !== undefined) checkIndex('noAnswer', noAnswer, options);
  const counts = new Float64Array(options);
  const countsWithNoAnswer = new Float64Array(options);
  const supported = new Float64Array(options);
  let respondents = 0;
  let index = 0;
  for (const report of reports) {
    const weight = times === undefined ? 1 : (times[index] ?? Number.NaN);
    // Taken apart, the interval's text would cost more than to count.
    if (!(weight >= 0 && weight < Infinity)) checkIn('times', weight, '[0, Infinity)');
    index += 1;
    respondents += weight;
    supported.fill(0);
    channel.addSupport(report, supported);
    const none = noAnswer === undefined ? 0 : supported[noAnswer]!;
    for (let letter = 0; letter < options; letter += 1) {
      const count = weight * supported[letter]!;
      counts[letter]! += count;
      countsWithNoAnswer[letter]! += none * count;
    }
  }
  return { channel, respondents, counts, noAnswer, countsWithNoAnswer };
}
