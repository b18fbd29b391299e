import { checkCounts, checkPositive, checkProbability } from '../numerics/checks.ts';
import { checkIndex } from '../mechanisms/channel.ts';
import { clopperPearson, wilson, type BinomialCount, type Interval } from './binomial-intervals.ts';
import type { SupportCounts } from './count-support.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import type { SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';
import { estimateRatio, exactRatioInterval, fiellerInterval } from './ratio-interval.ts';

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
  const letters = Array.from(counts, (support, letter) => ({ support, withNone: reports.withNone[letter]!, letter }));
  const estimate = noAnswer === undefined ? estimateSupport : estimateShare;
  return {
    respondents: reports.total,
    answered: noAnswer === undefined ? everybody : estimateAnswered(channel, reports, confidence),
    shares: letters
      .filter(({ letter }) => letter !== noAnswer)
      .map((count) => estimate(count, channel, reports, confidence)),
  };
}

/** What a question's reports come to, whichever letter is asked about. */
export interface ReportSummary {
  readonly total: number;
  /** Reports that do not support "no answer". */
  readonly answers: number;
  /** Their part of all, lambda_A. */
  readonly answeredPart: number;
  /** lambda_A - (1 - p), an estimate of (p - q) times the answering share: what shares are divided by. */
  readonly signal: number;
  /** By letter: reports that support it and "no answer". */
  readonly withNone: ArrayLike<number>;
}

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
  if (noAnswer !== undefined && countsWithNoAnswer === undefined && channel.pairWithTruth > 0) {
    throw new RangeError('countsWithNoAnswer must be given where a report can support two letters');
  }
  const withNone = countsWithNoAnswer ?? new Float64Array(counts.length);
  checkCounts('countsWithNoAnswer', withNone, channel.options, total);
  checkProbability({ confidence });

  // A report does not support "no answer" with probability 1 - p from those who skip and 1 - q from all others. Where
  // nobody can skip the signal is p - q itself.
  const { p, q } = channel;
  const answers = noAnswer === undefined ? total : Math.max(0, total - counts[noAnswer]!);
  const answeredPart = answers / total;
  const signal = noAnswer === undefined ? p - q : answeredPart - (1 - p);
  return { total, answers, answeredPart, signal, withNone };
}

interface LetterCount {
  readonly support: number;
  /** Reports that support the letter and "no answer". */
  readonly withNone: number;
}

const everybody: ShareEstimate = { share: 1, lower: 1, upper: 1, standardError: 0 };

function estimateAnswered({ p, q }: SupportProbabilities, reports: ReportSummary, confidence: number): ShareEstimate {
  const { answers, total } = reports;
  return linearShare({ successes: answers, trials: total, confidence }, { offset: 1 - p, gain: p - q });
}

// Nobody can skip: the support is binomial with lambda = q + (p - q) R, so an interval for lambda is one for R.
function estimateSupport(
  { support }: LetterCount,
  { p, q }: SupportProbabilities,
  { total }: ReportSummary,
  confidence: number,
): ShareEstimate {
  return linearShare({ successes: support, trials: total, confidence }, { offset: q, gain: p - q });
}

/** The R of a binomial count whose probability is offset + gain R. */
function linearShare(count: BinomialCount, { offset, gain }: { offset: number; gain: number }): ShareEstimate {
  const { successes, trials } = count;
  const { lower, upper } = binomialInterval(count);
  const share = (probability: number): number => (probability - offset) / gain;
  // Two imaginary respondents of each kind join the variance: reports that all agree must not seem free of error.
  const joined = (successes + 4 * offset + 2 * gain) / (trials + 4);
  return {
    share: share(successes / trials),
    lower: share(lower),
    upper: share(upper),
    standardError: Math.sqrt((joined * (1 - joined)) / trials) / gain,
  };
}

/*
 * Some may skip. With a the answering share, R the letter's share among those who answer and L = (p - q) a:
 *   lambda_v = Pr[v supported] = q + L R,   lambda_A = Pr[none not supported] = 1 - p + L,
 *   R = (lambda_v - q) / (lambda_A - (1 - p)).
 *
 * Take the score s = 1{v} - R 1{not none}. Both v and none are supported by a report of theirs with probability `with`
 * = pairWithTruth, and with pairWithoutTruth = `without` by all others': with d = with - without,
 *   Pr[v and none] = without + (a R + 1 - a) d, and
 *   Var s = lambda_v (1 - lambda_v) + 2 R (Pr[v and none] - lambda_v (1 - lambda_A)) + R^2 lambda_A (1 - lambda_A).
 * For intervals only lambda_A is plugged in. With lambda_A = 1 it is lambda_v (1 - lambda_v): Wilson's interval. The
 * standard error has the observed moments, joined by four imaginary respondents who answer, two of them with the letter.
 *
 * Reports that do not support none are draws with Pr[v | not none] = m, which is exact for few of them:
 *   m lambda_A = lambda_v - Pr[v and none] = q - with + a d + a R (p - q - d).
 */
function estimateShare(
  { support, withNone }: LetterCount,
  { p, q, pairWithTruth, pairWithoutTruth }: SupportProbabilities,
  reports: ReportSummary,
  confidence: number,
): ShareEstimate {
  const { total, answers, answeredPart, signal } = reports;
  const numerator = support / total - q;
  const pairGain = pairWithTruth - pairWithoutTruth;
  const answering = signal / (p - q);
  const variance = {
    constant: q - q * q,
    linear: signal * (1 - 2 * q) + 2 * (pairWithoutTruth + (1 - answering) * pairGain - q * (1 - answeredPart)),
    quadratic:
      answeredPart * (1 - answeredPart) - signal * signal + 2 * (answering * pairGain - signal * (1 - answeredPart)),
  };
  const [letter, answered, both] = [
    support + 2 * (p + q),
    answers + 4 * (1 - q),
    withNone + 2 * (pairWithTruth + pairWithoutTruth),
  ].map((sum) => sum / (total + 4)) as [number, number, number];
  const { ratio: share, standardError } = estimateRatio({
    numerator,
    denominator: signal,
    variance: {
      constant: letter * (1 - letter),
      linear: 2 * (both - letter * (1 - answered)),
      quadratic: answered * (1 - answered),
    },
    total,
  });
  const alone = Math.max(0, support - withNone);
  if (total >= exactBelow && Math.min(alone, answers - alone) >= rareBelow) {
    const scale = normalQuantile((1 + confidence) / 2) ** 2 / total;
    return { share, ...fiellerInterval({ numerator, denominator: signal, scale, variance }), standardError };
  }
  const gain = (p - q - pairGain) / (p - q);
  const offset = q - pairWithTruth;
  const { lower, upper } = exactRatioInterval({
    conditional: (level) => binomialInterval({ successes: alone, trials: answers, confidence: level }),
    offset,
    gain,
    answers,
    trials: total,
    none: { p, q },
    confidence,
  });
  const shift = pairGain / (p - q - pairGain);
  return { share, lower: lower - shift, upper: upper - shift, standardError };
}

function binomialInterval(count: BinomialCount): Interval {
  // Of expected counts a part may exceed the whole by rounding.
  const bounded = { ...count, successes: Math.min(count.successes, count.trials) };
  const rarer = Math.min(bounded.successes, bounded.trials - bounded.successes);
  return bounded.trials < exactBelow || rarer < rareBelow ? clopperPearson(bounded) : wilson(bounded);
}
