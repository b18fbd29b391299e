import * as v from 'valibot';

/** How a client makes its update of the round's model. */
export const ClientRule = v.variant('rule', [
  /** Local steps down its own gradient (McMahan et al. 2017, Algorithm 1). */
  v.strictObject({ rule: v.literal('fed-avg') }),
  /** The same, drawn back to the round's model (Li et al. 2020, equation 2). */
  v.strictObject({
    rule: v.literal('fed-prox'),
    /** Weight of half the squared distance to the round's model beside the mean loss of the rows. */
    proximalWeight: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6)),
  }),
  /** The same, corrected by how the client's gradients differ from all clients' (Karimireddy et al. 2020, Algorithm 1). */
  v.strictObject({ rule: v.literal('scaffold') }),
]);
export type ClientRule = v.InferOutput<typeof ClientRule>;

const Decay = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
const ServerLearningRate = v.pipe(v.number(), v.gtValue(0), v.maxValue(1000));
/** Shares that the moments of before keep, the step, and what keeps it in bounds (Reddi et al. 2021, Algorithm 2). */
const adaptive = {
  beta1: Decay,
  beta2: Decay,
  learningRate: ServerLearningRate,
  /** Added to the root of the second moment: the larger it is, the less parameters differ in their steps. */
  tau: v.pipe(v.number(), v.minValue(1e-9), v.maxValue(1000)),
};

/** How the server moves the model by what was released of a round. */
export const ServerRule = v.variant('rule', [
  /** By just that (McMahan et al. 2017, Algorithm 1). */
  v.strictObject({ rule: v.literal('average') }),
  /** With momentum: FedAvgM (Hsu, Qi, Brown 2019). */
  v.strictObject({ rule: v.literal('momentum'), momentum: Decay, learningRate: ServerLearningRate }),
  /** FedAdam and FedYogi. */
  v.strictObject({ rule: v.literal('adam'), ...adaptive }),
  v.strictObject({ rule: v.literal('yogi'), ...adaptive }),
]);
export type ServerRule = v.InferOutput<typeof ServerRule>;

/** What each client contributes to a task of one round, and what the server makes a model of. */
export const OneShotRule = v.variant('rule', [
  /**
   * All sums that one Newton step of logistic regression needs, from the model that knows the share of positives alone
   * (Vu, Slavkovic 2009; Foulds et al. 2016).
   */
  v.strictObject({ rule: v.literal('gram-matrix') }),
  /** The difference of the classes' mean rows, which orders rows and gives no probability: as short as a row. */
  v.strictObject({
    rule: v.literal('class-mean-difference'),
    /** Of the positive label: known without the rows, such as last year's; one half without it. */
    expectedShare: v.optional(v.pipe(v.number(), v.gtValue(0), v.ltValue(1))),
  }),
]);
export type OneShotRule = v.InferOutput<typeof OneShotRule>;

/** The two halves of federated optimisation, of which what is left out is FedAvg's; or sums of rows, sent once. */
export const TrainingAlgorithm = v.strictObject({
  client: v.optional(ClientRule),
  server: v.optional(ServerRule),
  oneShot: v.optional(OneShotRule),
});
export type TrainingAlgorithm = v.InferOutput<typeof TrainingAlgorithm>;
