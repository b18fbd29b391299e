import * as v from 'valibot';
import { limits } from './limits.ts';
import { Identifier, Text } from './question.ts';

const Finite = v.pipe(v.number(), v.finite());
const Positive = v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6));
const NotNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const Count = v.pipe(v.number(), v.integer(), v.minValue(1));
const Column = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const Labels = v.pipe(v.array(Column), v.minLength(2), v.maxLength(limits.options));

/** How one column becomes inputs of the model; public constants only, so that all clients encode alike. */
export const Feature = v.variant('type', [
  /** Clamped to its bounds, then scaled to [-1, 1]. */
  v.pipe(
    v.strictObject({ type: v.literal('number'), column: Column, minimum: Finite, maximum: Finite }),
    v.check((f) => f.maximum > f.minimum, 'maximum must exceed minimum'),
    v.check((f) => Number.isFinite(f.maximum - f.minimum), 'the width of the scale must be finite'),
  ),
  /** Ordered levels, scaled evenly to [-1, 1]. */
  v.strictObject({ type: v.literal('ordinal'), column: Column, levels: Labels }),
  /** One input a category, 0 or 1. */
  v.strictObject({ type: v.literal('category'), column: Column, categories: Labels }),
]);
export type Feature = v.InferOutput<typeof Feature>;

export const TrainingTask = v.pipe(
  v.strictObject({
    /** Whose tab trains: an employee on their own row, or a site on the rows of many employees. */
    clients: v.picklist(['employee', 'site']),
    features: v.pipe(v.array(Feature), v.minLength(1), v.maxLength(limits.features)),
    label: v.strictObject({ column: Column, positive: Column, negative: Column, text: v.optional(Text) }),
    /** Dense layers between the inputs and one logistic output; none is logistic regression. */
    model: v.strictObject({
      hidden: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4096))), v.maxLength(4)),
      activation: v.picklist(['relu', 'tanh']),
    }),
    /** Committed training rounds after which the task is done. */
    rounds: v.pipe(Count, v.maxValue(limits.rounds)),
    localEpochs: v.pipe(Count, v.maxValue(1000)),
    /** Rows in a local step; `null` is all rows of the client. */
    batchSize: v.nullable(Count),
    learningRate: Positive,
    /** L2 bound on one client's whole update. */
    clippingNorm: Positive,
    /** L2 bound on the gradient of one example. */
    exampleClippingNorm: Positive,
    privacy: v.strictObject({
      /** Noise stddev over 2 x clippingNorm, added once to the whole update; 0 is none. */
      updateNoiseMultiplier: NotNegative,
      /** Noise stddev over 2 x exampleClippingNorm, added to the gradient sum of every local step; 0 is none. */
      exampleNoiseMultiplier: NotNegative,
      delta: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e-3)),
    }),
    cohort: v.pipe(
      v.strictObject({
        /** Clients invited once this many wait. */
        size: Count,
        /** Fewest accepted updates that may be released. */
        quorum: Count,
        /** A round starts with at least a quorum once the first client has waited this long. */
        selectionTimeoutMs: Count,
        /** How long a cohort has from its invitation to its update. */
        deadlineMs: Count,
      }),
      v.check((c) => c.quorum <= c.size, 'quorum must be at most the cohort size'),
    ),
    /** Public weights by group, such as a site's headcount; without them every client weighs one. */
    weights: v.optional(v.record(Identifier, v.pipe(Count, v.maxValue(1_000_000)))),
    evaluation: v.strictObject({
      /** Committed rounds between two evaluations; the last round is always evaluated. */
      everyRounds: Count,
      /** Share of rows held back from training, chosen by a hash of `seed` and the row. */
      holdout: v.pipe(v.number(), v.gtValue(0), v.maxValue(0.5)),
      seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
      /** Score bins of the histogram, for each of the two labels. */
      bins: v.pipe(Count, v.minValue(2), v.maxValue(1000)),
      /** Noise stddev over the histogram's replace-one L2 sensitivity, the root of 2; 0 is none. */
      noiseMultiplier: NotNegative,
    }),
  }),
  v.check(
    (t) => t.privacy.exampleNoiseMultiplier === 0 || (t.clients === 'site' && t.batchSize === null),
    'exampleNoiseMultiplier needs clients "site" and batchSize null: the accountant composes full batches',
  ),
);
export type TrainingTask = v.InferOutput<typeof TrainingTask>;

/** Inputs of the model: one a number or ordinal, one a category. */
export function inputSize(task: TrainingTask): number {
  return task.features.reduce((sum, f) => sum + (f.type === 'category' ? f.categories.length : 1), 0);
}

/** Widths of the model's layers from the inputs to its one output. */
export function layerSizes(task: TrainingTask): number[] {
  return [inputSize(task), ...task.model.hidden, 1];
}

/**
 * Number of trainable parameters. The flat order is, layer by layer, weights `[inputs, outputs]`
 * row-major, then biases `[outputs]`.
 */
export function parameterCount(task: TrainingTask): number {
  const sizes = layerSizes(task);
  return sizes.slice(1).reduce((sum, outputs, layer) => sum + (sizes[layer]! + 1) * outputs, 0);
}
