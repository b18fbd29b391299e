export type { DistributedNoise, DistributedNoiseTarget } from './distributed-discrete-gaussian.ts';
export { distributedDiscreteGaussian } from './distributed-discrete-gaussian.ts';
export { clip, clipToGrid } from './clipping.ts';
export type { LocalGaussian } from './local-gaussian.ts';
export { addDiscreteGaussian, localGaussian } from './local-gaussian.ts';
export type { PrivUnitCalibration, PrivUnitVariant } from './priv-unit-calibration.ts';
export { calibratePrivUnit } from './priv-unit-calibration.ts';
export type { PrivUnit, PrivUnitReport } from './priv-unit.ts';
export { privUnit } from './priv-unit.ts';
export { candidateScores } from './seeded-candidates.ts';
export type { CorrelatedStream, MatrixFactorization } from './matrix-factorization.ts';
export { matrixFactorization } from './matrix-factorization.ts';
export type { Participation } from './toeplitz-factorization.ts';
export {
  accountMatrixFactorization,
  factorizationSensitivity,
  prefixSumErrors,
  toeplitzCoefficients,
} from './toeplitz-factorization.ts';
