import { layerSizes, type TrainingTask } from '@chorale/protocol';
import type * as v from 'valibot';
import type { LayersModel } from './answer-schemas.ts';

type Options = { study: string; manifest: string; task: TrainingTask; modelRound: number; weightsPath: string };

/**
 * The `model.json` of a study's model, for `loadLayersModel` of tfjs: dense layers up to the label's
 * outputs. The weights are the parameters as they travel: layer by layer, kernel `[inputs, outputs]`
 * row-major, then bias, in 32-bit little-endian floats.
 * @param options.weightsPath where the weights are, relative to the folder of `model.json`
 */
export function layersModel(options: Options): v.InferOutput<typeof LayersModel> {
  const { study, manifest, task, modelRound, weightsPath } = options;
  const sizes = layerSizes(task);
  const layers = sizes.slice(1).map((units, i) => ({
    class_name: 'Dense',
    config: {
      name: `dense_${i + 1}`,
      trainable: true,
      dtype: 'float32',
      units,
      activation: i === sizes.length - 2 ? outputActivation(task) : task.model.activation,
      use_bias: true,
      ...(i === 0 ? { batch_input_shape: [null, sizes[0]!] } : {}),
    },
  }));
  const weights = sizes.slice(1).flatMap((units, i) => [
    { name: `dense_${i + 1}/kernel`, shape: [sizes[i]!, units], dtype: 'float32' as const },
    { name: `dense_${i + 1}/bias`, shape: [units], dtype: 'float32' as const },
  ]);
  return {
    format: 'layers-model',
    generatedBy: 'chorale',
    convertedBy: null,
    modelTopology: { class_name: 'Sequential', config: { name: study, layers }, keras_version: 'tfjs-layers' },
    weightsManifest: [{ paths: [weightsPath], weights }],
    userDefinedMetadata: { study, manifest, modelRound },
  };
}

function outputActivation({ label }: TrainingTask): 'sigmoid' | 'softmax' | 'linear' {
  switch (label.type) {
    case undefined:
    case 'binary':
      return 'sigmoid';
    case 'category':
      return 'softmax';
    case 'number':
      return 'linear';
  }
}
