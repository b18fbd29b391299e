import type { ModelCard, RoundSummary, StudySummary, TrainingRounds } from '@chorale/protocol';
import * as v from 'valibot';

const Text = v.string();
const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Clients = v.picklist(['employee', 'site']);
const State = v.picklist(['open', 'closed', 'purged']);

/** An answer without a body. */
export const Nothing = v.undefined();

export const Status = v.object({ status: Text });

export const StudySummaries = v.array(
  v.object({
    id: Text,
    title: Text,
    manifest: Text,
    simulated: v.boolean(),
    survey: v.boolean(),
    training: v.nullable(Clients),
    state: State,
    voices: Count,
  }),
) satisfies v.GenericSchema<StudySummary[]>;

/** How far a study's life is. */
export const StudyState = v.object({ study: Text, state: State });

const Guarantee = v.object({
  privacyUnit: Clients,
  neighboringRelation: v.literal('replace-one'),
  epsilon: v.number(),
  delta: v.number(),
});

const Shape = v.object({ invited: Count, accepted: Count, declined: Count, left: Count, lost: Count, late: Count });

const Measured = v.nullable(v.number());
const accuracy = { rows: v.number(), accuracy: Measured, accuracyLower: Measured, accuracyUpper: Measured };

/** An evaluation in an answer, and what else the answer says of it. */
function evaluationWith<const More extends v.ObjectEntries>(more: More) {
  return v.variant('label', [
    v.object({
      label: v.literal('binary'),
      auc: Measured,
      aucLower: Measured,
      aucUpper: Measured,
      ...accuracy,
      ...more,
    }),
    v.object({ label: v.literal('category'), mostFrequent: Measured, ...accuracy, ...more }),
    v.object({
      label: v.literal('number'),
      rows: v.number(),
      error: Measured,
      errorLower: Measured,
      errorUpper: Measured,
      spread: Measured,
      ...more,
    }),
  ]);
}

const Round = v.object({
  round: Count,
  kind: v.picklist(['train', 'evaluate']),
  state: v.picklist(['selecting', 'reporting', 'committed', 'abandoned']),
  modelRound: Count,
  cohort: Count,
  accepted: Count,
  dropouts: Count,
  startedAt: Text,
  endedAt: v.nullable(Text),
  reason: v.nullable(Text),
  shape: v.nullable(Shape),
  spent: v.array(Guarantee),
  evaluation: v.nullable(evaluationWith({})),
}) satisfies v.GenericSchema<RoundSummary>;

export const Rounds = v.object({
  study: Text,
  manifest: Text,
  clients: Clients,
  simulated: v.boolean(),
  noised: v.boolean(),
  state: v.picklist(['training', 'waiting', 'exhausted', 'done']),
  waiting: Count,
  usedUp: Count,
  committedRounds: Count,
  totalRounds: Count,
  clippingNorm: v.number(),
  rounds: v.array(Round),
}) satisfies v.GenericSchema<TrainingRounds>;

/** What became of a study that was published. */
export const PublishOutcome = v.object({ study: Text, manifest: Text, outcome: v.picklist(['created', 'unchanged']) });

export const UpdateOutcome = v.object({ duplicate: v.boolean() });

export const Tokens = v.object({ tokens: v.array(Text) });

/** A model as tfjs reads it; see `layersModel`. */
export const LayersModel = v.object({
  format: v.literal('layers-model'),
  generatedBy: Text,
  convertedBy: v.null(),
  modelTopology: v.looseObject({}),
  weightsManifest: v.array(
    v.object({
      paths: v.array(Text),
      weights: v.array(v.object({ name: Text, shape: v.array(Count), dtype: v.literal('float32') })),
    }),
  ),
  userDefinedMetadata: v.object({ study: Text, manifest: Text, modelRound: Count }),
});

const label = { column: Text, text: v.optional(Text) };
const Predicted = v.variant('type', [
  v.object({ ...label, type: v.optional(v.literal('binary')), positive: Text, negative: Text }),
  v.object({ ...label, type: v.literal('category'), categories: v.array(Text) }),
  v.object({ ...label, type: v.literal('number'), minimum: v.number(), maximum: v.number() }),
]);

export const Card = v.object({
  format: v.literal('chorale-model-card'),
  study: Text,
  title: Text,
  manifest: Text,
  simulated: v.boolean(),
  modelRound: Count,
  predicts: Predicted,
  columns: v.array(v.object({ column: Text, encoding: Text, inputs: v.array(Text) })),
  network: v.object({ layerSizes: v.array(Count), activation: v.picklist(['relu', 'tanh']), parameters: Count }),
  training: v.object({
    clients: Clients,
    algorithm: v.union([v.object({ client: Text, server: Text }), v.object({ oneShot: Text })]),
    aggregation: Text,
    localEpochs: Count,
    clippingNorm: v.number(),
    adaptiveClipping: v.nullable(v.object({ quantile: v.number(), minimum: v.number(), maximum: v.number() })),
    updateMechanism: v.nullable(v.picklist(['gaussian', 'priv-unit'])),
    bitsPerParameter: Count,
    weights: v.nullable(v.record(Text, Count)),
    committedRounds: Count,
    abandonedRounds: Count,
    contributions: v.object({ fewest: Count, most: Count }),
  }),
  privacy: v.array(Guarantee),
  accuracy: v.nullable(evaluationWith({ modelRound: Count })),
  limits: v.array(Text),
}) satisfies v.GenericSchema<ModelCard>;
