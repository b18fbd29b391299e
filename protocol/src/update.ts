import { indicatorSteps } from './adaptive-clipping.ts';
import { ChoraleError } from './errors.ts';
import { gramLength } from './one-shot.ts';
import { inputSize, parameterCount, type TrainingTask } from './training-task.ts';

/**
 * Grid steps in one clipping norm. Updates travel as integers: parameter delta = integer x
 * `clippingNorm / GRID_STEPS`. Integers leave no floating-point trace of the un-noised value, and
 * their sum is exact and does not depend on its order.
 */
export const GRID_STEPS = 2 ** 16;

/** Replace-one L2 sensitivity in grid steps of vectors that may be of any direction: two of the largest norm, opposite. */
export const UPDATE_SENSITIVITY = 2 * GRID_STEPS;

/**
 * Numbers in one update: the model's parameters, and one more where the clipping norm adapts; or of a one-shot task the
 * statistics that it is made of.
 */
export function updateLength(task: TrainingTask): number {
  switch (task.algorithm?.oneShot?.rule) {
    case undefined:
      return parameterCount(task) + Number(task.adaptiveClipping !== undefined);
    case 'gram-matrix':
      return gramLength(inputSize(task)) + 1;
    case 'class-mean-difference':
      return inputSize(task);
  }
}

/** No update is longer than this L2 norm in grid steps before its noise. */
export function updateNorm({ adaptiveClipping }: TrainingTask): number {
  if (adaptiveClipping === undefined) return GRID_STEPS;
  return Math.sqrt(GRID_STEPS ** 2 + indicatorSteps(adaptiveClipping, GRID_STEPS) ** 2);
}

/**
 * Replace-one L2 sensitivity of one update in grid steps, before its noise.
 *
 * Gram statistics are at most a right angle apart before they are truncated to the grid, which moves each coordinate of
 * either by less than a step; one more step is far above what the rounding of doubles can add. Noise of the rows' own
 * points anywhere, so with it there is no such angle.
 */
export function updateSensitivity(task: TrainingTask): number {
  const isGram = task.algorithm?.oneShot?.rule === 'gram-matrix';
  // In whole steps, so that no rounding of the root takes from it.
  if (!isGram || task.privacy.exampleNoiseMultiplier > 0) return 2 * Math.ceil(updateNorm(task));
  const truncated = Math.SQRT2 * GRID_STEPS + 2 * Math.sqrt(updateLength(task)) + 1;
  return Math.min(UPDATE_SENSITIVITY, truncated);
}

/**
 * Cells of a client's evaluation histogram, each a count of held-back rows.
 * - Two values: `2 x bins`, the negatives' bins from score 0 to 1, then the positives'.
 * - Categories: `categories x categories`, by the label, and within it by the likeliest category.
 * - A number: `2 x bins`, by the size of the error from 0 to the scale's width, then by the label from the scale's minimum
 *   to its maximum.
 */
export function histogramCells({ label, evaluation }: TrainingTask): number {
  // A task with bins has a label that takes them, and one without has categories.
  return label.type === 'category' ? label.categories.length ** 2 : 2 * evaluation.bins!;
}

/**
 * Replace-one L2 sensitivity of an evaluation histogram: one row leaves a cell and enters another, where the label is a
 * number in both parts.
 */
export function histogramSensitivity({ label }: TrainingTask): number {
  return label.type === 'number' ? 2 : Math.SQRT2;
}

/** Stddev of an update's noise, in grid steps. */
export function updateNoiseStddev(task: TrainingTask): number {
  return task.privacy.updateNoiseMultiplier * updateSensitivity(task);
}

/** Stddev of an evaluation histogram's noise, in rows. */
export function histogramNoiseStddev(task: TrainingTask): number {
  return task.evaluation.noiseMultiplier * histogramSensitivity(task);
}

/**
 * Weight of a fresh update in asynchronous training: weights that fall with staleness are integers in units of
 * one part in so many, so that sums stay exact and do not depend on their order.
 */
export const STALENESS_UNIT = 1024;

/**
 * Weight of an update that started from the model before the last `staleness` ones (Nguyen et al. 2022, section 5):
 * STALENESS_UNIT / (1 + staleness)^exponent, rounded, and at least 1, because what counts must weigh something.
 * 1 for a task that is not asynchronous.
 * @param staleness models made since the one that the update started from, an integer >= 0
 */
export function stalenessWeight({ asynchronous }: TrainingTask, staleness: number): number {
  if (!Number.isSafeInteger(staleness) || staleness < 0) {
    throw new RangeError(`staleness must be an integer >= 0, got ${staleness}`);
  }
  if (asynchronous === undefined) return 1;
  return Math.max(1, Math.round(STALENESS_UNIT / (1 + staleness) ** asynchronous.stalenessExponent));
}

/** Whether this machine keeps integers as messages do, so that a message's bytes can be read in place. */
export const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Integers as the bytes of a message: 32-bit, little-endian. */
export function encodeIntegers(values: Int32Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i += 1) view.setInt32(i * 4, values[i]!, true);
  return new Uint8Array(view.buffer);
}

/**
 * The integers of a message, at any byte offset. They may share its memory or that of `scratch`: copy what is to be kept
 * or changed.
 * @param scratch memory of `length` integers for what cannot be read in place; new memory without it
 * @throws ChoraleError `UPDATE_SHAPE` unless there are exactly `length` integers.
 */
export function decodeIntegers(bytes: Uint8Array, length: number, scratch?: Int32Array): Int32Array {
  if (bytes.byteLength !== length * 4) {
    throw new ChoraleError(
      'UPDATE_SHAPE',
      `update: ${length} integers of 4 bytes expected, got ${bytes.byteLength} bytes`,
    );
  }
  if (IS_LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) return new Int32Array(bytes.buffer, bytes.byteOffset, length);
  const values = scratch ?? new Int32Array(length);
  if (IS_LITTLE_ENDIAN) {
    // Copied at once: integers cannot start at that offset.
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength).set(bytes);
    return values;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < length; i += 1) values[i] = view.getInt32(i * 4, true);
  return values;
}

/** Model parameters as the bytes of a message: 32-bit floats, little-endian. They may share its memory. */
export function encodeParameters(values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (IS_LITTLE_ENDIAN) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const view = new DataView(new ArrayBuffer(values.length * 4));
  for (let i = 0; i < values.length; i += 1) view.setFloat32(i * 4, values[i]!, true);
  return new Uint8Array(view.buffer);
}

/**
 * A copy of the parameters in a message, at any byte offset.
 * @throws ChoraleError `UPDATE_SHAPE` unless there are exactly `length` floats; `UPDATE_MALFORMED` where one is
 *   not finite.
 */
export function decodeParameters(bytes: Uint8Array, length: number): Float32Array<ArrayBuffer> {
  if (bytes.byteLength !== length * 4) {
    throw new ChoraleError(
      'UPDATE_SHAPE',
      `model: ${length} floats of 4 bytes expected, got ${bytes.byteLength} bytes`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i += 1) {
    const value = view.getFloat32(i * 4, true);
    if (!Number.isFinite(value)) {
      throw new ChoraleError('UPDATE_MALFORMED', 'model: not every parameter is finite');
    }
    values[i] = value;
  }
  return values;
}
