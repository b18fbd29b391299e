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
        const scaled =
          exampleClippingNorm === Infinity ? null : await clippedErrors(pass, propagated, exampleClippingNorm);
        add(gradientSum, await readAndDispose(tf.tidy(() => gradients(propagated, scaled?.errors))));
        clipped += scaled?.clipped ?? 0;
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
 * Every layer's errors, scaled so that no row's gradient is longer than the bound, and how many rows' were. Reading what
 * norms are made of and scaling here takes less than issuing the operations, and norms are sums in doubles.
 */
async function clippedErrors(
  { inputs, rows }: Batch,
  { layerInputs, errors }: Propagated,
  bound: number,
): Promise<{ errors: Float32Array[]; clipped: number }> {
  // What is read of errors may be the tensors' own memory, which nobody reads after this.
  const [hidden, scaled] = await Promise.all([read(layerInputs.slice(1)), read(errors)]);
  return { errors: scaled, clipped: clip([inputs, ...hidden], scaled, { rows, bound }) };
}

function read(tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  return Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
}

// Functions of their own: loops in asynchronous functions are compiled late and badly.

/** @returns how many rows' errors were scaled. */
function clip(
  inputs: readonly Float32Array[],
  errors: readonly Float32Array[],
  { rows, bound }: { rows: number; bound: number },
): number {
  let clipped = 0;
  for (let row = 0; row < rows; row += 1) {
    let squares = 0;
    for (let layer = 0; layer < errors.length; layer += 1)
      // The column of ones is not among the batch's inputs.
      squares +=
        (squaredNorm(inputs[layer]!, row, rows) + Number(layer === 0)) * squaredNorm(errors[layer]!, row, rows);
    const norm = Math.sqrt(squares);
    if (!(norm > bound)) continue;
    clipped += 1;
    for (const values of errors) scaleRow(values, row, rows, bound / norm);
  }
  return clipped;
}

/** Of one of so many rows. */
function squaredNorm(values: Float32Array, row: number, rows: number): number {
  const width = values.length / rows;
  const end = (row + 1) * width;
  let sum = 0;
  for (let i = row * width; i < end; i += 1) sum += values[i]! * values[i]!;
  return sum;
}

function scaleRow(values: Float32Array, row: number, rows: number, factor: number): void {
  const width = values.length / rows;
  const end = (row + 1) * width;
  for (let i = row * width; i < end; i += 1) values[i]! *= factor;
}

function add(sum: Float64Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i += 1) sum[i]! += values[i]!;
}

/**
 * In flat order, of the errors or of what they were scaled to. Transposing first: of a product that transposes by itself,
 * wasm has only a slow one.
 */
function gradients({ layerInputs, errors }: Propagated, scaledErrors?: readonly Float32Array[]): tf.Tensor1D {
  const parts = errors.map((error, layer) => {
    const scaled = scaledErrors === undefined ? error : tf.tensor2d(scaledErrors[layer]!, error.shape);
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
