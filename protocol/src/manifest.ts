import * as v from 'valibot';
import { adaptiveClippingMistake } from './adaptive-clipping.ts';
import { isNoised } from './is-noised.ts';
import { limits } from './limits.ts';
import { oneShotMistake } from './one-shot.ts';
import { checkedManifest, distinct, rules, studyEntries } from './survey-manifest.ts';
import { parameterCount, TrainingTask } from './training-task.ts';
import { cohortSumBound, heldUpdateBytes, LARGEST_EXACT_SUM } from './update-bounds.ts';
import { updateLength } from './update.ts';

/** One study: everything that clients and coordinator must agree on, and all that a device consents to. */
export const Manifest = v.pipe(
  v.strictObject({ ...studyEntries, training: v.optional(TrainingTask) }),
  v.check((m) => m.survey !== undefined || m.training !== undefined, 'a study needs a survey, a training task or both'),
  v.check((m) => rules.groups.holds(m), rules.groups.message),
  v.check((m) => rules.questions.holds(m), rules.questions.message),
  v.check((m) => rules.words.holds(m), rules.words.message),
  v.check((m) => rules.benchmarks.holds(m), rules.benchmarks.message),
  v.check((m) => rules.series.holds(m), rules.series.message),
  v.check((m) => rules.retention.holds(m), rules.retention.message),
  v.check((m) => distinct(m.training?.features.map((f) => f.column) ?? []), 'feature columns must differ'),
  v.check(
    (m) => m.training === undefined || m.training.features.every((f) => f.column !== m.training?.label.column),
    'the label must not be a feature',
  ),
  v.check(
    ({ training: t }) => t === undefined || [t.label, ...t.features].every(({ column }) => column !== t.employeeColumn),
    'the employee column must not be a feature or the label',
  ),
  v.check(
    (m) => m.training === undefined || parameterCount(m.training) <= limits.parameters,
    'the model has too many parameters',
  ),
  v.rawCheck(({ dataset, addIssue }) => {
    const task = dataset.typed ? dataset.value.training : undefined;
    const message = task === undefined ? null : (oneShotMistake(task) ?? adaptiveClippingMistake(task));
    if (message !== null) addIssue({ message });
  }),
  v.check(
    // A device makes hundreds of vectors of that length for one report, and longer ones drown in their noise.
    ({ training: t }) => t?.privacy.updateMechanism === undefined || updateLength(t) <= limits.randomizedNumbers,
    `privacy.updateMechanism is for updates of at most ${limits.randomizedNumbers} numbers`,
  ),
  v.check(
    (m) => Object.keys(m.training?.weights ?? {}).every((id) => m.groups.values.some((g) => g.id === id)),
    'weights name a group that the study does not have',
  ),
  v.check(
    (m) => m.training === undefined || cohortSumBound(m.training) <= LARGEST_EXACT_SUM,
    'cohort size, weights and noise are so large that their sum would not be exact',
  ),
  v.check(
    (m) => m.training === undefined || heldUpdateBytes(m.training) <= limits.heldUpdateBytes,
    `this aggregation rule holds all updates of a round: cohort size x parameters x 4 bytes must be at most ${limits.heldUpdateBytes}`,
  ),
  v.check((m) => m.simulated || isNoised(m.training), 'training without noise needs "simulated": true'),
);
export type Manifest = v.InferOutput<typeof Manifest>;

/**
 * Parses untrusted data as a manifest.
 * @throws ChoraleError `MANIFEST_INVALID`, naming the path and the rule that is broken.
 */
export function parseManifest(data: unknown): Manifest {
  return checkedManifest(v.safeParse(Manifest, data, { abortEarly: true }));
}
