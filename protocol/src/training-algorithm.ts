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

/** The two halves of federated optimisation; what is left out is FedAvg's. */
export const TrainingAlgorithm = v.strictObject({ client: v.optional(ClientRule) });
export type TrainingAlgorithm = v.InferOutput<typeof TrainingAlgorithm>;
