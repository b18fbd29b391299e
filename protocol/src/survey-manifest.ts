import * as v from 'valibot';
import { Benchmark, benchmarksFit } from './benchmark.ts';
import { ChoraleError } from './errors.ts';
import { limits } from './limits.ts';
import { canonicalManifest } from './manifest-hash.ts';
import type { Manifest } from './manifest.ts';
import { Identifier, Question, questionIdentity, Text } from './question.ts';
import { PROTOCOL_VERSION } from './version.ts';

/** What every manifest has, whatever it is for; `training` comes on top. */
export const studyEntries = {
  protocol: v.literal(PROTOCOL_VERSION),
  id: Identifier,
  title: Text,
  description: v.optional(v.pipe(v.string(), v.maxLength(2000))),
  /** The series that this study is a wave of: waves ask the same people again, in the order of their publication. */
  series: v.optional(Identifier),
  /** Reports are deleted so many whole days after the study was closed, or sooner; without it when somebody does. */
  retention: v.optional(
    v.strictObject({ reportDays: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(limits.retentionDays)) }),
  ),
  /** Answers are made up. Only such a study may train without noise, and pages say so. */
  simulated: v.boolean(),
  /** A public attribute of employees or sites, signed in the invitation and outside epsilon. */
  groups: v.strictObject({
    attribute: Identifier,
    label: Text,
    values: v.pipe(
      v.array(
        v.strictObject({
          id: Identifier,
          label: Text,
          /** How many people are invited; public, for rates of participation. */
          headcount: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
        }),
      ),
      v.minLength(1),
      v.maxLength(limits.groups),
    ),
  }),
  publishing: v.strictObject({
    /** Fewest respondents behind any number, and behind any change of a number. */
    minimumGroupSize: v.pipe(v.number(), v.integer(), v.minValue(3)),
    /** Widest half-interval that is shown, as a share of the scale. */
    maximumMargin: v.pipe(v.number(), v.gtValue(0), v.maxValue(0.5)),
  }),
  survey: v.optional(
    v.strictObject({
      /** Bound on the privacy loss of the whole record, replace-one. */
      epsilon: v.pipe(v.number(), v.minValue(0.01), v.maxValue(20)),
      questions: v.pipe(v.array(Question), v.minLength(1), v.maxLength(limits.questions)),
      /** What others got for the same question, shown beside the results. */
      benchmarks: v.optional(v.pipe(v.array(Benchmark), v.maxLength(limits.benchmarks))),
    }),
  ),
};

type StudyEntries = v.InferOutput<v.StrictObjectSchema<typeof studyEntries, undefined>>;

/** Rules of every study, with or without training. */
export const rules = {
  groups: {
    holds: ({ groups }: StudyEntries): boolean => distinct(groups.values.map((g) => g.id)),
    message: 'group ids must differ',
  },
  questions: {
    holds: ({ survey }: StudyEntries): boolean => distinct(survey?.questions.map((q) => q.id) ?? []),
    message: 'question ids must differ',
  },
  words: {
    // Their noise would be the same, so that equal letters would tell equal answers.
    holds: ({ survey }: StudyEntries): boolean =>
      distinct(survey?.questions.map((q) => JSON.stringify(questionIdentity(q))) ?? []),
    message: 'questions must differ in more than their id',
  },
  benchmarks: {
    holds: ({ survey }: StudyEntries): boolean => survey === undefined || benchmarksFit(survey),
    message: 'each benchmark needs a question of the study, one of its estimates, and a value that this can have',
  },
  series: {
    holds: ({ series, survey }: StudyEntries): boolean => series === undefined || survey !== undefined,
    message: 'a wave of a series needs a survey',
  },
  retention: {
    // What other waves may show depends on who is in this one.
    holds: ({ series, retention }: StudyEntries): boolean => series === undefined || retention === undefined,
    message: 'the reports of a wave of a series stay',
  },
} as const;

/** A study that trains nothing. */
const SurveyManifest = v.pipe(
  v.strictObject(studyEntries),
  v.check((m) => m.survey !== undefined, 'a study needs a survey, a training task or both'),
  v.check(rules.groups.holds, rules.groups.message),
  v.check(rules.questions.holds, rules.questions.message),
  v.check(rules.words.holds, rules.words.message),
  v.check(rules.benchmarks.holds, rules.benchmarks.message),
  v.check(rules.retention.holds, rules.retention.message),
);

/**
 * As `parseManifest`, for studies without training: the same rules, without those that need the schema of a training
 * task. A manifest that has one is refused.
 * @throws ChoraleError `MANIFEST_INVALID`, naming the path and the rule that is broken.
 */
export function parseSurveyManifest(data: unknown): Manifest {
  return checkedManifest(v.safeParse(SurveyManifest, data, { abortEarly: true }));
}

/** What a schema made of untrusted data, if it is a manifest. @throws ChoraleError `MANIFEST_INVALID` */
export function checkedManifest(
  result: { success: true; output: Manifest } | { success: false; issues: [v.BaseIssue<unknown>, ...unknown[]] },
): Manifest {
  if (!result.success) {
    const issue = result.issues[0];
    const path = v.getDotPath(issue);
    throw new ChoraleError('MANIFEST_INVALID', `manifest${path === null ? '' : ` at ${path}`}: ${issue.message}`);
  }
  if (new TextEncoder().encode(canonicalManifest(result.output)).length > limits.manifestBytes) {
    throw new ChoraleError('MANIFEST_INVALID', `manifest: longer than ${limits.manifestBytes} bytes`);
  }
  return result.output;
}

export function distinct(ids: readonly string[]): boolean {
  return new Set(ids).size === ids.length;
}
