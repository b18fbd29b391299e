import { estimateRange, type QuestionChannel, type SuppressionReason } from '@chorale/protocol';
import type { PublishedCounts } from './block-tally.ts';
import { type CellEstimate, estimateCell, respondentsWithoutNoise } from './estimates.ts';

/** A cell, once it is decided whether its numbers may be shown. [E3, E5] */
export type JudgedCell = { group: string | null } & (
  | { state: 'shown'; respondents: number; effectiveRespondents: number; estimate: CellEstimate }
  | { state: 'suppressed'; reason: SuppressionReason }
);

/** @param options.maximumMargin widest half-interval, as a share of the scale */
export function judgeCell(
  spec: QuestionChannel,
  { group, published, maximumMargin }: { group: string | null; published: PublishedCounts; maximumMargin: number },
): JudgedCell {
  const { respondents, counts, heldBack } = published;
  if (respondents === 0) return { state: 'suppressed', group, reason: heldBack ? 'too-similar' : 'too-few' };
  const estimate = estimateCell(spec, counts);
  const [lowest, highest] = estimateRange(spec.question);
  if (estimate.halfInterval > maximumMargin * (highest - lowest)) {
    return { state: 'suppressed', group, reason: 'too-uncertain' };
  }
  return {
    state: 'shown',
    group,
    respondents,
    effectiveRespondents: respondentsWithoutNoise(spec, published),
    estimate,
  };
}
