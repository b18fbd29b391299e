import type { RandomSource } from './random.ts';

export function discreteGaussian(_o: { noiseStddev: number }, _random?: RandomSource): number {
  throw new Error('not implemented');
}
export function discreteGaussianVector(
  _o: { length: number; noiseStddev: number },
  _random?: RandomSource,
): Float64Array {
  throw new Error('not implemented');
}
