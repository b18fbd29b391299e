/** What computes gradients; `cpu` is tfjs in plain JavaScript, for comparison only. */
export type EngineName = 'typed-arrays' | 'webgpu' | 'webgl' | 'wasm' | 'cpu';

/**
 * What is made small, and what outputs mean: `logistic` has one output, a label of 0 or 1 and cross-entropy in nats;
 * `softmax` an output a class and the class's position as label; `squared` one output, a number as label and half the
 * squared difference.
 */
export type Loss = 'logistic' | 'softmax' | 'squared';

/** A dense net; without hidden layers logistic, softmax or linear regression. */
export type Network = {
  /** Widths from the inputs to the outputs. */
  layerSizes: readonly number[];
  /** Of the hidden layers. */
  activation: 'relu' | 'tanh';
  loss: Loss;
};

export type Batch = {
  /** `[rows, inputs]`, row-major. */
  inputs: Float32Array;
  /** `[rows]`: what the network's loss takes for a label. */
  labels: Uint8Array | Float32Array;
  rows: number;
};

export type ClippedGradientSum = {
  /** Sum over the batch of the examples' clipped gradients, in the parameters' flat order. */
  gradientSum: Float32Array | Float64Array;
  examples: number;
  /** Share of the examples whose gradient was longer than the bound. Private: never leaves the worker. */
  clippedFraction: number;
};

/**
 * One way to compute gradients. Parameters are flat: layer by layer weights `[inputs, outputs]`
 * row-major, then biases `[outputs]`.
 */
export interface TrainingEngine {
  readonly name: EngineName;
  /**
   * Clips every example's gradient to the L2 norm `exampleClippingNorm`, then sums. With `Infinity` there is nothing
   * to clip, and no norm is computed.
   *
   * Per-example norms come from activations and back-propagated errors: the gradient of one example for
   * a dense layer is the outer product of its inputs (with a 1 for the bias) and its errors, so its
   * squared norm is the product of theirs (Goodfellow 2015, arXiv:1510.01799, equation 1). The errors
   * are then scaled before the sum ("ghost clipping", Li et al. 2022, arXiv:2110.05679, section 4).
   */
  clippedGradientSum(parameters: Float32Array, batch: Batch, exampleClippingNorm: number): Promise<ClippedGradientSum>;
  /** Sum of the batch's losses. Private: never leaves the worker. */
  loss(parameters: Float32Array, batch: Batch): Promise<number>;
  /** `[rows]` probabilities of label 1, `[rows, classes]` probabilities, or `[rows]` predictions, as the loss has it. */
  scores(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  dispose(): void;
}

/** @throws RangeError for outputs that the loss does not go with. */
export function checkNetwork({ layerSizes, loss }: Network): void {
  const outputs = layerSizes.at(-1) ?? 0;
  if (layerSizes.length < 2) throw new RangeError(`layerSizes must be two widths or more, got ${layerSizes.length}`);
  if (loss === 'softmax' ? outputs < 2 : outputs !== 1)
    throw new RangeError(
      `layerSizes must end in ${loss === 'softmax' ? '2 or more' : '1'} for ${loss}, got ${outputs}`,
    );
}
