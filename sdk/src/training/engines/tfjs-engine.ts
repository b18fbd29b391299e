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
      const result = tf.tidy(() => this.#clippedGradients(parameters, pass, exampleClippingNorm));
      // One read for gradients and norms: waiting for a GPU costs more than the transfer.
      const values = await readAndDispose(result);
      for (let i = 0; i < gradientSum.length; i += 1) gradientSum[i]! += values[i]!;
      for (let i = gradientSum.length; i < values.length; i += 1) if (values[i]! > exampleClippingNorm) clipped += 1;
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

  /** Gradients in flat order, then each example's norm where there is a bound to it. */
  #clippedGradients(parameters: Float32Array, batch: Batch, exampleClippingNorm: number): tf.Tensor1D {
    const layers = this.#layers(parameters);
    const { layerInputs, outputs } = this.#forward(layers, batch);
    const wanted = tf.tensor2d(targets(this.#network.loss, batch.labels, outputs.size), outputs.shape);
    const errors: tf.Tensor2D[] = [tf.sub(this.#scores(outputs), wanted)];
    for (let layer = layers.length - 1; layer > 0; layer -= 1) {
      const [rows, columns] = layers[layer]!.shape;
      const weights = tf.slice(layers[layer]!, [0, 0], [rows - 1, columns]);
      const activations = tf.slice(layerInputs[layer]!, [0, 0], [batch.rows, rows - 1]);
      const propagated = tf.matMul<tf.Tensor2D>(errors[0]!, weights, false, true);
      // The derivative from the activation itself: of relu 0 or 1, of tanh 1 - tanh^2.
      const slope =
        this.#network.activation === 'tanh'
          ? tf.sub(tf.scalar(1), tf.mul(activations, activations))
          : tf.step(activations);
      errors.unshift(tf.mul(propagated, slope));
    }
    const product = (error: tf.Tensor2D, layer: number): tf.Tensor1D => {
      const gradient = tf.matMul(layerInputs[layer]!, error, true, false);
      return tf.reshape<tf.Rank.R1>(gradient, [gradient.size]);
    };
    if (exampleClippingNorm === Infinity) return joined(errors.map(product));
    const norms = tf.sqrt(
      errors
        .map((error, layer) => tf.mul<tf.Tensor2D>(rowSquares(error), rowSquares(layerInputs[layer]!)))
        .reduce((sum, squares) => tf.add(sum, squares)),
    );
    const bound = tf.scalar(exampleClippingNorm);
    const factors = tf.div(bound, tf.maximum(norms, bound));
    const gradients = errors.map((error, layer) => product(tf.mul<tf.Tensor2D>(error, factors), layer));
    return joined([...gradients, tf.reshape<tf.Rank.R1>(norms, [batch.rows])]);
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

type BackendFactory = ReturnType<typeof tf.findBackendFactory>;

/** Makes it tfjs's one current backend. @throws Error where it is not registered or does not start. */
async function useBackend(name: EngineName): Promise<void> {
  if (tf.getBackend() === name) return;
  const factory = tf.findBackendFactory(name) as BackendFactory | null | undefined;
  if (factory === null || factory === undefined || !(await tf.setBackend(name)))
    throw new Error(`${name} is not offered here`);
}

/** tfjs copies where there is nothing to join, by a kernel of its own. */
function joined(parts: tf.Tensor1D[]): tf.Tensor1D {
  return parts.length === 1 ? parts[0]! : tf.concat1d(parts);
}

function rowSquares(matrix: tf.Tensor2D): tf.Tensor2D {
  return tf.sum<tf.Tensor2D>(tf.mul(matrix, matrix), 1, true);
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
