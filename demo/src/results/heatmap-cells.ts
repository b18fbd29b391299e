import type { Estimate, QuestionResult, ResultCell, SuppressionReason, SurveyResults } from '@chorale/protocol';
import { type Tone, toneOf } from './heatmap-scale.ts';

/** One column: an estimate of a question. */
export type HeatmapColumn = {
  question: QuestionResult;
  /** `id` of the estimate. */
  estimate: string;
  label: string;
};

/** What one cell shows. */
export type HeatmapCell =
  | {
      state: 'shown';
      /** Shrunken where the coordinator gives that. */
      value: Estimate;
      /** Distance of the interval's farther end. */
      margin: number;
      /** `null` for all together, and where that is not published: there is nothing to compare with. */
      tone: Tone | null;
    }
  | { state: 'suppressed'; reason: SuppressionReason };

/** Questions that have several numbers, each fit for a heatmap of its own. */
export function distributions({ questions }: SurveyResults): QuestionResult[] {
  return questions.filter(({ report }) => report === 'distribution');
}

/**
 * The heatmap's columns: all questions that have one number, or every answer of one distribution.
 * @param of the distribution's question; `null` for the questions of one number
 */
export function heatmapColumns(results: SurveyResults, of: string | null): HeatmapColumn[] {
  return results.questions
    .filter(({ question, report }) => (of === null ? report !== 'distribution' : question === of))
    .flatMap((question) =>
      firstEstimates(question).map(({ id, label }) => ({
        question,
        estimate: id,
        label: of === null ? question.text : label,
      })),
    );
}

/** The cell of a group, or with `null` of all groups together. */
export function heatmapCell({ question, estimate }: HeatmapColumn, group: string | null): HeatmapCell {
  const cell = question.cells.find((candidate) => candidate.group === group);
  if (cell === undefined) return { state: 'suppressed', reason: 'too-few' };
  if (cell.state === 'suppressed') return { state: 'suppressed', reason: cell.reason };
  const value = (cell.shrunken ?? cell.estimates).find(({ id }) => id === estimate);
  if (value === undefined) return { state: 'suppressed', reason: 'too-uncertain' };
  const whole = wholeOf(question, estimate);
  const [lowest, highest] = question.range;
  return {
    state: 'shown',
    value,
    margin: Math.max(value.upper - value.value, value.value - value.lower),
    tone: group === null || whole === undefined ? null : toneOf(value.value, { whole, scale: highest - lowest }),
  };
}

function wholeOf({ cells }: QuestionResult, estimate: string): number | undefined {
  const all = cells.find(({ group }) => group === null);
  return all?.state === 'published' ? all.estimates.find(({ id }) => id === estimate)?.value : undefined;
}

/** Ids and labels of a question's numbers; none before the first is published, but one where there will be one. */
function firstEstimates({ cells, report, text }: QuestionResult): { id: string; label: string }[] {
  const published = cells.find((cell): cell is ResultCell & { state: 'published' } => cell.state === 'published');
  if (published !== undefined) return published.estimates;
  return report === 'distribution' ? [] : [{ id: '', label: text }];
}
