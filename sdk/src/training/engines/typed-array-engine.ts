import { type Batch, checkNetwork, type ClippedGradientSum, type Network, type TrainingEngine } from './engine.ts';
import { addProduct, type Matrix, rowMajor, transposed } from './matrix-product.ts';
import { sumOfLosses, targets, toScores } from './outputs.ts';

/** As many rows as share a pass: bounds memory, whatever the batch, and fills the products' tiles. */
const rowsPerPass = 32;

/** A dense layer with room for a pass; one layer's outputs are the next one's inputs. */
type Layer = {
  fanIn: number;
  fanOut: number;
  /** `[fanIn, fanOut]` */
  weights: Matrix;
  biases: Float64Array;
  /** `[rowsPerPass, fanIn]` */
  inputs: Float64Array;
  /** `[rowsPerPass, fanOut]`, and the loss's derivatives by what they were before their activation. */
  outputs: Float64Array;
  errors: Float64Array;
};

/**
 * Plain loops over typed arrays: no start-up, exact to doubles, and the fastest for small models, where
 * issuing an operation to a GPU takes longer than doing it.
 */
export class TypedArrayEngine implements TrainingEngine {
  readonly name = 'typed-arrays';
  readonly #network: Network;
  /** In doubles, so that products read one kind of number. */
  readonly #parameters: Float64Array;
  readonly #layers: readonly Layer[];

  constructor(network: Network) {
    checkNetwork(network);
    const widths = network.layerSizes;
    this.#network = network;
    this.#parameters = new Float64Array(
      widths.slice(1).reduce((sum, fanOut, layer) => sum + (widths[layer]! + 1) * fanOut, 0),
    );
    const values = widths.map((width) => new Float64Array(rowsPerPass * width));
    let start = 0;
    this.#layers = widths.slice(1).map((fanOut, layer) => {
      const fanIn = widths[layer]!;
      const weights = rowMajor(this.#parameters, fanOut, start);
      start += (fanIn + 1) * fanOut;
      const biases = this.#parameters.subarray(start - fanOut, start);
      const errors = new Float64Array(rowsPerPass * fanOut);
      return { fanIn, fanOut, weights, biases, inputs: values[layer]!, outputs: values[layer + 1]!, errors };
    });
  }

  async clippedGradientSum(
    parameters: Float32Array,
    batch: Batch,
    exampleClippingNorm: number,
  ): Promise<ClippedGradientSum> {
    const gradientSum = new Float64Array(parameters.length);
    let clipped = 0;
    for (const { rows, labels, outputs } of this.#passes(parameters, batch)) {
      this.#backward(rows, labels, outputs);
      if (exampleClippingNorm !== Infinity) clipped += this.#clip(rows, exampleClippingNorm);
      for (const layer of this.#layers) addGradient(gradientSum, layer, rows);
    }
    return { gradientSum, examples: batch.rows, clippedFraction: batch.rows === 0 ? 0 : clipped / batch.rows };
  }

  async loss(parameters: Float32Array, batch: Batch): Promise<number> {
    let sum = 0;
    for (const { labels, outputs } of this.#passes(parameters, batch))
      sum += sumOfLosses(this.#network.loss, outputs, labels);
    return sum;
  }

  async scores(parameters: Float32Array, batch: Batch): Promise<Float32Array> {
    const width = this.#layers.at(-1)!.fanOut;
    const scores = new Float32Array(batch.rows * width);
    for (const { start, labels, outputs } of this.#passes(parameters, batch)) {
      toScores(this.#network.loss, outputs, labels.length);
      scores.set(outputs, start * width);
    }
    return scores;
  }

  dispose(): void {}

  /** Runs the batch forwards, some rows at a time. */
  *#passes(
    parameters: Float32Array,
    { inputs, labels, rows: all }: Batch,
  ): Generator<{ start: number; rows: number; labels: Batch['labels']; outputs: Float64Array }> {
    const first = this.#layers[0]!;
    const last = this.#layers.at(-1)!;
    this.#parameters.set(parameters);
    for (let start = 0; start < all; start += rowsPerPass) {
      const end = Math.min(all, start + rowsPerPass);
      const rows = end - start;
      first.inputs.set(inputs.subarray(start * first.fanIn, end * first.fanIn));
      for (const layer of this.#layers) {
        addOutputs(layer, rows);
        if (layer !== last) activate(this.#network.activation, layer.outputs, rows * layer.fanOut);
      }
      yield { start, rows, labels: labels.subarray(start, end), outputs: last.outputs.subarray(0, rows * last.fanOut) };
    }
  }

  #backward(rows: number, labels: Batch['labels'], outputs: Float64Array): void {
    const { loss, activation } = this.#network;
    const outputErrors = this.#layers.at(-1)!.errors.subarray(0, outputs.length);
    outputErrors.set(outputs);
    toScores(loss, outputErrors, rows);
    const wanted = targets(loss, labels, outputs.length);
    for (let i = 0; i < wanted.length; i += 1) outputErrors[i]! -= wanted[i]!;
    for (let above = this.#layers.length - 1; above > 0; above -= 1) {
      const { fanIn, fanOut, weights, errors: errorsAbove } = this.#layers[above]!;
      const { outputs: values, errors } = this.#layers[above - 1]!;
      const product = { rows, inner: fanOut, columns: fanIn };
      errors.fill(0);
      addProduct(rowMajor(errors, fanIn), rowMajor(errorsAbove, fanOut), transposed(weights), product);
      // The derivative from the activation itself: of tanh 1 - tanh^2, of relu 0 or 1.
      if (activation === 'tanh') for (let i = 0; i < rows * fanIn; i += 1) errors[i]! *= 1 - values[i]! * values[i]!;
      else for (let i = 0; i < rows * fanIn; i += 1) if (values[i] === 0) errors[i] = 0;
    }
  }

  /** Scales each row's errors so that its gradient is no longer than the bound. @returns how many were longer. */
  #clip(rows: number, bound: number): number {
    let clipped = 0;
    for (let row = 0; row < rows; row += 1) {
      let squares = 0;
      for (const { fanIn, fanOut, inputs, errors } of this.#layers)
        squares += squaredNorm(errors, row, fanOut) * (squaredNorm(inputs, row, fanIn) + 1);
      const norm = Math.sqrt(squares);
      if (norm <= bound) continue;
      clipped += 1;
      for (const { fanIn, fanOut, inputs, errors } of this.#layers) {
        if (Number.isFinite(norm)) {
          for (let i = row * fanOut; i < (row + 1) * fanOut; i += 1) errors[i]! *= bound / norm;
        } else {
          // An overflow in one row must neither spoil the sum nor show: such a row is clipped to nothing.
          errors.fill(0, row * fanOut, (row + 1) * fanOut);
          inputs.fill(0, row * fanIn, (row + 1) * fanIn);
        }
      }
    }
    return clipped;
  }
}

function addOutputs({ fanIn, fanOut, weights, biases, inputs, outputs }: Layer, rows: number): void {
  for (let row = 0; row < rows; row += 1) outputs.set(biases, row * fanOut);
  addProduct(rowMajor(outputs, fanOut), rowMajor(inputs, fanIn), weights, { rows, inner: fanIn, columns: fanOut });
}

function activate(activation: Network['activation'], values: Float64Array, length: number): void {
  if (activation === 'tanh') for (let i = 0; i < length; i += 1) values[i] = Math.tanh(values[i]!);
  else for (let i = 0; i < length; i += 1) if (values[i]! < 0) values[i] = 0;
}

function addGradient(gradientSum: Float64Array, { fanIn, fanOut, weights, inputs, errors }: Layer, rows: number): void {
  const product = { rows: fanIn, inner: rows, columns: fanOut };
  const sum = rowMajor(gradientSum, fanOut, weights.start);
  addProduct(sum, transposed(rowMajor(inputs, fanIn)), rowMajor(errors, fanOut), product);
  const biases = weights.start + fanIn * fanOut;
  for (let row = 0; row < rows; row += 1)
    for (let j = 0; j < fanOut; j += 1) gradientSum[biases + j]! += errors[row * fanOut + j]!;
}

/** Of one row of `[rows, width]`. */
function squaredNorm(values: Float64Array, row: number, width: number): number {
  let sum = 0;
  for (let i = row * width; i < (row + 1) * width; i += 1) sum += values[i]! * values[i]!;
  return sum;
}
