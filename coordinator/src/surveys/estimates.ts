import {
  countSupport,
  effectiveRespondents,
  estimateContrast,
  estimateMean,
  estimateShares,
  numericMeanVariance,
} from '@chorale/privacy';
import { type Estimate, estimateRange, type QuestionChannel } from '@chorale/protocol';
import type { PublishedCounts } from './block-tally.ts';

/** Confidence of every interval that is shown. */
export const CONFIDENCE = 0.95;

/** Numbers of one cell, before it is decided whether they are fit to be shown. */
export type CellEstimate = {
  estimates: Estimate[];
  /** The same, not limited to what can be true: what they are compared and combined by. */
  raw: Estimate[];
  /** The widest side of any interval, before clipping; infinite where the counts say nothing. */
  halfInterval: number;
};

/** Estimates of one question from the letters of at least one respondent. [E1] */
export function estimateCell(spec: QuestionChannel, counts: readonly number[]): CellEstimate {
  const [lowest, highest] = estimateRange(spec.question);
  const clip = (value: number) => Math.min(highest, Math.max(lowest, value));
  const raw = rawEstimates(spec, counts, CONFIDENCE);
  return {
    raw,
    estimates: raw.map(({ id, label, value, lower, upper }) => ({
      id,
      label,
      value: clip(value),
      lower: clip(lower),
      upper: clip(upper),
    })),
    halfInterval: raw.reduce((widest, estimate) => Math.max(widest, wider(estimate)), 0),
  };
}

function wider({ value, lower, upper }: Estimate): number {
  const half = Math.max(value - lower, upper - value);
  // The share of those who answer is no number where nobody seems to.
  return Number.isNaN(half) ? Infinity : half;
}

/**
 * Unbiased and not clipped: intervals of clipped values would be too narrow.
 * @param confidence of the intervals, in (0, 1)
 */
export function rawEstimates(spec: QuestionChannel, counts: readonly number[], confidence: number): Estimate[] {
  const { question } = spec;
  if (spec.kind === 'mean') {
    const { minimum, maximum } = spec.question;
    const estimate = estimateMean({ channel: spec.channel, counts, minimum, maximum, confidence });
    return [{ id: 'mean', label: 'Mean', value: estimate.mean, lower: estimate.lower, upper: estimate.upper }];
  }
  const { channel, letters, noAnswer } = spec;
  const support = countSupport({ channel, reports: counts.keys(), times: counts, noAnswer });
  if (question.report === 'enps') {
    const weights = letters.map(({ id }) => (id === 'promoter' ? 100 : id === 'detractor' ? -100 : 0));
    const { contrast, lower, upper } = estimateContrast({ ...support, weights, confidence });
    return [{ id: 'enps', label: 'eNPS', value: contrast, lower, upper }];
  }
  const { shares } = estimateShares({ ...support, confidence });
  const estimates = shares.map(({ share, lower, upper }, i) => ({ ...letters[i]!, value: share, lower, upper }));
  // The other letter of a favourable question is the complement, and says nothing more.
  return question.report === 'favourable' ? estimates.slice(1) : estimates;
}

/**
 * Respondents without noise that would give the same margin, where people differ as much as they can:
 * what the noise costs. The variance of one noise-free answer over that of one report, times n.
 */
export function respondentsWithoutNoise(
  spec: QuestionChannel,
  { respondents }: Pick<PublishedCounts, 'respondents'>,
): number {
  // Half the people at each end of [-1, 1]: variance 1, and the channel's own on top.
  if (spec.kind === 'mean') return respondents / (1 + numericMeanVariance(spec.channel, 1));
  const { channel } = spec;
  if (spec.question.report !== 'enps') return effectiveRespondents({ channel, respondents });
  // Half promoters (+1), half detractors (-1): a report supports either with probability p + q, less where it supports
  // both and they cancel; its mean is 0, and dividing by p - q makes it unbiased.
  const { p, q, pairWithTruth } = channel;
  return (respondents * (p - q) ** 2) / (p + q - 2 * pairWithTruth);
}
