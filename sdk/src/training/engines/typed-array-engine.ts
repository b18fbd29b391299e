import type { Batch, ClippedGradientSum, Network, TrainingEngine } from './engine.ts';

/**
 * Plain loops over typed arrays: no start-up, exact to doubles, and the fastest for small models, where
 * issuing an operation to a GPU takes longer than doing it.
 *
 * Works row by row, so that memory is two numbers a neuron whatever the batch. A dense layer's weights
 * are walked along their rows, one input after the other: an input of zero, as most of a one-hot category
 * and about half of a relu layer are, costs nothing.
 */
export class TypedArrayEngine implements TrainingEngine {
  readonly name = 'typed-arrays';
  readonly #sizes: readonly number[];
  readonly #tanh: boolean;
  /** Inputs of each layer, and its back-propagated errors; reused from row to row. */
  readonly #activations: Float64Array[];
  readonly #errors: Float64Array[];

  constructor({ layerSizes, activation }: Network) {
    this.#sizes = layerSizes;
    this.#tanh = activation === 'tanh';
    this.#activations = layerSizes.map((size) => new Float64Array(size));
    this.#errors = layerSizes.map((size) => new Float64Array(size));
  }

  async clippedGradientSum(
    parameters: Float32Array,
    batch: Batch,
    exampleClippingNorm: number,
  ): Promise<ClippedGradientSum> {
    const gradientSum = new Float64Array(parameters.length);
    let clipped = 0;
    for (let row = 0; row < batch.rows; row += 1) {
      const score = this.#forward(parameters, batch.inputs, row);
      // d(cross-entropy)/d(logit) of the logistic output.
      this.#errors.at(-1)![0] = score - batch.labels[row]!;
      this.#backward(parameters);
      const norm = Math.sqrt(this.#squaredGradientNorm());
      // An overflow in one row must neither spoil the sum nor show: such a row counts as clipped to nothing.
      if (!Number.isFinite(norm)) {
        clipped += 1;
        continue;
      }
      const factor = norm > exampleClippingNorm ? exampleClippingNorm / norm : 1;
      if (norm > exampleClippingNorm) clipped += 1;
      this.#addGradient(gradientSum, factor);
    }
    return { gradientSum, examples: batch.rows, clippedFraction: batch.rows === 0 ? 0 : clipped / batch.rows };
  }

  async scores(parameters: Float32Array, batch: Batch): Promise<Float32Array> {
    return Float32Array.from({ length: batch.rows }, (_, row) => this.#forward(parameters, batch.inputs, row));
  }

  dispose(): void {}

  #forward(parameters: Float32Array, batchInputs: Float32Array, row: number): number {
    const width = this.#sizes[0]!;
    const first = this.#activations[0]!;
    for (let i = 0; i < width; i += 1) first[i] = batchInputs[row * width + i]!;
    let offset = 0;
    for (let layer = 1; layer < this.#sizes.length; layer += 1) {
      const inputs = this.#activations[layer - 1]!;
      const outputs = this.#activations[layer]!;
      const fanIn = inputs.length;
      const fanOut = outputs.length;
      const biases = offset + fanIn * fanOut;
      for (let j = 0; j < fanOut; j += 1) outputs[j] = parameters[biases + j]!;
      for (let i = 0; i < fanIn; i += 1) {
        const input = inputs[i]!;
        if (input === 0) continue;
        const weights = offset + i * fanOut;
        for (let j = 0; j < fanOut; j += 1) outputs[j]! += input * parameters[weights + j]!;
      }
      if (layer < this.#sizes.length - 1) this.#activate(outputs);
      offset = biases + fanOut;
    }
    return 1 / (1 + Math.exp(-this.#activations.at(-1)![0]!));
  }

  #activate(values: Float64Array): void {
    if (this.#tanh) for (let j = 0; j < values.length; j += 1) values[j] = Math.tanh(values[j]!);
    else for (let j = 0; j < values.length; j += 1) if (values[j]! < 0) values[j] = 0;
  }

  #backward(parameters: Float32Array): void {
    let end = parameters.length;
    for (let layer = this.#sizes.length - 1; layer > 1; layer -= 1) {
      const outputErrors = this.#errors[layer]!;
      const inputErrors = this.#errors[layer - 1]!;
      const inputs = this.#activations[layer - 1]!;
      const fanOut = outputErrors.length;
      const offset = end - (inputs.length + 1) * fanOut;
      for (let i = 0; i < inputs.length; i += 1) {
        const value = inputs[i]!;
        // The derivative from the activation itself: of relu 0 or 1, of tanh 1 - tanh^2.
        const slope = this.#tanh ? 1 - value * value : value > 0 ? 1 : 0;
        let sum = 0;
        if (slope !== 0) {
          const weights = offset + i * fanOut;
          for (let j = 0; j < fanOut; j += 1) sum += parameters[weights + j]! * outputErrors[j]!;
        }
        inputErrors[i] = sum * slope;
      }
      end = offset;
    }
  }

  #squaredGradientNorm(): number {
    let total = 0;
    for (let layer = 1; layer < this.#sizes.length; layer += 1) {
      total += squaredNorm(this.#errors[layer]!) * (squaredNorm(this.#activations[layer - 1]!) + 1);
    }
    return total;
  }

  #addGradient(gradientSum: Float64Array, factor: number): void {
    let offset = 0;
    for (let layer = 1; layer < this.#sizes.length; layer += 1) {
      const inputs = this.#activations[layer - 1]!;
      const errors = this.#errors[layer]!;
      const fanOut = errors.length;
      for (let i = 0; i < inputs.length; i += 1) {
        const input = inputs[i]! * factor;
        if (input === 0) continue;
        const weights = offset + i * fanOut;
        for (let j = 0; j < fanOut; j += 1) gradientSum[weights + j]! += input * errors[j]!;
      }
      const biases = offset + inputs.length * fanOut;
      for (let j = 0; j < fanOut; j += 1) gradientSum[biases + j]! += factor * errors[j]!;
      offset = biases + fanOut;
    }
  }
}

function squaredNorm(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]! * values[i]!;
  return sum;
}
