import { ChoraleError } from './errors.ts';
import type { TrainingTask } from './training-task.ts';
import {
  decodeIntegers,
  encodeIntegers,
  GRID_STEPS,
  IS_LITTLE_ENDIAN,
  updateLength,
  updateNoiseStddev,
} from './update.ts';

/** How the integers of a vector travel: as multiples of a unit, each in so many bits, little-endian. */
export type UpdateFormat = {
  bits: 8 | 16 | 32;
  /** Grid steps in one multiple: a power of two, and 1 for 32 bits. */
  unit: number;
};

/** Every integer as it is. */
export const PLAIN_FORMAT: UpdateFormat = { bits: 32, unit: 1 };

/** Stddevs of the noise beyond the clipping norm that fit: a coordinate needs more with probability 2e-9. */
const NOISE_REACH = 6;

/**
 * The format of a task's updates. The unit is the smallest with which so many bits reach as far as the clipping norm
 * and the noise together; what is further is limited. It follows from the task alone, so it tells nothing of the data.
 */
export function updateFormat(task: TrainingTask): UpdateFormat {
  const bits = task.bitsPerParameter ?? 32;
  if (bits === 32) return PLAIN_FORMAT;
  const reach = task.privacy.updateMechanism === undefined ? noiseReach(task) : reportReach(task);
  const unit = 2 ** Math.ceil(Math.log2(reach / 2 ** (bits - 1)));
  // Integers are limited to 32 bits in any case.
  return { bits, unit: Math.min(unit, 2 ** (32 - bits)) };
}

function noiseReach(task: TrainingTask): number {
  return GRID_STEPS + NOISE_REACH * updateNoiseStddev(task);
}

/**
 * A coordinate of a vector of norm 1 in d + 1 dimensions, in any direction, has the stddev 1 / sqrt(d + 1). For the
 * norm of a report this takes the one that it would have with half of all directions as the cap, which is the simplest
 * of mechanisms and within a factor of three of the best. No bound rests on it: what is further is limited.
 */
function reportReach(task: TrainingTask): number {
  const { epsilon } = task.privacy.updateMechanism!;
  const dimension = updateLength(task) + 1;
  const norm = GRID_STEPS / (Math.sqrt(2 / (Math.PI * dimension)) * Math.tanh(epsilon / 2));
  return Math.max(GRID_STEPS, norm * Math.min(1, NOISE_REACH / Math.sqrt(dimension)));
}

/** Largest multiple of the unit that the format can write; the smallest is its opposite. */
export function largestMultiple(bits: UpdateFormat['bits']): number {
  return 2 ** (bits - 1) - 1;
}

/** Bytes of a vector of so many integers. */
export function formatBytes({ bits }: UpdateFormat, length: number): number {
  return (bits / 8) * length;
}

/**
 * A vector as the bytes of a message.
 * @param values whole multiples of the unit, within the format's range
 * @throws RangeError for any other
 */
export function packIntegers(values: Int32Array, { bits, unit }: UpdateFormat): Uint8Array<ArrayBuffer> {
  if (bits === 32) return encodeIntegers(values);
  const view = new DataView(new ArrayBuffer(formatBytes({ bits, unit }, values.length)));
  const largest = largestMultiple(bits);
  for (let i = 0; i < values.length; i += 1) {
    const multiple = values[i]! / unit;
    if (!Number.isInteger(multiple) || Math.abs(multiple) > largest) {
      throw new RangeError(`values must be multiples of ${unit} up to ${largest * unit}, got ${values[i]}`);
    }
    if (bits === 8) view.setInt8(i, multiple);
    else view.setInt16(i * 2, multiple, true);
  }
  return new Uint8Array(view.buffer);
}

/**
 * The integers of a message, at any byte offset, as multiples of the format's unit. They may share the message's
 * memory or that of `scratch`: copy what is to be kept or changed.
 * @param options.scratch memory of `length` multiples for what cannot be read in place; new memory without it
 * @throws ChoraleError `UPDATE_SHAPE` unless there are exactly `length` integers.
 */
export function unpackMultiples(
  bytes: Uint8Array,
  format: UpdateFormat,
  { length, scratch }: { length: number; scratch?: Int32Array | undefined },
): Int32Array {
  if (format.bits === 32) return decodeIntegers(bytes, length, scratch);
  const expected = formatBytes(format, length);
  if (bytes.byteLength !== expected) {
    throw new ChoraleError('UPDATE_SHAPE', `update: ${expected} bytes expected, got ${bytes.byteLength}`);
  }
  const values = scratch ?? new Int32Array(length);
  values.set(format.bits === 8 ? new Int8Array(bytes.buffer, bytes.byteOffset, length) : shorts(bytes));
  return values;
}

/** 16-bit integers, in place where they can start there and the machine keeps them alike. */
function shorts(bytes: Uint8Array): Int16Array {
  if (IS_LITTLE_ENDIAN) {
    const { buffer, byteOffset, byteLength } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
    return new Int16Array(buffer, byteOffset, byteLength / 2);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
}
