import * as v from 'valibot';
import { AdaptiveClipping } from './adaptive-clipping.ts';
import { limits } from './limits.ts';
import { Identifier, Text } from './question.ts';
import { TrainingAlgorithm } from './training-algorithm.ts';

const Finite = v.pipe(v.number(), v.finite());
const Positive = v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6));
const NotNegative = v.pipe(v.number(), v.finite(), v.minValue(0));
const Count = v.pipe(v.number(), v.integer(), v.minValue(1));
const Column = v.pipe(v.string(), v.minLength(1), v.maxLength(100));
const Labels = v.pipe(v.array(Column), v.minLength(2), v.maxLength(limits.options));

/**
 * How one column becomes inputs of the model; public constants only, so that all clients encode alike and nothing is
 * learned from their rows. Where cells may be empty, `missing` says what is put there, and one more input tells, by 1,
 * that the cell was empty. Without it an empty cell is refused.
 */
export const Feature = v.variant('type', [
  /** Clamped to its bounds, then scaled to [-1, 1]. */
  v.pipe(
    v.strictObject({
      type: v.literal('number'),
      column: Column,
      minimum: Finite,
      maximum: Finite,
      missing: v.optional(Finite),
    }),
    v.check((f) => f.maximum > f.minimum, 'maximum must exceed minimum'),
    v.check((f) => Number.isFinite(f.maximum - f.minimum), 'the width of the scale must be finite'),
    v.check(
      ({ missing, minimum, maximum }) => missing === undefined || (missing >= minimum && missing <= maximum),
      'missing must be within the bounds',
    ),
  ),
  /** Ordered levels, scaled evenly to [-1, 1]. */
  v.pipe(
    v.strictObject({ type: v.literal('ordinal'), column: Column, levels: Labels, missing: v.optional(Column) }),
    v.check(({ missing, levels }) => missing === undefined || levels.includes(missing), 'missing must be a level'),
  ),
  /** One input a category, 0 or 1; with `other` one more for whatever is not in the list. */
  v.strictObject({
    type: v.literal('category'),
    column: Column,
    categories: Labels,
    other: v.optional(v.literal(true)),
    missing: v.optional(v.literal(true)),
  }),
]);
export type Feature = v.InferOutput<typeof Feature>;

const labelColumn = { column: Column, text: v.optional(Text) };

/** What the model learns to tell: without a type one of two values, and a score is the probability of the positive one. */
export const Label = v.variant('type', [
  v.pipe(
    v.strictObject({ ...labelColumn, type: v.optional(v.literal('binary')), positive: Column, negative: Column }),
    v.check(({ positive, negative }) => positive !== negative, 'positive and negative must differ'),
  ),
  /** One of several categories: a score is a probability of each (softmax). */
  v.pipe(
    v.strictObject({
      ...labelColumn,
      type: v.literal('category'),
      categories: v.pipe(v.array(Column), v.minLength(3), v.maxLength(limits.options)),
    }),
    v.check(({ categories }) => new Set(categories).size === categories.length, 'categories must differ'),
  ),
  /** Clamped to its bounds, then scaled to [-1, 1]; half the squared difference is made small. */
  v.pipe(
    v.strictObject({ ...labelColumn, type: v.literal('number'), minimum: Finite, maximum: Finite }),
    v.check((l) => l.maximum > l.minimum, 'maximum must exceed minimum'),
    v.check((l) => Number.isFinite(l.maximum - l.minimum), 'the width of the scale must be finite'),
  ),
]);
export type Label = v.InferOutput<typeof Label>;

/** Rules that bound what a few wrong or hostile updates can do. All work on updates that are noised already. */
export const Aggregation = v.variant('rule', [
  v.strictObject({ rule: v.literal('mean') }),
  /** The middle of all values, coordinate by coordinate (Yin et al. 2018, Definition 1). */
  v.strictObject({ rule: v.literal('coordinate-median') }),
  /** The mean without the largest and the smallest values, coordinate by coordinate (Yin et al. 2018, Definition 2). */
  v.strictObject({
    rule: v.literal('trimmed-mean'),
    /** Least share of the updates that is left out at each end, in whole updates. */
    trimmedShare: v.pipe(v.number(), v.gtValue(0), v.ltValue(0.5)),
  }),
  /** The mean of updates that are scaled down to a common norm (Sun et al. 2019, section 5). */
  v.strictObject({
    rule: v.literal('norm-bounded-mean'),
    /** Largest L2 norm of an update, in clipping norms, noise included. */
    normBound: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6)),
  }),
]);
export type Aggregation = v.InferOutput<typeof Aggregation>;

export const TrainingTask = v.pipe(
  v.strictObject({
    /** Whose tab trains: an employee on their own row, or a site on the rows of many employees. */
    clients: v.picklist(['employee', 'site']),
    features: v.pipe(v.array(Feature), v.minLength(1), v.maxLength(limits.features)),
    label: Label,
    /**
     * The column that says whose row it is, where a site has several of one employee: they are sampled, clipped and held
     * back together. Never an input of the model. Without it every row is an employee.
     */
    employeeColumn: v.optional(Column),
    /** Dense layers between the inputs and the label's outputs; none is logistic, softmax or linear regression. */
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
    /** L2 bound on one client's whole update; of a one-shot task in units of the bound on rows. */
    clippingNorm: Positive,
    /** How that bound changes from round to round; without it, it stays. */
    adaptiveClipping: v.optional(AdaptiveClipping),
    /** L2 bound on the gradient of one example; of a one-shot task on the inputs of one row. */
    exampleClippingNorm: Positive,
    privacy: v.strictObject({
      /** Noise stddev over the replace-one sensitivity of the whole update (`updateSensitivity`), added once; 0 is none. */
      updateNoiseMultiplier: NotNegative,
      /**
       * Noise stddev over 2 x exampleClippingNorm, added to the gradient sum of every local step; of a one-shot task over
       * `rowSensitivity`, added once to the sum of the rows. 0 is none.
       */
      exampleNoiseMultiplier: NotNegative,
      /**
       * A local step takes each row independently with this probability q, and an epoch has round(1 / q) such steps;
       * without it every step takes all rows. Every double from 2^-12 on is realized exactly.
       */
      exampleSamplingRate: v.optional(v.pipe(v.number(), v.minValue(2 ** -12), v.ltValue(1))),
      /**
       * In the place of noise on the update of an employee: PrivUnit, of this pure epsilon for each update, replace-one
       * (Asi, Feldman, Talwar 2022). A report has the norm of its own noise, and only many of them together have a
       * direction.
       */
      updateMechanism: v.optional(
        v.strictObject({
          mechanism: v.literal('priv-unit'),
          epsilon: v.pipe(v.number(), v.minValue(0.1), v.maxValue(20)),
        }),
      ),
      delta: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e-3)),
    }),
    cohort: v.pipe(
      v.strictObject({
        /** Updates that a round is complete with, or that a buffer holds. */
        size: Count,
        /** Clients invited for each update that is wanted, so that stragglers and dropouts delay nobody. */
        overSelection: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3))),
        /** Fewest accepted updates that may be released. */
        quorum: Count,
        /** A round starts with at least a quorum once the first client has waited this long. */
        selectionTimeoutMs: Count,
        /** How long a cohort has from its invitation to its update. */
        deadlineMs: Count,
      }),
      v.check((c) => c.quorum <= c.size, 'quorum must be at most the cohort size'),
    ),
    /** How often an employee's device contributes; once without it. */
    participation: v.optional(
      v.strictObject({
        /** Training updates that one client makes at most, counted in or not. */
        atMost: v.pipe(Count, v.maxValue(limits.rounds)),
        /** Numbers of rounds from one of them to the next, at least: 1 lets a client take part in every round. */
        spacing: v.optional(v.pipe(Count, v.maxValue(limits.rounds))),
      }),
    ),
    /** How clients make their updates, and what the server makes of them; without it FedAvg. */
    algorithm: v.optional(TrainingAlgorithm),
    /** How updates become one; without it by their weighted mean. */
    aggregation: v.optional(Aggregation),
    /**
     * Updates are taken as they come (FedBuff: Nguyen et al. 2022, Algorithm 1); without it in rounds of one cohort.
     * `cohort.size` updates make a model, whichever models they started from. A client that is done is asked
     * again with the present model, while others still compute; `invitationLimit` is how many compute at a time, and
     * `cohort.deadlineMs` is each one's own time.
     */
    asynchronous: v.optional(
      v.strictObject({
        /** Models that may have been made since the one that an update started from; an older update is refused. */
        maximumStaleness: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000)),
        /**
         * An update with tau models since weighs 1 / (1 + tau)^a of a fresh one; a is this, and 0 is no difference.
         * Where nothing speaks for another value take .5, the square root.
         */
        stalenessExponent: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
      }),
    ),
    /**
     * Bits in which an update carries one parameter: rounded at random to a coarser grid after its noise, so no privacy
     * is lost or gained; 32, the noise's own grid, without it.
     */
    bitsPerParameter: v.optional(v.picklist([8, 16, 32])),
    /** Public weights by group, such as a site's headcount; without them every client weighs one. */
    weights: v.optional(v.record(Identifier, v.pipe(Count, v.maxValue(1_000_000)))),
    evaluation: v.strictObject({
      /** Committed rounds between two evaluations; the last round is always evaluated. */
      everyRounds: Count,
      /** Share of rows held back from training, chosen by a hash of `seed` and the row. */
      holdout: v.pipe(v.number(), v.gtValue(0), v.maxValue(0.5)),
      seed: v.pipe(v.number(), v.integer(), v.minValue(0)),
      /** Bins of a histogram; see `histogramCells`. Categories are counted one by one and have none. */
      bins: v.optional(v.pipe(Count, v.minValue(2), v.maxValue(1000))),
      /** Noise stddev over the histogram's replace-one L2 sensitivity; 0 is none. */
      noiseMultiplier: NotNegative,
    }),
  }),
  v.check(
    ({ label, evaluation }) => (label.type === 'category') === (evaluation.bins === undefined),
    'evaluation.bins go with labels of two values and with numbers, and not with categories',
  ),
  v.check(
    ({ privacy, clients }) =>
      privacy.updateMechanism === undefined || (clients === 'employee' && privacy.updateNoiseMultiplier === 0),
    'privacy.updateMechanism needs clients "employee" and updateNoiseMultiplier 0',
  ),
  v.check(
    // A model that is read from Gram statistics has to know their noise, which is that of a stddev.
    ({ privacy, algorithm }) => privacy.updateMechanism === undefined || algorithm?.oneShot?.rule !== 'gram-matrix',
    'privacy.updateMechanism does not go with the one-shot rule "gram-matrix"',
  ),
  v.check(
    // What other rules make of reports, which are long and in all directions, is no estimate of their mean.
    ({ privacy, aggregation }) => privacy.updateMechanism === undefined || (aggregation?.rule ?? 'mean') === 'mean',
    'privacy.updateMechanism needs the aggregation rule "mean"',
  ),
  v.check(
    // A site's rounds are those of its rows, which it evaluates as well.
    (t) => t.participation === undefined || t.clients === 'employee',
    'participation needs clients "employee"',
  ),
  v.check(
    // A middle value has no weights.
    (t) => t.weights === undefined || t.aggregation === undefined || t.aggregation.rule === 'mean',
    'weights need the aggregation rule "mean"',
  ),
  v.check(
    // Of two updates, neither can be told to be out of line.
    ({ aggregation, cohort }) =>
      (aggregation?.rule !== 'coordinate-median' && aggregation?.rule !== 'trimmed-mean') || cohort.quorum >= 3,
    'the aggregation rules "coordinate-median" and "trimmed-mean" need a quorum of at least 3',
  ),
  v.check(
    // A buffer is released when it is full, and never before.
    ({ asynchronous, cohort }) => asynchronous === undefined || cohort.quorum === cohort.size,
    'asynchronous training needs a quorum equal to the cohort size',
  ),
  v.check(
    // A middle value knows no weights, and thus no staleness.
    ({ asynchronous, aggregation }) =>
      asynchronous === undefined ||
      aggregation === undefined ||
      aggregation.rule === 'mean' ||
      aggregation.rule === 'norm-bounded-mean',
    'asynchronous training needs the aggregation rule "mean" or "norm-bounded-mean"',
  ),
  v.check(
    // Beyond that a step would leave the round's model on its other side.
    ({ algorithm, learningRate }) =>
      algorithm?.client?.rule !== 'fed-prox' || learningRate * algorithm.client.proximalWeight <= 1,
    'the client rule "fed-prox" needs learningRate x proximalWeight of at most 1',
  ),
  v.check(
    // Mean gradients are compared between clients and rounds, so all take as many steps from the one model of a round.
    ({ algorithm, clients, batchSize, asynchronous }) =>
      algorithm?.client?.rule !== 'scaffold' ||
      (clients === 'site' && batchSize === null && asynchronous === undefined),
    'the client rule "scaffold" needs clients "site", batchSize null and no asynchronous training',
  ),
  v.check(
    // What the average moved the model by tells what the mean gradient was.
    ({ algorithm }) => algorithm?.client?.rule !== 'scaffold' || (algorithm.server?.rule ?? 'average') === 'average',
    'the client rule "scaffold" needs the server rule "average"',
  ),
  v.check(
    (t) => t.privacy.exampleNoiseMultiplier === 0 || (t.clients === 'site' && t.batchSize === null),
    'exampleNoiseMultiplier needs clients "site" and batchSize null: rows are all in a step or sampled independently',
  ),
  v.check(
    ({ employeeColumn, clients, batchSize }) =>
      employeeColumn === undefined || (clients === 'site' && batchSize === null),
    'employeeColumn needs clients "site" and batchSize null: a batch would part the rows of an employee',
  ),
  v.check(
    ({ privacy }) => privacy.exampleSamplingRate === undefined || privacy.exampleNoiseMultiplier > 0,
    'exampleSamplingRate needs an exampleNoiseMultiplier above 0',
  ),
);
export type TrainingTask = v.InferOutput<typeof TrainingTask>;

/** Inputs that a feature becomes: one for a number or an ordinal, one for each category, one for empty cells. */
export function featureInputs(feature: Feature): number {
  const values = feature.type === 'category' ? feature.categories.length + Number(feature.other === true) : 1;
  return values + Number(feature.missing !== undefined);
}

/** What the inputs of a feature are called, in their order. */
export function inputNames(feature: Feature): string[] {
  const { column } = feature;
  const categories = feature.type === 'category' ? [...feature.categories, ...(feature.other ? ['other'] : [])] : null;
  const values = categories?.map((category) => `${column} = ${category}`) ?? [column];
  return feature.missing === undefined ? values : [...values, `${column} is missing`];
}

/** Inputs of the model. */
export function inputSize(task: TrainingTask): number {
  return task.features.reduce((sum, feature) => sum + featureInputs(feature), 0);
}

/** Outputs of the model: one for each category, or one. */
export function outputSize({ label }: TrainingTask): number {
  return label.type === 'category' ? label.categories.length : 1;
}

/** Widths of the model's layers from the inputs to its outputs. */
export function layerSizes(task: TrainingTask): number[] {
  return [inputSize(task), ...task.model.hidden, outputSize(task)];
}

/**
 * Number of trainable parameters. The flat order is, layer by layer, weights `[inputs, outputs]`
 * row-major, then biases `[outputs]`.
 */
export function parameterCount(task: TrainingTask): number {
  const sizes = layerSizes(task);
  return sizes.slice(1).reduce((sum, outputs, layer) => sum + (sizes[layer]! + 1) * outputs, 0);
}

/** Local steps of one update where no step has a batch size: full batches or Poisson samples. */
export function stepsWithoutBatches({ localEpochs, privacy }: TrainingTask): number {
  return localEpochs * Math.round(1 / (privacy.exampleSamplingRate ?? 1));
}

/** How often one client may contribute to training rounds, and by how much their numbers differ at least. */
export type ParticipationLimits = { atMost: number; spacing: number };

/** An employee's device contributes once, where the task says nothing else; a site contributes to every round. */
export function participationLimits({ clients, participation }: TrainingTask): ParticipationLimits {
  if (clients === 'site') return { atMost: Infinity, spacing: 1 };
  return { atMost: participation?.atMost ?? 1, spacing: participation?.spacing ?? 1 };
}

/** Most updates that one client can have made once so many training rounds were sent out, whatever became of them. */
export function mostParticipations(task: TrainingTask, rounds: number): number {
  const { atMost, spacing } = participationLimits(task);
  return Math.min(atMost, Math.ceil(rounds / spacing));
}

/** Clients invited for each wanted update where a task does not say (Bonawitz et al. 2019, section 2.2). */
const OVER_SELECTION = 1.3;

/** Most clients that a round invites; in asynchronous training, most that compute at the same time. */
export function invitationLimit({ cohort }: TrainingTask): number {
  return Math.ceil(cohort.size * (cohort.overSelection ?? OVER_SELECTION));
}
