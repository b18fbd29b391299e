import { checkCounts, checkIndex, checkPositive, checkProbability } from '../numerics/checks.ts';
import { clopperPearson, type Interval } from './binomial-intervals.ts';
import type { SupportCounts } from './count-support.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import type { SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';
import { estimateRatio, exactRatioInterval, fiellerInterval, type ScoreVariance } from './ratio-interval.ts';

/** A share, unbiased and not clipped: with few reports it may lie outside [0, 1], and so may its interval. */
export interface ShareEstimate extends Interval {
  /** NaN where the reports give no sign that anybody answers; the interval is then unbounded. */
  readonly share: number;
  readonly standardError: number;
}

/** The shares of a question's letters. */
export interface SharesEstimate {
  /** How many reports were counted, those that say "no answer" included. */
  readonly respondents: number;
  /** The share of respondents who answer; exactly 1 where there is no letter for "no answer". */
  readonly answered: ShareEstimate;
  /** Each letter's share among those who answer, in letter order without the letter for "no answer". */
  readonly shares: readonly ShareEstimate[];
}

/** Below this many reports intervals are exact: normal approximations fall short of their coverage there. */
export const exactBelow = 100;

/** Nor do they hold where the letter, or everything else, was supported this rarely. */
const rareBelow = 20;

/** Counts, and how sure intervals must be. */
export type SharesOptions = SupportCounts & {
  /** In (0, 1). */
  readonly confidence: number;
};

/**
 * Each letter's share among those who answer, with an interval for the people the respondents were drawn from. For any
 * mechanism whose reports support letters.
 *
 * Coverage is guaranteed below 100 reports. From there on it is approximate (score intervals; at least 94% at 95%
 * wherever enumerated), except that letters supported by hardly anybody or nearly everybody keep exact intervals. The
 * intervals are for one letter at a time.
 *
 * @throws {RangeError} for counts that do not fit the channel, or no reports
 */
export function estimateShares(options: SharesOptions): SharesEstimate {
  const { channel, counts, noAnswer, confidence } = options;
  const reports = summarizeReports(options);
  const { total, withNone } = reports;
  return {
    respondents: total,
    answered: noAnswer === undefined ? everybody : estimateAnswered(channel, reports, confidence),
    shares: Array.from(counts, (support, letter) =>
      estimateShare([support, withNone[letter]!], channel, reports, confidence),
    ).filter((_, letter) => letter !== noAnswer),
  };
}

/** What a question's reports come to, whichever letter is asked about. */
export interface ReportSummary {
  readonly total: number;
  /** Reports that do not support "no answer". */
  readonly answers: number;
  /** Their part of all, lambda_A. */
  readonly answeredPart: number;
  /** The answering share, estimated. */
  readonly answering: number;
  /** How "no answer" is supported. */
  readonly none: SupportProbabilities;
  /** By letter: reports that support it and "no answer". */
  readonly withNone: ArrayLike<number>;
}

/** Where nobody can skip: as if only those reported "no answer" who do skip. */
const neverNone: SupportProbabilities = { p: 1, q: 0, pairWithTruth: 0, pairWithoutTruth: 0 };

/**
 * Checks and sums up counts.
 *
 * @throws {RangeError} for counts that do not fit the channel, or no reports
 */
export function summarizeReports(options: SharesOptions): ReportSummary {
  const { channel, counts, respondents: total, noAnswer, countsWithNoAnswer, confidence } = options;
  checkPositive({ respondents: total });
  checkCounts('counts', counts, channel.options, total);
  if (noAnswer !== undefined) checkIndex('noAnswer', noAnswer, channel.options);
  const zeros = new Float64Array(counts.length);
  // They must be given where a report can support two letters.
  const withNone = countsWithNoAnswer ?? (noAnswer !== undefined && channel.pairWithTruth > 0 ? [] : zeros);
  checkCounts('countsWithNoAnswer', withNone, channel.options, total);
  checkProbability({ confidence });
  if (noAnswer === undefined) return summary(total, total, neverNone, zeros);
  return summary(total, Math.max(0, total - counts[noAnswer]!), channel, withNone);
}

function summary(
  total: number,
  answers: number,
  none: SupportProbabilities,
  withNone: ArrayLike<number>,
): ReportSummary {
  // A report does not support "no answer" with probability 1 - p from those who skip and 1 - q from all others.
  const answeredPart = answers / total;
  return { total, answers, answeredPart, answering: (answeredPart - (1 - none.p)) / (none.p - none.q), none, withNone };
}

type LetterCount = readonly [
  support: number,
  /** Reports that support the letter and "no answer". */
  withNone: number,
];

const everybody: ShareEstimate = { share: 1, lower: 1, upper: 1, standardError: 0 };

// "Not none" is a letter that everybody has or has not.
function estimateAnswered(
  { p, q }: SupportProbabilities,
  { total, answers }: ReportSummary,
  confidence: number,
): ShareEstimate {
  const all = summary(total, total, neverNone, []);
  return estimateShare([answers, 0], { p: 1 - q, q: 1 - p }, all, confidence);
}

/*
 * Some may skip. With a the answering share, R the letter's share among those who answer and L = (p - q) a:
 *   lambda_v = Pr[v supported] = q + L R,   lambda_A = Pr[none not supported] = 1 - p + L,
 *   R = (lambda_v - q) / L.
 *
 * Take the score s = 1{v} - R 1{not none}. Both v and none are supported by a report of theirs with probability `with`
 * = pairWithTruth, and with pairWithoutTruth = `without` by all others': with d = with - without,
 *   Pr[v and none] = without + (a R + 1 - a) d, and
 *   Var s = lambda_v (1 - lambda_v) + 2 R (Pr[v and none] - lambda_v (1 - lambda_A)) + R^2 lambda_A (1 - lambda_A).
 * For intervals only lambda_A is plugged in. With lambda_A = 1, where nobody can skip, it is lambda_v (1 - lambda_v):
 * Wilson's interval. The standard error has the observed moments, joined by four imaginary respondents who answer, two
 * of them with the letter: reports that all agree must not seem free of error.
 *
 * Reports that do not support none are draws with Pr[v | not none] = m, which is exact for few of them:
 *   m lambda_A = lambda_v - Pr[v and none] = q - with + a d + a R (p - q - d).
 */
function estimateShare(
  [support, withNone]: LetterCount,
  { p, q }: Pick<SupportProbabilities, 'p' | 'q'>,
  reports: ReportSummary,
  confidence: number,
): ShareEstimate {
  const { total, answers, answeredPart, answering, none } = reports;
  const { pairWithTruth, pairWithoutTruth } = none;
  const numerator = support / total - q;
  const denominator = answering * (p - q);
  const pairGain = pairWithTruth - pairWithoutTruth;
  const skipped = 1 - answeredPart;
  const variance: ScoreVariance = [
    q - q * q,
    denominator * (1 - 2 * q) + 2 * (pairWithoutTruth + (1 - answering) * pairGain - q * skipped),
    answeredPart * skipped - denominator ** 2 + 2 * (answering * pairGain - denominator * skipped),
  ];
  const [letter, answered, both] = [
    support + 2 * (p + q),
    answers + 4 * (1 - none.q),
    withNone + 2 * (pairWithTruth + pairWithoutTruth),
  ].map((sum) => sum / (total + 4)) as [number, number, number];
  const observed: ScoreVariance = [
    letter * (1 - letter),
    2 * (both - letter * (1 - answered)),
    answered * (1 - answered),
  ];
  const [share, standardError] = estimateRatio([numerator, denominator], observed, total);
  // Of expected counts a part may exceed the whole by rounding.
  const alone = Math.min(Math.max(0, support - withNone), answers);
  if (total >= exactBelow && Math.min(alone, answers - alone) >= rareBelow) {
    const scale = normalQuantile((1 + confidence) / 2) ** 2 / total;
    return { share, ...fiellerInterval([numerator, denominator], variance, scale), standardError };
  }
  const conditional = (level: number): Interval =>
    clopperPearson({ successes: alone, trials: answers, confidence: level });
  const { lower, upper } = exactRatioInterval(reports, conditional, {
    offset: q - pairWithTruth,
    gain: (p - q - pairGain) / (none.p - none.q),
    confidence,
  });
  const shift = pairGain / (p - q - pairGain);
  return { share, lower: lower - shift, upper: upper - shift, standardError };
}
