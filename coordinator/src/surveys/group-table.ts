import { shrinkGroups } from '@chorale/privacy';
import { normalQuantile } from '@chorale/privacy/numerics';
import {
  type Estimate,
  estimateRange,
  type GroupSpread,
  type QuestionChannel,
  type ResultCell,
  type ShrunkenEstimate,
} from '@chorale/protocol';
import { CONFIDENCE } from './estimates.ts';
import type { JudgedCell } from './result-cell.ts';

type ShownCell = JudgedCell & { state: 'shown' };

/** Fewer groups do not tell how different groups are. */
const FEWEST_GROUPS = 4;

/**
 * The cells of one question as they are published, each group's estimate beside itself moved towards what all groups
 * have in common. Only numbers that are shown enter, so nothing new is said of anybody. Not for distributions: shares
 * that are moved one by one do not sum to one. [E7]
 */
export function groupTable(
  spec: QuestionChannel,
  cells: readonly JudgedCell[],
): { cells: ResultCell[]; spread: GroupSpread[] } {
  const shown = cells.filter((cell) => cell.state === 'shown' && cell.group !== null) as ShownCell[];
  const isTable = shown.length >= FEWEST_GROUPS && spec.question.report !== 'distribution';
  const table = isTable ? shrink(spec, shown) : null;
  return {
    spread: table === null ? [] : [table.spread],
    cells: cells.map((cell): ResultCell => {
      const { group } = cell;
      if (cell.state === 'suppressed') return { state: 'suppressed', group, reason: cell.reason };
      const { respondents, effectiveRespondents, estimate } = cell;
      const row = shown.indexOf(cell);
      const shrunken = row === -1 || table === null ? null : [table.estimates[row]!];
      return {
        state: 'published',
        group,
        respondents,
        estimates: estimate.estimates,
        shrunken,
        effectiveRespondents,
      };
    }),
  };
}

/** The one estimate of all groups that show it, by empirical Bayes. */
function shrink(
  spec: QuestionChannel,
  cells: readonly ShownCell[],
): { estimates: ShrunkenEstimate[]; spread: GroupSpread } {
  const [lowest, highest] = estimateRange(spec.question);
  const clip = (value: number) => Math.min(highest, Math.max(lowest, value));
  const raw = cells.map(({ estimate }) => estimate.raw[0]!);
  const { groups, mean, betweenStddev, pValue, distinguishable } = shrinkGroups({
    groups: raw.map((estimate) => ({ estimate: estimate.value, standardError: standardError(estimate) })),
    confidence: CONFIDENCE,
  });
  return {
    estimates: groups.map(({ estimate, lower, upper, weight }, row) => {
      const { id, label } = raw[row]!;
      return { id, label, value: clip(estimate), lower: clip(lower), upper: clip(upper), weight };
    }),
    spread: { estimate: raw[0]!.id, mean: clip(mean), betweenStddev, pValue, distinguishable },
  };
}

/** That of a normal estimate with this interval: exact intervals of few respondents are wider than any other figure. */
function standardError({ lower, upper }: Estimate): number {
  return (upper - lower) / (2 * normalQuantile((1 + CONFIDENCE) / 2));
}
