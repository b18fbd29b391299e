import { checkPositive, checkProbability, sumOfCounts } from '../numerics/checks.ts';
import { squaredStudentQuantile } from '../numerics/beta-distribution.ts';
import { clopperPearson, type Interval } from './binomial-intervals.ts';
import { exactBelow } from './estimate-shares.ts';
import type { NumericMean } from '../mechanisms/numeric-mean.ts';
import {
  estimateRatio,
  exactRatioInterval,
  fiellerInterval,
  type ScoreVariance,
  unbounded,
  valueAt,
} from './ratio-interval.ts';

/** A mean on the question's own scale, unclipped. */
export interface MeanEstimate extends Interval {
  readonly respondents: number;
  /** NaN where the reports give no sign that anybody answers; the interval is then unbounded. */
  readonly mean: number;
  readonly standardError: number;
}

/** Reports of a number, counted by output. */
export interface OutputCounts {
  readonly channel: Pick<NumericMean, 'outputs' | 'mechanism' | 'decode' | 'probability'>;
  /** One count >= 0 for each output. Expected counts are allowed, so they need not be integers. */
  readonly counts: readonly number[];
  /** What t = -1 stands for. */
  readonly minimum: number;
  /** What t = 1 stands for. */
  readonly maximum: number;
  /** In (0, 1). */
  readonly confidence: number;
}

/**
 * The mean of those who answer, with an interval for the people the respondents were drawn from.
 *
 * Coverage is guaranteed for Duchi's mechanism below 100 reports and approximate otherwise (Fieller, Student's t).
 *
 * @throws {RangeError} for counts that do not fit the channel, no reports, or minimum >= maximum
 */
export function estimateMean({ channel, counts, minimum, maximum, confidence }: OutputCounts): MeanEstimate {
  const total = sumOfCounts(counts, channel.outputs);
  checkPositive({ 'maximum - minimum': maximum - minimum });
  checkProbability({ confidence });

  // `decode` averages to a R and `answered` to a, whatever the answering share a: their ratio estimates R.
  const average = (values: Float64Array): number =>
    counts.reduce((sum, count, output) => sum + (count * values[output]!) / total, 0);
  const { decode } = channel;
  const answered = answering(channel);
  const numerator = average(decode);
  const denominator = average(answered);
  // Two imaginary respondents at each end of the scale join the variance, as Agresti and Coull add two successes and two
  // failures: where a few in a hundred differ from all others, as with salaries, a sample may hold none of them and would
  // seem to have no spread. From R the four differ by (1 + R^2) on average, squared.
  const decodeErrors = decode.map((value) => value - numerator);
  const answeredErrors = answered.map((value) => value - denominator);
  const covariance = (a: Float64Array, b: Float64Array, imaginary: number): number =>
    counts.reduce((sum, count, output) => sum + count * a[output]! * b[output]!, imaginary) / (total + 4);
  const observed: ScoreVariance = [
    covariance(decodeErrors, decodeErrors, 4),
    -2 * covariance(decodeErrors, answeredErrors, 0),
    covariance(answeredErrors, answeredErrors, 4),
  ];
  const expected = leastVariance(channel, answered, Math.min(1, Math.max(0, denominator)));
  const t = numerator / denominator;
  const variance = valueAt(expected, t) > valueAt(observed, t) ? expected : observed;
  const [ratio, standardError] = estimateRatio([numerator, denominator], variance, total);

  let interval = unbounded;
  if (channel.mechanism === 'duchi-with-no-answer' && total < exactBelow) {
    interval = exactDuchi(channel, counts, total, confidence);
  } else if (total > 1) {
    const scale = squaredStudentQuantile(1 - confidence, total - 1) / (total - 1);
    interval = fiellerInterval([numerator, denominator], variance, scale);
  }
  const half = (maximum - minimum) / 2;
  const place = (position: number): number => minimum + (position + 1) * half;
  return {
    respondents: total,
    mean: place(ratio),
    lower: place(interval.lower),
    upper: place(interval.upper),
    standardError: standardError * half,
  };
}

/** By output: an unbiased estimate of 1 where there is an answer, and of 0 where there is none. */
export function answering({ outputs, probability }: Pick<NumericMean, 'outputs' | 'probability'>): Float64Array {
  // x for "none" and y for all values solve
  //   Pr[none | answer] x + Pr[value | answer] y = 1 and Pr[none | no answer] x + Pr[value | no answer] y = 0.
  const noneOnNoAnswer = probability(0, 0);
  const gap = noneOnNoAnswer - probability(1, 0);
  const answered = new Float64Array(outputs).fill(noneOnNoAnswer / gap);
  answered[0] = -(1 - noneOnNoAnswer) / gap;
  return answered;
}

/*
 * The variance of decode - R answered, where a part a of the people answer and all of them R: the noise's own, which
 * any spread of answers only adds to. At a large epsilon the outputs that carry it are rare, and reports that happen
 * to hold none of them would seem free of noise.
 *
 * On an answer t, E decode^2 = V + t^2 with a V that hardly depends on t, and E[decode answered] = y t, where y is what
 * `answered` gives for every value; the score's mean is 0 at the true R.
 */
function leastVariance(
  { decode, probability }: OutputCounts['channel'],
  answered: Float64Array,
  part: number,
): ScoreVariance {
  const overall = (values: Float64Array): number =>
    values.reduce(
      (sum, value, output) => sum + (part * probability(1, output) + (1 - part) * probability(0, output)) * value ** 2,
      0,
    );
  return [overall(decode) - part, 0, overall(answered) + part * (1 - 2 * answered[1]!)];
}

/*
 * Duchi's outputs are none, minus and plus. Let lambda = Pr[not none] = (1 - p0) + (p0 - q0) a, and D the difference
 * of the two probabilities of "plus" at t = 1 and t = -1. No answer gives plus and minus alike, so
 *   E[+-1 | not none] = D a R / lambda = D (lambda - (1 - p0)) R / ((p0 - q0) lambda):
 * the form that exactRatioInterval inverts.
 */
function exactDuchi(
  channel: OutputCounts['channel'],
  counts: readonly number[],
  total: number,
  confidence: number,
): Interval {
  const [, minus = 0, plus = 0] = counts;
  const answers = minus + plus;
  const noneOnNoAnswer = channel.probability(0, 0);
  const noneOnAnswer = channel.probability(1, 0);
  const difference = channel.probability(2, 2) - channel.probability(1, 2);
  const reports = {
    answers,
    total,
    none: { p: noneOnNoAnswer, q: noneOnAnswer },
  };
  const conditional = (level: number): Interval => {
    const { lower, upper } = clopperPearson({ successes: plus, trials: answers, confidence: level });
    return { lower: 2 * lower - 1, upper: 2 * upper - 1 };
  };
  return exactRatioInterval(reports, conditional, {
    gain: difference / (noneOnNoAnswer - noneOnAnswer),
    confidence,
  });
}
