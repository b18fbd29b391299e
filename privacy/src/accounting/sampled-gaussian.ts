import { checkIn, checkPositive } from '../numerics/checks.ts';

/** One release of a Gaussian on a Poisson sample, in units where the record that differs moves its mean by 1. */
export interface SubsampledGaussian {
  readonly noiseMultiplier: number;
  /** In (0, 1). */
  readonly samplingRate: number;
}

/** @throws {RangeError} for a noise multiplier that is not finite and > 0, or a sampling rate outside (0, 1] */
export function checkSubsampledGaussian({ noiseMultiplier, samplingRate }: SubsampledGaussian): void {
  checkPositive({ noiseMultiplier });
  checkIn('samplingRate', samplingRate, '(0, 1]');
}
