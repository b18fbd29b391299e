import { fallingRoot } from '../numerics/search.ts';
import { gaussianNoiseMultiplier } from './gaussian-accounting.ts';
import { accountSubsampledGaussian, type SubsampledGaussianSteps } from './subsampled-gaussian-accounting.ts';

/**
 * A noise multiplier whose answer by `accountSubsampledGaussian` is at most epsilon, and the least one within about 1e-5
 * relative. Multiplied by the sensitivity to adding or removing one record (C for vectors clipped to norm C) it is the
 * noise's stddev. Something below 0.001 where delta alone is almost enough.
 *
 * @param epsilon finite and > 0
 * @throws {RangeError} outside this range and those of `SubsampledGaussianSteps`
 */
export function subsampledGaussianNoiseMultiplier({
  epsilon,
  ...sampled
}: Omit<SubsampledGaussianSteps, 'noiseMultiplier' | 'privacyUnit'> & { readonly epsilon: number }): number {
  const { samplingRate, steps, delta } = sampled;
  // What is enough without sampling is enough with it.
  const most = gaussianNoiseMultiplier({ epsilon, delta, steps });
  if (samplingRate === 1) return most;
  const excessAt = (logNoise: number): number => {
    const found = accountSubsampledGaussian({ noiseMultiplier: Math.exp(logNoise), ...sampled }).epsilon;
    return Math.log(Math.max(found / epsilon, 1e-3));
  };
  let high = Math.log(most);
  let low = high - Math.LN2;
  for (; excessAt(low) <= 0; low -= Math.LN2) {
    if (low < Math.log(0.001)) return Math.exp(low);
    high = low;
  }
  // Both logarithms are almost on a line.
  return Math.exp(fallingRoot(excessAt, [low, high], 1e-6, (least, enough) => enough - least <= 1e-6));
}
