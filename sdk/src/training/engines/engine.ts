/** What computes gradients; `cpu` is tfjs in plain JavaScript, for comparison only. */
export type EngineName = 'typed-arrays' | 'webgpu' | 'webgl' | 'wasm' | 'cpu';

/** A dense net with one logistic output, trained by binary cross-entropy. */
export type Network = {
  /** Widths from the inputs to the one output, as `layerSizes` gives them. */
  layerSizes: readonly number[];
  /** Of the hidden layers. */
  activation: 'relu' | 'tanh';
};

export type Batch = {
  /** `[rows, inputs]`, row-major. */
  inputs: Float32Array;
  /** `[rows]`, 0 or 1. */
  labels: Uint8Array;
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
   * Clips every example's gradient to the L2 norm `exampleClippingNorm`, then sums.
   *
   * Per-example norms come from activations and back-propagated errors: the gradient of one example for
   * a dense layer is the outer product of its inputs (with a 1 for the bias) and its errors, so its
   * squared norm is the product of theirs (Goodfellow 2015, arXiv:1510.01799, equation 1). The errors
   * are then scaled before the sum ("ghost clipping", Li et al. 2022, arXiv:2110.05679, section 4).
   */
  clippedGradientSum(parameters: Float32Array, batch: Batch, exampleClippingNorm: number): Promise<ClippedGradientSum>;
  /** Probability of the positive label for each row, in [0, 1]. */
  scores(parameters: Float32Array, batch: Batch): Promise<Float32Array>;
  dispose(): void;
}
