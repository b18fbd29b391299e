import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import simdUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import type { Batch, ClippedGradientSum, Network, TrainingEngine } from '../../sdk/src/training/engines/engine.ts';

/** What is commonly done: tfjs differentiates the loss of one row after the other, clips each gradient and adds it. */
export class AutodiffEngine implements TrainingEngine {
  readonly name = 'wasm';
  readonly #layerSizes: readonly number[];

  private constructor({ layerSizes }: Network) {
    this.#layerSizes = layerSizes;
  }

  static async create(network: Network): Promise<AutodiffEngine> {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    // All three are asked for, whatever is used.
    setWasmPaths({
      'tfjs-backend-wasm.wasm': simdUrl,
      'tfjs-backend-wasm-simd.wasm': simdUrl,
      'tfjs-backend-wasm-threaded-simd.wasm': simdUrl,
    });
    if (!(await tf.setBackend('wasm'))) throw new Error('wasm is not offered here');
    return new AutodiffEngine(network);
  }

  async clippedGradientSum(
    parameters: Float32Array,
    batch: Batch,
    exampleClippingNorm: number,
  ): Promise<ClippedGradientSum> {
    const flat = tf.tidy(() => {
      const weights = this.#weights(parameters);
      let sums = weights.map((w) => tf.zerosLike(w));
      const inputs = tf.tensor2d(batch.inputs, [batch.rows, this.#layerSizes[0]!]);
      const bound = tf.scalar(exampleClippingNorm);
      for (let row = 0; row < batch.rows; row += 1) {
        sums = tf.tidy(() => {
          const input = tf.slice(inputs, [row, 0], [1, this.#layerSizes[0]!]);
          const slopes = tf.grads((...at: tf.Tensor[]) => this.#loss(at, input, batch.labels[row]!));
          const gradients = slopes(weights);
          const norm = tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
          const factor = tf.div(bound, tf.maximum(norm, bound));
          return sums.map((sum, i) => tf.add(sum, tf.mul(gradients[i]!, factor)));
        });
      }
      return tf.concat1d(sums.map((sum) => tf.reshape<tf.Rank.R1>(sum, [sum.size])));
    });
    const gradientSum = await flat.data<'float32'>();
    flat.dispose();
    return { gradientSum, examples: batch.rows, clippedFraction: NaN };
  }

  loss(): Promise<number> {
    throw new Error('only gradients are compared');
  }

  scores(): Promise<Float32Array> {
    throw new Error('only gradients are compared');
  }

  dispose(): void {}

  #weights(parameters: Float32Array): tf.Tensor[] {
    let start = 0;
    return this.#layerSizes.slice(1).flatMap((outputs, layer) => {
      const inputs = this.#layerSizes[layer]!;
      const biases = start + inputs * outputs;
      const weights = tf.tensor2d(parameters.slice(start, biases), [inputs, outputs]);
      start = biases + outputs;
      return [weights, tf.tensor1d(parameters.slice(biases, start))];
    });
  }

  #loss(weights: readonly tf.Tensor[], input: tf.Tensor, label: number): tf.Scalar {
    let values = input;
    for (let i = 0; i < weights.length; i += 2) {
      if (i > 0) values = tf.relu(values);
      values = tf.add(tf.matMul(values, weights[i]!), weights[i + 1]!);
    }
    return tf.sum(tf.sub(tf.softplus(values), tf.mul(label, values)));
  }
}
