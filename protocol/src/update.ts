import { ChoraleError } from './errors.ts';
import { parameterCount, type TrainingTask } from './training-task.ts';

/**
 * Grid steps in one clipping norm. Updates travel as integers: parameter delta = integer x
 * `clippingNorm / GRID_STEPS`. Integers leave no floating-point trace of the un-noised value, and
 * their sum is exact and does not depend on its order.
 */
export const GRID_STEPS = 2 ** 16;

/** Replace-one L2 sensitivity of one update in grid steps: two updates of the largest norm, opposite. */
export const UPDATE_SENSITIVITY = 2 * GRID_STEPS;

/** Replace-one L2 sensitivity of an evaluation histogram: one row leaves a bin and enters another. */
export const HISTOGRAM_SENSITIVITY = Math.SQRT2;

/** Stddev of an update's noise, in grid steps. */
export function updateNoiseStddev(task: TrainingTask): number {
  return task.privacy.updateNoiseMultiplier * UPDATE_SENSITIVITY;
}

/** Stddev of an evaluation histogram's noise, in rows. */
export function histogramNoiseStddev(task: TrainingTask): number {
  return task.evaluation.noiseMultiplier * HISTOGRAM_SENSITIVITY;
}

/**
 * Largest L2 norm, in grid steps, of an update that an honest client sends, except with probability
 * below 1e-12. Discrete Gaussian noise is subgaussian with its stddev S as parameter (Canonne, Kamath,
 * Steinke 2020, Proposition 1), so its norm exceeds S (sqrt(d) + sqrt(2 ln(1/beta))) with probability
 * below beta (Hsu, Kakade, Zhang 2012).
 */
export function updateNormBound(task: TrainingTask): number {
  const stddev = updateNoiseStddev(task);
  return GRID_STEPS + stddev * (Math.sqrt(parameterCount(task)) + Math.sqrt(2 * Math.log(1e12)));
}

/**
 * Largest magnitude that the weighted sum of a whole cohort's updates can reach in one coordinate: sums
 * are exact in doubles only below 2^53.
 */
export function cohortSumBound(task: TrainingTask): number {
  const largestWeight = Math.max(1, ...Object.values(task.weights ?? {}));
  return task.cohort.size * largestWeight * updateNormBound(task);
}

/** Integers as the bytes of a message: 32-bit, little-endian. */
export function encodeIntegers(values: Int32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setInt32(i * 4, value, true));
  return bytes;
}

/** @throws ChoraleError `UPDATE_SHAPE` unless there are exactly `length` integers. */
export function decodeIntegers(bytes: Uint8Array, length: number): Int32Array {
  if (bytes.byteLength !== length * 4) {
    throw new ChoraleError(
      'UPDATE_SHAPE',
      `update: ${length} integers of 4 bytes expected, got ${bytes.byteLength} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length }, (_, i) => view.getInt32(i * 4, true));
}

/** Model parameters as the bytes of a message: 32-bit floats, little-endian. */
export function encodeParameters(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat32(i * 4, value, true));
  return bytes;
}

/** @throws ChoraleError `UPDATE_SHAPE` unless there are exactly `length` finite floats. */
export function decodeParameters(bytes: Uint8Array, length: number): Float32Array {
  if (bytes.byteLength !== length * 4) {
    throw new ChoraleError(
      'UPDATE_SHAPE',
      `model: ${length} floats of 4 bytes expected, got ${bytes.byteLength} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = Float32Array.from({ length }, (_, i) => view.getFloat32(i * 4, true));
  if (!values.every(Number.isFinite))
    throw new ChoraleError('UPDATE_MALFORMED', 'model: not every parameter is finite');
  return values;
}
