import '@tensorflow/tfjs-backend-cpu';
import { type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** Scores one row: the probability of the positive label, in [0, 1]. */
export type Scorer = (inputs: Float32Array) => Promise<number>;

/** Loads a model as any program that has tfjs can, and keeps it in this tab: rows are sent nowhere. */
export async function loadScorer(modelUrl: string): Promise<Scorer> {
  const model = await loadLayersModel(modelUrl);
  return async (inputs) => {
    const score = tidy(() => model.predict(tensor2d(inputs, [1, inputs.length])) as Tensor);
    try {
      const [probability = Number.NaN] = await score.data();
      return probability;
    } finally {
      score.dispose();
    }
  };
}
