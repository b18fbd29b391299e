import '@tensorflow/tfjs-backend-cpu';
import { type Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

/** The model's outputs for one row. */
export type Scorer = (inputs: Float32Array) => Promise<Float32Array>;

/** Loads a model as any program that has tfjs can, and keeps it in this tab: rows are sent nowhere. */
export async function loadScorer(modelUrl: string): Promise<Scorer> {
  const model = await loadLayersModel(modelUrl);
  return async (inputs) => {
    const outputs = tidy(() => model.predict(tensor2d(inputs, [1, inputs.length])) as Tensor);
    try {
      return await outputs.data<'float32'>();
    } finally {
      outputs.dispose();
    }
  };
}
