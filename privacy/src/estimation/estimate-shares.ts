import { clopperPearson, wilson, type BinomialCount, type Interval } from './binomial-intervals.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import type { RandomizedResponse } from '../mechanisms/randomized-response.ts';
import { conditionalConfidence, exactRatioInterval, fiellerInterval } from './ratio-interval.ts';

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

/** Reports counted by letter. */
export interface LetterCounts {
  readonly channel: Pick<RandomizedResponse, 'options' | 'p' | 'q'>;
  /** One count >= 0 for each letter. Expected counts are allowed, so they need not be integers. */
  readonly counts: readonly number[];
  /** The letter that means "no answer", if the question has one. */
  readonly noAnswer?: number | undefined;
  /** In (0, 1). */
  readonly confidence: number;
}

/** Below this many reports intervals are exact: normal approximations fall short of their coverage there. */
export const exactBelow = 100;

/** Nor do they hold where the letter, or everything else, was reported this rarely. */
const rareBelow = 20;

/**
 * Each letter's share among those who answer, with an interval for the people the respondents were drawn from.
 *
 * Coverage is guaranteed below 100 reports. From there on it is approximate (score intervals; at least 94% at 95%
 * wherever enumerated), except that letters reported by hardly anybody or nearly everybody keep exact intervals. The
 * intervals are for one letter at a time.
 *
 * @throws {RangeError} for counts that do not fit the channel, or none at all
 */
export function estimateShares(letterCounts: LetterCounts): SharesEstimate {
  const { channel, counts, noAnswer, confidence } = letterCounts;
  const reports = summarizeReports(letterCounts);
  const letters = counts.filter((_, letter) => letter !== noAnswer);
  const estimate = noAnswer === undefined ? estimateSupport : estimateRatio;
  return {
    respondents: reports.total,
    answered: estimateAnswered(channel, reports, confidence),
    shares: letters.map((support) => estimate(support, channel, reports, confidence)),
  };
}

/** What a question's reports come to, whichever letter is asked about. */
export interface ReportSummary {
  readonly total: number;
  /** Reports that are not "no answer". */
  readonly answers: number;
  /** Letters other than "no answer", k' in the derivations. */
  readonly letters: number;
  /** The part of reports that are not "no answer", lambda_A. */
  readonly answeredPart: number;
  /** lambda_A - k' q, an estimate of (p - q) times the answering share: what shares are divided by. */
  readonly signal: number;
}

/**
 * Checks and sums up counts.
 *
 * @throws {RangeError} for counts that do not fit the channel, or none at all
 */
export function summarizeReports({ channel, counts, noAnswer, confidence }: LetterCounts): ReportSummary {
  if (counts.length !== channel.options) {
    throw new RangeError(`counts must hold ${channel.options} letters, got ${counts.length}`);
  }
  const odd = counts.find((count) => !(count >= 0 && count < Infinity));
  if (odd !== undefined) throw new RangeError(`counts must be finite and >= 0, got ${odd}`);
  if (noAnswer !== undefined && counts[noAnswer] === undefined) {
    throw new RangeError(`noAnswer must be an integer in [0, ${counts.length - 1}], got ${noAnswer}`);
  }
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence must be in (0, 1), got ${confidence}`);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (!(total > 0)) throw new RangeError(`counts must hold at least one report, got ${total}`);

  const skipped = noAnswer === undefined ? 0 : counts[noAnswer]!;
  const letters = noAnswer === undefined ? channel.options : channel.options - 1;
  // Without skipping lambda_A = 1 = k q + (p - q), and the signal is p - q itself.
  const answers = total - skipped;
  const answeredPart = answers / total;
  const signal = noAnswer === undefined ? channel.p - channel.q : answeredPart - letters * channel.q;
  return { total, answers, letters, answeredPart, signal };
}

type Reported = Pick<RandomizedResponse, 'p' | 'q'>;

function estimateAnswered({ p, q }: Reported, reports: ReportSummary, confidence: number): ShareEstimate {
  const { total, answers, letters, answeredPart, signal } = reports;
  if (answeredPart === 1 && signal === p - q) return { share: 1, lower: 1, upper: 1, standardError: 0 };
  const interval = binomialInterval({ successes: answers, trials: total, confidence });
  return {
    share: signal / (p - q),
    lower: (interval.lower - letters * q) / (p - q),
    upper: (interval.upper - letters * q) / (p - q),
    standardError: Math.sqrt((answeredPart * (1 - answeredPart)) / total) / (p - q),
  };
}

// Nobody can skip: the support is binomial with lambda = q + (p - q) R, so an interval for lambda is one for R.
function estimateSupport(
  support: number,
  { p, q }: Reported,
  { total }: ReportSummary,
  confidence: number,
): ShareEstimate {
  const interval = binomialInterval({ successes: support, trials: total, confidence });
  const lambda = support / total;
  return {
    share: (lambda - q) / (p - q),
    lower: (interval.lower - q) / (p - q),
    upper: (interval.upper - q) / (p - q),
    standardError: Math.sqrt((lambda * (1 - lambda)) / total) / (p - q),
  };
}

/*
 * Some may skip. With a the answering share, R the letter's share among those who answer and L = (p - q) a:
 *   lambda_v = Pr[v] = q + L R,   lambda_A = Pr[not none] = k' q + L,   R = (lambda_v - q) / (lambda_A - k' q).
 *
 * Take the score s = 1{v} - R 1{not none}. At the true R its mean is q (1 - k' R), and since 1{v} implies not none
 *   E s^2 = lambda_v (1 - 2 R) + R^2 lambda_A, with lambda_v = q + L R:
 *   Var s = q - q^2 + R (L - 2 q + 2 k' q^2) + R^2 (lambda_A - 2 L - k'^2 q^2).
 * Only lambda_A is plugged in. With lambda_A = 1 it is lambda_v (1 - lambda_v): Wilson's interval.
 */
function estimateRatio(support: number, { p, q }: Reported, reports: ReportSummary, confidence: number): ShareEstimate {
  const { total, answers, letters, answeredPart, signal } = reports;
  const numerator = support / total - q;
  const variance = {
    constant: q - q * q,
    linear: signal - 2 * q + 2 * letters * q * q,
    quadratic: answeredPart - 2 * signal - (letters * q) ** 2,
  };
  const share = signal > 0 ? numerator / signal : Number.NaN;
  const perReport = variance.constant + variance.linear * share + variance.quadratic * share * share;
  const standardError = signal > 0 ? Math.sqrt(Math.max(0, perReport) / total) / signal : Infinity;
  if (total >= exactBelow && Math.min(support, answers - support) >= rareBelow) {
    const scale = normalQuantile((1 + confidence) / 2) ** 2 / total;
    return { share, ...fiellerInterval({ numerator, denominator: signal, scale, variance }), standardError };
  }
  // Among reports that are not none, v has probability (q + L R) / lambda_A.
  const conditional =
    answers > 0
      ? binomialInterval({ successes: support, trials: answers, confidence: conditionalConfidence(confidence) })
      : { lower: 0, upper: 1 };
  const link = { nobody: letters * q, everybody: letters * q + (p - q) };
  const interval = exactRatioInterval({ conditional, offset: q, gain: 1, answers, trials: total, link, confidence });
  return { share, ...interval, standardError };
}

function binomialInterval(count: BinomialCount): Interval {
  // Of expected counts a part may exceed the whole by rounding.
  const bounded = { ...count, successes: Math.min(count.successes, count.trials) };
  const rarer = Math.min(bounded.successes, bounded.trials - bounded.successes);
  return bounded.trials < exactBelow || rarer < rareBelow ? clopperPearson(bounded) : wilson(bounded);
}
