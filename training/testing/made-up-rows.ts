import { SeededRandom } from '@chorale/privacy/testing';

/** Rows in [-1, 1] with labels of a logistic model, the same for a seed everywhere. */
export function madeUpRows({
  rows,
  weights,
  bias,
  seed,
}: {
  rows: number;
  weights: number[];
  bias: number;
  seed: number;
}) {
  const random = new SeededRandom(seed);
  const uniform = (): number => random.nextUint32() / 2 ** 32;
  const features = weights.length;
  const inputs = Float64Array.from({ length: rows * features }, () => 2 * uniform() - 1);
  const labels = Uint8Array.from({ length: rows }, (_, row) => {
    const logit = weights.reduce((sum, w, i) => sum + w * inputs[row * features + i]!, bias);
    return uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0;
  });
  const rowAt = (row: number): Float64Array => inputs.subarray(row * features, (row + 1) * features);
  return { rows, features, inputs, labels, rowAt };
}
