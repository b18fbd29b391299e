import { encodeIntegers, histogramCells, type TrainingTask, updateLength } from '@chorale/protocol';
import type { SimulationRandom } from './random.ts';

type Shape = { task: TrainingTask; kind: 'train' | 'evaluate' };

/** Grid steps in one clipping norm: the longest that an update without noise may be. */
const GRID_STEPS = 65_536;

/** What an honest client sends: an update within its norm, sometimes just so, or a histogram of counts. */
export function drawContribution(random: SimulationRandom, { task, kind }: Shape): Uint8Array {
  if (kind === 'evaluate') {
    return encode(histogramCells(task), () => random.integer(0, 500));
  }
  const length = updateLength(task);
  if (random.chance(0.02)) return encode(length, (i) => (i === 0 ? -GRID_STEPS : 0));
  const largest = Math.floor(GRID_STEPS / Math.sqrt(length));
  return encode(length, () => random.integer(-largest, largest));
}

/** What no honest client sends: a wrong length, or numbers out of bounds. */
export function drawBroken(random: SimulationRandom, { task, kind }: Shape): Uint8Array {
  const length = kind === 'train' ? updateLength(task) : histogramCells(task);
  switch (random.integer(0, 4)) {
    case 0:
      return encode(length + 1, () => 1);
    case 1:
      return new Uint8Array(random.integer(0, 4 * length - 1));
    case 2:
      return encode(length, (i) => (i === 0 ? 2 ** 31 - 1 : 0));
    case 3:
      return encode(length, (i) => (i === 0 ? -(2 ** 31) : 0));
    default:
      // Just beyond the norm, or the largest count.
      return encode(length, (i) => (i === 0 ? (kind === 'train' ? GRID_STEPS : 1_000_000) + 1 : 0));
  }
}

function encode(length: number, valueAt: (index: number) => number): Uint8Array {
  const values = new Int32Array(length);
  for (let i = 0; i < length; i += 1) values[i] = valueAt(i);
  return encodeIntegers(values);
}
