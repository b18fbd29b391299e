import * as v from 'valibot';
import canonicalize from 'canonicalize';
import { ChoraleError } from './errors.ts';
import { limits } from './limits.ts';
import { oneShotMistake } from './one-shot.ts';
import { Identifier, Question, questionIdentity, Text } from './question.ts';
import { parameterCount, TrainingTask } from './training-task.ts';
import { cohortSumBound, heldUpdateBytes, LARGEST_EXACT_SUM } from './update-bounds.ts';
import { updateLength } from './update.ts';
import { PROTOCOL_VERSION } from './version.ts';

/** One study: everything that clients and coordinator must agree on, and all that a device consents to. */
export const Manifest = v.pipe(
  v.strictObject({
    protocol: v.literal(PROTOCOL_VERSION),
    id: Identifier,
    title: Text,
    description: v.optional(v.pipe(v.string(), v.maxLength(2000))),
    /** Answers are made up. Only such a study may train without noise, and pages say so. */
    simulated: v.boolean(),
    /** A public attribute of employees or sites, signed in the invitation and outside epsilon. */
    groups: v.strictObject({
      attribute: Identifier,
      label: Text,
      values: v.pipe(
        v.array(v.strictObject({ id: Identifier, label: Text })),
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
      }),
    ),
    training: v.optional(TrainingTask),
  }),
  v.check((m) => m.survey !== undefined || m.training !== undefined, 'a study needs a survey, a training task or both'),
  v.check((m) => distinct(m.groups.values.map((g) => g.id)), 'group ids must differ'),
  v.check((m) => distinct(m.survey?.questions.map((q) => q.id) ?? []), 'question ids must differ'),
  v.check(
    // Their noise would be the same, so that equal letters would tell equal answers.
    (m) => distinct(m.survey?.questions.map((q) => JSON.stringify(questionIdentity(q))) ?? []),
    'questions must differ in more than their id',
  ),
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
    const message =
      dataset.typed && dataset.value.training !== undefined ? oneShotMistake(dataset.value.training) : null;
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

function distinct(ids: readonly string[]): boolean {
  return new Set(ids).size === ids.length;
}

/** Whether an update says no more than its charges tell: by noise of either kind, or by PrivUnit. */
export function isUpdateNoised({ privacy }: TrainingTask): boolean {
  const { updateNoiseMultiplier, exampleNoiseMultiplier, updateMechanism } = privacy;
  return updateNoiseMultiplier > 0 || exampleNoiseMultiplier > 0 || updateMechanism !== undefined;
}

/** Whether nothing that this task makes a client send is without noise. */
export function isNoised(task: TrainingTask | undefined): boolean {
  return task === undefined || (isUpdateNoised(task) && task.evaluation.noiseMultiplier > 0);
}

/**
 * Parses untrusted data as a manifest.
 * @throws ChoraleError `MANIFEST_INVALID`, naming the path and the rule that is broken.
 */
export function parseManifest(data: unknown): Manifest {
  const result = v.safeParse(Manifest, data, { abortEarly: true });
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

/** The manifest's canonical JSON (RFC 8785), the bytes that its identity is the hash of. */
export function canonicalManifest(manifest: Manifest): string {
  const text = canonicalize(manifest);
  if (text === undefined) throw new TypeError('manifest must be a JSON value');
  return text;
}

/**
 * The study's identity: `sha256-` and the base64 of the SHA-256 of its canonical JSON.
 * @throws ChoraleError `INSECURE_CONTEXT` where the page has no WebCrypto.
 */
export async function manifestHash(manifest: Manifest): Promise<string> {
  return `sha256-${toBase64(await sha256(canonicalManifest(manifest)))}`;
}

/** SHA-256 of a string's UTF-8 bytes. @throws ChoraleError `INSECURE_CONTEXT` without WebCrypto. */
export async function sha256(text: string): Promise<Uint8Array> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) {
    throw new ChoraleError('INSECURE_CONTEXT', 'WebCrypto is missing: serve the page over HTTPS or from localhost');
  }
  return new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
