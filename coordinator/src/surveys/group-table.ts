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
 * The cells of one question as they are published, each group's estimates beside themselves moved towards what all
 * groups have in common. Only numbers that are shown enter, so nothing new is said of anybody. [E7]
 */
export function groupTable(
  spec: QuestionChannel,
  cells: readonly JudgedCell[],
): { cells: ResultCell[]; spread: GroupSpread[] } {
  const shown = cells.filter((cell) => cell.state === 'shown' && cell.group !== null) as ShownCell[];
  const ids = shown[0]?.estimate.raw.map(({ id }) => id) ?? [];
  const tables = shown.length < FEWEST_GROUPS ? [] : ids.map((_, index) => shrink(spec, shown, index));
  return {
    spread: tables.map(({ spread }) => spread),
    cells: cells.map((cell): ResultCell => {
      const { group } = cell;
      if (cell.state === 'suppressed') return { state: 'suppressed', group, reason: cell.reason };
      const { respondents, effectiveRespondents, estimate } = cell;
      const row = shown.indexOf(cell);
      const shrunken = row === -1 || tables.length === 0 ? null : tables.map(({ estimates }) => estimates[row]!);
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

/** One estimate of all groups that show it, by empirical Bayes. */
function shrink(
  spec: QuestionChannel,
  cells: readonly ShownCell[],
  index: number,
): { estimates: ShrunkenEstimate[]; spread: GroupSpread } {
  const [lowest, highest] = estimateRange(spec.question);
  const clip = (value: number) => Math.min(highest, Math.max(lowest, value));
  const raw = cells.map(({ estimate }) => estimate.raw[index]!);
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
