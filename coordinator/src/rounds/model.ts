import { createHash } from 'node:crypto';
import { layerSizes, parameterCount, type TrainingTask } from '@chorale/protocol';

/**
 * The model before any round: zeros for logistic regression; with hidden layers, Glorot-uniform weights
 * and zero biases from a public generator keyed by the study's identity, so that anyone can make it again.
 * @see Glorot, Bengio 2010, equation 16
 */
export function initialParameters(task: TrainingTask, manifestHash: string): Float32Array<ArrayBuffer> {
  const parameters = new Float32Array(parameterCount(task));
  if (task.model.hidden.length === 0) return parameters;
  const next = publicUniforms(manifestHash);
  const sizes = layerSizes(task);
  let offset = 0;
  for (let layer = 1; layer < sizes.length; layer += 1) {
    const inputs = sizes[layer - 1]!;
    const outputs = sizes[layer]!;
    const limit = Math.sqrt(6 / (inputs + outputs));
    for (let i = 0; i < inputs * outputs; i += 1) parameters[offset + i] = (2 * next() - 1) * limit;
    offset += (inputs + 1) * outputs;
  }
  return parameters;
}

/** Uniforms in [0, 1) from SHA-256 in counter mode: public and repeatable, and therefore never noise. */
function publicUniforms(key: string): () => number {
  let block = Buffer.alloc(0);
  let counter = 0;
  let offset = 0;
  return () => {
    if (offset >= block.length) {
      block = createHash('sha256').update(`${key}\n${counter}`).digest();
      counter += 1;
      offset = 0;
    }
    const word = block.readUInt32BE(offset);
    offset += 4;
    return word / 2 ** 32;
  };
}
