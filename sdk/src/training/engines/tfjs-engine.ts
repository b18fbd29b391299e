import * as tf from '@tensorflow/tfjs-core';
import {
  type Batch,
  checkNetwork,
  type ClippedGradientSum,
  type EngineName,
  type Network,
  type TrainingEngine,
} from './engine.ts';
import { sumOfLosses, targets, toScores } from './outputs.ts';

// Rows on the device at once: bounds its memory, whatever the batch.
const rowsPerPass = 1024;

/**
 * tfjs operations on one backend, in 32-bit floats; back-propagation is written out, since tfjs's own
 * gradients are silently wrong on some backends and shapes.
 *
 * Every layer's inputs carry a last column of ones, so that weights and biases are one matrix
 * `[inputs + 1, outputs]`: exactly the parameters' flat order, and one product gives both gradients.
 */
export class TfjsEngine implements TrainingEngine {
  readonly name: EngineName;
  readonly #network: Network;

  private constructor(name: EngineName, network: Network) {
    this.name = name;
    this.#network = network;
  }

  /**
   * @param load imports the modules that register the backend and its kernels.
   * @throws Error where this browser or device does not offer the backend.
   */
  static async create(
    name: Exclude<EngineName, 'typed-arrays'>,
    network: Network,
    load: () => Promise<unknown>,
  ): Promise<TfjsEngine> {
    checkNetwork(network);
    await load();
    await useBackend(name);
    return new TfjsEngine(name, network);
  }

  async clippedGradientSum(
    parameters: Float32Array,
    batch: Batch,
    exampleClippingNorm: number,
  ): Promise<ClippedGradientSum> {
    await useBackend(this.name);
    const gradientSum = new Float64Array(parameters.length);
    let clipped = 0;
    for (const pass of passes(batch)) {
      const propagated = tf.tidy(() => this.#propagate(parameters, pass));
      try {
        const factors =
          exampleClippingNorm === Infinity ? null : await clippingFactors(pass, propagated, exampleClippingNorm);
        const values = await readAndDispose(tf.tidy(() => gradients(propagated, factors)));
        add(gradientSum, values);
        clipped += factors?.filter((factor) => factor < 1).length ?? 0;
      } finally {
        tf.dispose(propagated);
      }
    }
    return { gradientSum, examples: batch.rows, clippedFraction: batch.rows === 0 ? 0 : clipped / batch.rows };
  }

  async loss(parameters: Float32Array, batch: Batch): Promise<number> {
    return sumOfLosses(this.#network.loss, await this.#outputs(parameters, batch), batch.labels);
  }

  async scores(parameters: Float32Array, batch: Batch): Promise<Float32Array> {
    const scores = await this.#outputs(parameters, batch);
    toScores(this.#network.loss, scores, batch.rows);
    return Float32Array.from(scores);
  }

  /** Gives back the device's memory; the backend can be created again. */
  dispose(): void {
    const factory = tf.findBackendFactory(this.name) as BackendFactory | null | undefined;
    if (factory === null || factory === undefined) return;
    tf.removeBackend(this.name);
    tf.registerBackend(this.name, factory);
  }

  /** `[rows, outputs]`, before they are scores. */
  async #outputs(parameters: Float32Array, batch: Batch): Promise<Float64Array> {
    await useBackend(this.name);
    const width = this.#network.layerSizes.at(-1)!;
    const outputs = new Float64Array(batch.rows * width);
    let start = 0;
    for (const pass of passes(batch)) {
      const result = tf.tidy(() => this.#forward(this.#layers(parameters), pass).outputs);
      outputs.set(await readAndDispose(result), start * width);
      start += pass.rows;
    }
    return outputs;
  }

  #layers(parameters: Float32Array): tf.Tensor2D[] {
    const sizes = this.#network.layerSizes;
    let offset = 0;
    return sizes.slice(1).map((outputs, i) => {
      const rows = sizes[i]! + 1;
      const values = parameters.slice(offset, offset + rows * outputs);
      offset += values.length;
      return tf.tensor2d(values, [rows, outputs]);
    });
  }

  #forward(
    layers: readonly tf.Tensor2D[],
    { inputs, rows }: Batch,
  ): { layerInputs: tf.Tensor2D[]; outputs: tf.Tensor2D } {
    const ones = tf.tensor2d(new Float32Array(rows).fill(1), [rows, 1]);
    const layerInputs: tf.Tensor2D[] = [];
    let values = tf.tensor2d(inputs, [rows, this.#network.layerSizes[0]!]);
    for (const [i, weights] of layers.entries()) {
      const withOnes = tf.concat([values, ones], 1);
      layerInputs.push(withOnes);
      const sums = tf.matMul<tf.Tensor2D>(withOnes, weights);
      if (i === layers.length - 1) values = sums;
      else values = this.#network.activation === 'tanh' ? tf.tanh(sums) : tf.relu(sums);
    }
    return { layerInputs, outputs: values };
  }

  /** Every layer's inputs and errors, for the pass. */
  #propagate(parameters: Float32Array, batch: Batch): Propagated {
    const layers = this.#layers(parameters);
    const { layerInputs, outputs } = this.#forward(layers, batch);
    const wanted = tf.tensor2d(targets(this.#network.loss, batch.labels, outputs.size), outputs.shape);
    const errors: tf.Tensor2D[] = [tf.sub(this.#scores(outputs), wanted)];
    for (let layer = layers.length - 1; layer > 0; layer -= 1) {
      const [rows, columns] = layers[layer]!.shape;
      const weights = tf.slice(layers[layer]!, [0, 0], [rows - 1, columns]);
      const activations = tf.slice(layerInputs[layer]!, [0, 0], [batch.rows, rows - 1]);
      const propagated = tf.transpose(tf.matMul<tf.Tensor2D>(weights, tf.transpose(errors[0]!)));
      // The derivative from the activation itself: of relu 0 or 1, of tanh 1 - tanh^2.
      const slope =
        this.#network.activation === 'tanh'
          ? tf.sub(tf.scalar(1), tf.mul(activations, activations))
          : tf.step(activations);
      errors.unshift(tf.mul(propagated, slope));
    }
    return { layerInputs, errors };
  }

  #scores(outputs: tf.Tensor2D): tf.Tensor2D {
    switch (this.#network.loss) {
      case 'logistic':
        return tf.sigmoid(outputs);
      case 'softmax':
        return tf.softmax(outputs);
      case 'squared':
        return outputs;
    }
  }
}

type Propagated = { layerInputs: tf.Tensor2D[]; errors: tf.Tensor2D[] };
type BackendFactory = ReturnType<typeof tf.findBackendFactory>;

/** Makes it tfjs's one current backend. @throws Error where it is not registered or does not start. */
async function useBackend(name: EngineName): Promise<void> {
  if (tf.getBackend() === name) return;
  const factory = tf.findBackendFactory(name) as BackendFactory | null | undefined;
  if (factory === null || factory === undefined || !(await tf.setBackend(name)))
    throw new Error(`${name} is not offered here`);
}

/**
 * What each row's errors are scaled by, `[rows]`. Of norms, few numbers come from many operations: reading what they are
 * made of and computing them here takes less than issuing those, and happens in doubles.
 */
async function clippingFactors(
  { inputs, rows }: Batch,
  { layerInputs, errors }: Propagated,
  bound: number,
): Promise<Float32Array> {
  const read = async (tensor: tf.Tensor): Promise<Float64Array> => rowSquares(await tensor.data<'float32'>(), rows);
  const [inputSquares, errorSquares] = await Promise.all([
    Promise.all(layerInputs.slice(1).map(read)),
    Promise.all(errors.map(read)),
  ]);
  // The column of ones is not among the batch's inputs.
  inputSquares.unshift(rowSquares(inputs, rows).map((sum) => sum + 1));
  const factors = new Float32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let squares = 0;
    for (let layer = 0; layer < errors.length; layer += 1)
      squares += inputSquares[layer]![row]! * errorSquares[layer]![row]!;
    const norm = Math.sqrt(squares);
    factors[row] = norm > bound ? bound / norm : 1;
  }
  return factors;
}

/** Sums of the squares of each of so many rows. */
function rowSquares(values: Float32Array, rows: number): Float64Array {
  const sums = new Float64Array(rows);
  const width = values.length / rows;
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let i = row * width; i < (row + 1) * width; i += 1) sum += values[i]! * values[i]!;
    sums[row] = sum;
  }
  return sums;
}

// A function of its own: loops in asynchronous functions are compiled late and badly.
function add(sum: Float64Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += values[i]!;
}

/**
 * In flat order. Transposing first: of a product that transposes by itself, wasm has only a slow one.
 */
function gradients({ layerInputs, errors }: Propagated, factors: Float32Array | null): tf.Tensor1D {
  const scale = factors === null ? null : tf.tensor2d(factors, [factors.length, 1]);
  const parts = errors.map((error, layer) => {
    const scaled = scale === null ? error : tf.mul<tf.Tensor2D>(error, scale);
    const gradient = tf.matMul(tf.transpose(layerInputs[layer]!), scaled);
    return tf.reshape<tf.Rank.R1>(gradient, [gradient.size]);
  });
  // tfjs copies where there is nothing to join, by a kernel of its own.
  return parts.length === 1 ? parts[0]! : tf.concat1d(parts);
}

async function readAndDispose(tensor: tf.Tensor): Promise<Float32Array> {
  try {
    return await tensor.data<'float32'>();
  } finally {
    tensor.dispose();
  }
}

function* passes(batch: Batch): Generator<Batch> {
  const width = batch.rows === 0 ? 0 : batch.inputs.length / batch.rows;
  for (let start = 0; start < batch.rows; start += rowsPerPass) {
    const end = Math.min(batch.rows, start + rowsPerPass);
    yield {
      inputs: batch.inputs.slice(start * width, end * width),
      labels: batch.labels.subarray(start, end),
      rows: end - start,
    };
  }
}
