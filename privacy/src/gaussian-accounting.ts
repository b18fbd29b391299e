export function gaussianEpsilon(_o: { noiseMultiplier: number; steps?: number; delta: number }): number {
  throw new Error('not implemented');
}
export function gaussianDelta(_o: { noiseMultiplier: number; steps?: number; epsilon: number }): number {
  throw new Error('not implemented');
}
export function gaussianNoiseMultiplier(_o: { epsilon: number; delta: number; steps?: number }): number {
  throw new Error('not implemented');
}
export function zcdpEpsilon(_o: { rho: number; delta: number }): number {
  throw new Error('not implemented');
}
