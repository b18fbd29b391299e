import {
  GRAM_COUNT,
  GRID_STEPS,
  inputSize,
  rowSensitivity,
  type TrainingTask,
  updateFormat,
  updateLength,
  updateNoiseStddev,
} from '@chorale/protocol';
import { fitClassMeans } from './class-mean-difference.ts';
import { fitGram } from './gram-matrix.ts';
import { checkVector, type LinearModel } from './row-bound.ts';

/** No log odds that are larger tell more, and single precision holds them. */
const LARGEST_NORM = 1e4;

/**
 * The server's half of a one-shot task: the model's parameters, weights before the bias, from the released sum of all
 * updates. The same sum gives the same model; it is finite whatever the noise.
 *
 * @param released of the updates, in grid steps; `totalWeight` is their number
 * @throws {RangeError} for a sum of another length or with numbers that are not finite
 */
export function oneShotModel(
  task: TrainingTask,
  { sum, totalWeight }: { sum: ArrayLike<number>; totalWeight: number },
): Float32Array<ArrayBuffer> {
  checkVector('sum', sum, updateLength(task));
  const inUnits = Float64Array.from(sum, (value) => (value * task.clippingNorm) / GRID_STEPS);
  const { weights, bias } = linearModel(task, { sum: inUnits, contributions: totalWeight });
  // A common factor leaves the order of rows as it is.
  const factor = Math.min(1, LARGEST_NORM / Math.hypot(...weights, bias));
  return Float32Array.from([...weights, bias], (value) => value * factor);
}

type Statistics = { sum: Float64Array; contributions: number };

function linearModel(task: TrainingTask, { sum, contributions }: Statistics): LinearModel {
  const features = inputSize(task);
  switch (task.algorithm?.oneShot?.rule) {
    case 'gram-matrix': {
      const counted = task.clients === 'employee' ? contributions : sum.at(-1)! / GRAM_COUNT;
      return fitGram({
        sum: sum.subarray(0, -1),
        // Noise may count fewer rows than there are, or less than none.
        rows: Math.max(2, Math.round(counted)),
        features,
        normBound: task.exampleClippingNorm,
        noiseStddev: sumNoiseStddev(task, contributions),
      });
    }
    case 'class-mean-difference':
      return spread(fitClassMeans({ sum, rows: 1, features }));
    case undefined:
      throw new TypeError('task must be a one-shot task');
  }
}

/**
 * Stddev of each number of the sum, in units of the rows' bound: of the noise of every update, of that of its rows, and of
 * the grid, where truncation leaves up to one step, a root of 1/3 of it in the root mean square, and rounding at random to
 * multiples of a unit half a unit at most.
 */
function sumNoiseStddev(task: TrainingTask, contributions: number): number {
  const { unit } = updateFormat(task);
  const grid = 1 / 3 + (unit > 1 ? unit ** 2 / 4 : 0);
  const inSteps = Math.sqrt(updateNoiseStddev(task) ** 2 + grid);
  const ofRows = task.privacy.exampleNoiseMultiplier * (rowSensitivity(task) ?? 0);
  return Math.hypot((inSteps * task.clippingNorm) / GRID_STEPS, ofRows) * Math.sqrt(contributions);
}

/**
 * A direction with a length that makes scores fill their range: the log odds of rows whose inputs are spread evenly over
 * [-1, 1], independently, have a stddev of 2, since each input's is a root of 1/3.
 */
function spread({ weights, bias }: LinearModel): LinearModel {
  const norm = Math.hypot(...weights);
  return { weights: norm === 0 ? weights : weights.map((w) => (w / norm) * 2 * Math.sqrt(3)), bias };
}
