export function discreteGaussianEpsilon(_o: {
  noiseStddev: number;
  sensitivity: number;
  steps?: number;
  delta: number;
  dimension?: number;
  summands?: number;
}): number {
  throw new Error('not implemented');
}
