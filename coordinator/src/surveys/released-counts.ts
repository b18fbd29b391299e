import { canonicalJson } from '@chorale/protocol';
import * as v from 'valibot';
import type { StudyTally } from './study-tally.ts';

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What was released of a study's reports: how many each group had, and the counts of their whole blocks by question. */
export const ReleasedCounts = v.object({
  groups: v.array(v.object({ group: v.string(), voices: Count })),
  cells: v.array(
    v.object({
      question: v.string(),
      group: v.string(),
      respondents: Count,
      /** Pairs of a channel's output and how often it was reported; others never were. */
      counts: v.array(v.tuple([Count, Count])),
    }),
  ),
  /** Of each two questions of a study whose devices answer all, which outputs came together; others have none. */
  pairs: v.optional(
    v.array(v.object({ first: v.string(), second: v.string(), counts: v.array(v.tuple([Count, Count, Count])) })),
  ),
});
export type ReleasedCounts = v.InferOutput<typeof ReleasedCounts>;

/** As canonical JSON, so that equal counts have equal hashes. */
export function releasedText(tally: StudyTally): string {
  return canonicalJson(tally.released());
}
