import { holmAdjusted, waveChange, type WaveEstimate } from '@chorale/privacy';
import type { Estimate, EstimateChange, QuestionChannel } from '@chorale/protocol';
import { CONFIDENCE, rawEstimates } from './estimates.ts';

/** What a wave published of one question in one group: the channel that its letters came through, and their counts. */
export type WaveCounts = { spec: QuestionChannel; counts: readonly number[] };

/** How sure one comparison is by itself; `withHolm` adds what it is worth among all of them. */
export type Comparison = Omit<EstimateChange, 'adjustedPValue' | 'significant'>;

/**
 * Every estimate of the later wave less the same one of the earlier wave. The errors are taken as independent. Those of
 * people who answer both waves are alike, because their noise and mostly their answers are, which makes the true errors
 * of a difference smaller: intervals are wide enough as long as somebody who gave an answer is not less likely than
 * others to give it again. [E8]
 */
export function waveComparisons(earlier: WaveCounts, later: WaveCounts): Comparison[] {
  const [before, after] = [estimatesOf(earlier), estimatesOf(later)];
  return after(CONFIDENCE).map(({ id, label }, index) => {
    const { change, lower, upper, pValue } = waveChange({
      earlier: one(before, index),
      later: one(after, index),
      confidence: CONFIDENCE,
    });
    return { id, label, change, lower, upper, pValue };
  });
}

/** Comparisons that are made at the same time, each with what is left of it among so many (Holm). [E8] */
export function withHolm(comparisons: readonly Comparison[]): EstimateChange[] {
  const adjusted = holmAdjusted(comparisons.map(({ pValue }) => pValue));
  return comparisons.map((comparison, index) => {
    const adjustedPValue = adjusted[index]!;
    return { ...comparison, adjustedPValue, significant: adjustedPValue <= 1 - CONFIDENCE };
  });
}

type Estimates = (confidence: number) => Estimate[];

/** All estimates of a question by their confidence: the search for a p-value asks for many of them again. */
function estimatesOf({ spec, counts }: WaveCounts): Estimates {
  const known = new Map<number, Estimate[]>();
  return (confidence) => {
    const estimates = known.get(confidence) ?? rawEstimates(spec, counts, confidence);
    known.set(confidence, estimates);
    return estimates;
  };
}

function one(estimates: Estimates, index: number): WaveEstimate {
  return (confidence) => {
    const { value, lower, upper } = estimates(confidence)[index]!;
    return { estimate: value, lower, upper };
  };
}
