import { studentQuantile } from '../numerics/beta-distribution.ts';
import { clopperPearson, type Interval } from './binomial-intervals.ts';
import { exactBelow, summarizeReports, type LetterCounts } from './estimate-shares.ts';
import { conditionalConfidence, exactRatioInterval, fiellerInterval, unbounded } from './ratio-interval.ts';

/** A weighted sum of shares, unclipped. */
export interface ContrastEstimate extends Interval {
  readonly respondents: number;
  /** NaN where the reports give no sign that anybody answers. */
  readonly contrast: number;
  readonly standardError: number;
}

/** Reports counted by letter, and what each letter weighs. */
export interface WeightedCounts extends LetterCounts {
  /** One finite weight for each letter; that of "no answer" is ignored. */
  readonly weights: readonly number[];
}

/**
 * The weighted sum of shares among those who answer: eNPS with weights +1 for promoters and -1 for detractors, a
 * scale's mean with the scale's values.
 *
 * Coverage is guaranteed below 100 reports and approximate from there on.
 *
 * @throws {RangeError} for counts or weights that do not fit the channel, or no reports
 */
export function estimateContrast(weighted: WeightedCounts): ContrastEstimate {
  const { channel, counts, noAnswer, weights, confidence } = weighted;
  const { total, answers: answered, letters, signal } = summarizeReports(weighted);
  if (weights.length !== counts.length || !weights.every((weight) => Number.isFinite(weight))) {
    throw new RangeError(`weights must hold ${counts.length} finite numbers, got ${weights.join(', ')}`);
  }
  const answers = weights
    .map((weight, letter) => ({ weight, count: counts[letter]!, letter }))
    .filter(({ letter }) => letter !== noAnswer);
  const { p, q } = channel;
  const weightSum = answers.reduce((sum, { weight }) => sum + weight, 0);

  // E[w(y) 1{not none}] = q W + (p - q) a R, with W the sum of weights: subtract q W, divide by the signal.
  const moment = answers.reduce((sum, { weight, count }) => sum + (weight * count) / total, 0);
  const numerator = moment - q * weightSum;
  const contrast = signal > 0 ? numerator / signal : Number.NaN;
  const variance = scoreVariance(answers, total);
  const perReport = variance.constant + variance.linear * contrast + variance.quadratic * contrast ** 2;
  const standardError = signal > 0 ? Math.sqrt(Math.max(0, perReport) / total) / signal : Infinity;
  const estimate = { respondents: total, contrast, standardError };

  if (total >= exactBelow) {
    const t = studentQuantile({ probability: (1 + confidence) / 2, degreesOfFreedom: total - 1 });
    return { ...estimate, ...fiellerInterval({ numerator, denominator: signal, scale: t ** 2 / total, variance }) };
  }
  if (noAnswer === undefined) {
    // Every report counts: E[w(y)] = q W + (p - q) R, and an interval for the one is an interval for the other.
    const mean = boundedMeanInterval(answers, confidence);
    return {
      ...estimate,
      lower: (mean.lower - q * weightSum) / (p - q),
      upper: (mean.upper - q * weightSum) / (p - q),
    };
  }
  if (!(answered > 0)) return { ...estimate, ...unbounded };
  const interval = exactRatioInterval({
    conditional: boundedMeanInterval(answers, conditionalConfidence(confidence)),
    offset: q * weightSum,
    gain: 1,
    answers: answered,
    trials: total,
    link: { nobody: letters * q, everybody: letters * q + (p - q) },
    confidence,
  });
  return { ...estimate, ...interval };
}

interface WeightedCount {
  readonly weight: number;
  readonly count: number;
}

/*
 * The variance of w(y) 1{not none} - R 1{not none} as a polynomial in R, from the reports. Two imaginary reports at
 * each end of the weights are added, as Agresti and Coull add two successes and two failures: without them reports
 * that all agree would give an interval of no width.
 */
function scoreVariance(answers: readonly WeightedCount[], total: number) {
  const weights = answers.map(({ weight }) => weight);
  const imaginary = [Math.min(...weights), Math.max(...weights)].map((weight) => ({ weight, count: 2 }));
  const all = [...answers, ...imaginary];
  const size = total + 4;
  const mean = (value: (weight: number) => number): number =>
    all.reduce((sum, { weight, count }) => sum + (value(weight) * count) / size, 0);
  const answered = mean(() => 1);
  const first = mean((weight) => weight);
  const second = mean((weight) => weight * weight);
  return {
    constant: second - first * first,
    linear: -2 * first * (1 - answered),
    quadratic: answered * (1 - answered),
  };
}

/**
 * An interval for the mean weight of independent reports, with guaranteed coverage: sums of Clopper and Pearson
 * intervals for few distinct weights, Chernoff's bound for many. Which one depends on the weights alone.
 */
function boundedMeanInterval(answers: readonly WeightedCount[], confidence: number): Interval {
  const trials = answers.reduce((sum, { count }) => sum + count, 0);
  const counts = new Map<number, number>();
  for (const { weight, count } of answers) counts.set(weight, (counts.get(weight) ?? 0) + count);
  const distinct = [...counts.keys()].sort((a, b) => a - b);
  const largest = distinct.at(-1)!;
  const smallest = distinct[0]!;
  if (distinct.length > 3) {
    const mean = answers.reduce((sum, { weight, count }) => sum + (weight * count) / trials, 0);
    const unit = chernoff({ mean: (mean - smallest) / (largest - smallest), trials, confidence });
    return {
      lower: smallest + (largest - smallest) * unit.lower,
      upper: smallest + (largest - smallest) * unit.upper,
    };
  }
  // mean weight = base + sum of (weight - base) times its probability: all but the middle weight need an interval.
  const base = distinct[distinct.length >> 1]!;
  const others = distinct.filter((weight) => weight !== base);
  let lower = base;
  let upper = base;
  for (const weight of others) {
    const part = clopperPearson({
      successes: Math.min(counts.get(weight)!, trials),
      trials,
      confidence: 1 - (1 - confidence) / others.length,
    });
    const gap = weight - base;
    lower += gap * (gap > 0 ? part.lower : part.upper);
    upper += gap * (gap > 0 ? part.upper : part.lower);
  }
  return { lower, upper };
}

/**
 * For independent values in [0, 1] of mean mu, Pr[average >= x] <= exp(-n KL(x, mu)) for x >= mu, and likewise below:
 * all mu with n KL(average, mu) <= ln(2 / alpha).
 *
 * @see Hoeffding, JASA 1963, theorem 1
 */
function chernoff({ mean, trials, confidence }: { mean: number; trials: number; confidence: number }): Interval {
  const allowed = Math.log(2 / (1 - confidence)) / trials;
  const average = Math.min(1, Math.max(0, mean));
  const divergence = (mu: number): number =>
    (average > 0 ? average * Math.log(average / mu) : 0) +
    (average < 1 ? (1 - average) * Math.log((1 - average) / (1 - mu)) : 0);
  // The divergence grows away from the average, so that halving finds where it passes what is allowed; the outer
  // end is returned.
  const edge = (outside: number): number => {
    let inner = average;
    let outer = outside;
    for (let halving = 0; halving < 60; halving += 1) {
      const middle = (inner + outer) / 2;
      if (divergence(middle) <= allowed) inner = middle;
      else outer = middle;
    }
    return outer;
  };
  return { lower: edge(0), upper: edge(1) };
}
