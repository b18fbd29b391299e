import type { SupportCounts } from '../estimation/count-support.ts';
import { chooseChannel } from '../mechanisms/choose-mechanism.ts';
import type { FrequencyChannel, SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';

const maximumOutputs = 10_000;

/** The best channel whose report is one small integer: below ten thousand, or the letters where there are more. */
export function chooseSmallChannel({ options, epsilon }: { options: number; epsilon: number }): FrequencyChannel {
  return chooseChannel({ options, epsilon, maximumOutputs: Math.max(options, maximumOutputs) });
}

/**
 * What is expected of `respondents` reports when everybody answers.
 *
 * @param shares of the letters that are looked at, without the last, which is "no answer"
 */
export function expectedReports(
  { p, q, pairWithTruth, pairWithoutTruth }: SupportProbabilities,
  shares: readonly number[],
  respondents: number,
): SupportCounts {
  const noAnswer = shares.length;
  return {
    channel: { options: noAnswer + 1, p, q, pairWithTruth, pairWithoutTruth },
    respondents,
    counts: [...shares.map((share) => respondents * (q + share * (p - q))), respondents * q],
    noAnswer,
    countsWithNoAnswer: [
      ...shares.map((share) => respondents * (pairWithoutTruth + share * (pairWithTruth - pairWithoutTruth))),
      respondents * q,
    ],
  };
}
