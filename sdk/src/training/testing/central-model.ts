import { inputSize, type TrainingTask } from '@chorale/protocol';
import type { Batch } from '../engines/engine.ts';

/**
 * Logistic regression on all rows in one place, in doubles and converged: what federated training is
 * compared with. Newton's method; a ridge far below the data's weight keeps the curvature matrix
 * invertible where categories add up to one.
 *
 * @param tolerance bound on the L2 norm of the mean gradient at the end.
 * @returns `[inputs + 1]` parameters in the model's flat order, the bias last.
 * @throws RangeError for a task with hidden layers, or when it does not converge.
 */
export function trainCentrally({
  task,
  records,
  tolerance = 1e-9,
  ridge = 1e-6,
}: {
  task: TrainingTask;
  records: Batch;
  tolerance?: number;
  ridge?: number;
}): Float64Array {
  if (task.model.hidden.length > 0)
    throw new RangeError(`model.hidden must be empty, got ${task.model.hidden.length} layers`);
  const size = inputSize(task) + 1;
  const weights = new Float64Array(size);
  for (let iteration = 0; iteration < 100; iteration += 1) {
    const { gradient, curvature } = derivatives(records, weights, ridge);
    if (Math.hypot(...gradient) <= tolerance) return weights;
    const step = solve(curvature, gradient);
    // Halved until the loss falls: far from the optimum a whole step may overshoot. At the optimum only rounding is left.
    const before = meanLoss(records, weights, ridge) + 1e-12;
    for (let length = 1; ; length /= 2) {
      const next = weights.map((w, i) => w - length * step[i]!);
      if (meanLoss(records, next, ridge) <= before || length < 1e-10) {
        weights.set(next);
        break;
      }
    }
  }
  throw new RangeError(`tolerance must be reachable in 100 iterations, got ${tolerance}`);
}

/** Logits of the rows, which order them as their scores do. */
export function logits(weights: ArrayLike<number>, { inputs, rows }: Batch): Float64Array {
  const width = weights.length - 1;
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = weights[width]!;
    for (let i = 0; i < width; i += 1) sum += weights[i]! * inputs[row * width + i]!;
    return sum;
  });
}

function meanLoss(records: Batch, weights: Float64Array, ridge: number): number {
  const sum = logits(weights, records).reduce((total, logit, row) => {
    const signed = records.labels[row] === 1 ? -logit : logit;
    return total + Math.max(0, signed) + Math.log1p(Math.exp(-Math.abs(signed)));
  }, 0);
  return sum / records.rows + (ridge / 2) * weights.reduce((total, w) => total + w * w, 0);
}

function derivatives(
  records: Batch,
  weights: Float64Array,
  ridge: number,
): { gradient: Float64Array; curvature: Float64Array[] } {
  const size = weights.length;
  const gradient = weights.map((w) => ridge * w);
  const curvature = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(ridge, i, i + 1));
  for (const [row, logit] of logits(weights, records).entries()) {
    const score = 1 / (1 + Math.exp(-logit));
    const input = [...records.inputs.subarray(row * (size - 1), (row + 1) * (size - 1)), 1];
    for (let i = 0; i < size; i += 1) {
      gradient[i]! += ((score - records.labels[row]!) * input[i]!) / records.rows;
      const weight = (score * (1 - score) * input[i]!) / records.rows;
      if (weight !== 0) for (let j = 0; j < size; j += 1) curvature[i]![j]! += weight * input[j]!;
    }
  }
  return { gradient, curvature };
}

/** Gaussian elimination with row exchanges; overwrites the matrix. */
function solve(matrix: Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  const x = Float64Array.from(right);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1)
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row;
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [x[column], x[pivot]] = [x[pivot]!, x[column]!];
    for (let row = column + 1; row < size; row += 1) {
      const factor = matrix[row]![column]! / matrix[column]![column]!;
      for (let k = column; k < size; k += 1) matrix[row]![k]! -= factor * matrix[column]![k]!;
      x[row]! -= factor * x[column]!;
    }
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    for (let k = row + 1; k < size; k += 1) x[row]! -= matrix[row]![k]! * x[k]!;
    x[row]! /= matrix[row]![row]!;
  }
  return x;
}
