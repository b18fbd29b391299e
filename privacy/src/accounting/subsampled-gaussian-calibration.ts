import { fallingRoot, halve } from '../numerics/search.ts';
import { gaussianNoiseMultiplier } from './gaussian-accounting.ts';
import { poissonGaussianRenyi, renyiEpsilon } from './renyi-accounting.ts';
import { accountSubsampledGaussian, type SubsampledGaussianSteps } from './subsampled-gaussian-accounting.ts';
import { checkSubsampledGaussian } from './subsampled-gaussian-losses.ts';

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
  checkSubsampledGaussian({ noiseMultiplier: 1, samplingRate });
  // What is enough without sampling is enough with it.
  const most = gaussianNoiseMultiplier({ epsilon, delta, steps });
  if (samplingRate === 1) return most;
  const excessAt = (logNoise: number): number => {
    const found = accountSubsampledGaussian({ noiseMultiplier: Math.exp(logNoise), ...sampled }).epsilon;
    return Math.log(Math.max(found / epsilon, 1e-3));
  };
  // Renyi divergence asks for a little more noise than is needed, and is found quickly.
  const isTooLittle = (logNoise: number): boolean => {
    const noiseMultiplier = Math.exp(logNoise);
    const divergence = (order: number): number =>
      steps * poissonGaussianRenyi({ noiseMultiplier, samplingRate, order });
    return renyiEpsilon(divergence, { delta }) > epsilon;
  };
  let high = halve(isTooLittle, { holds: Math.log(0.05), fails: Math.log(most) }, 10).fails;
  let highValue = excessAt(high);
  if (highValue > 0) {
    high = Math.log(most);
    highValue = excessAt(high);
  }
  let low = high;
  let lowValue = highValue;
  for (let width = 0.05; lowValue <= 0; width *= 2) {
    high = low;
    highValue = lowValue;
    if (high < Math.log(0.001)) return Math.exp(high);
    low = high - width;
    lowValue = excessAt(low);
  }
  // Both logarithms are almost on a line.
  const aim = 1e-6;
  const isNear = (least: number, enough: number): boolean => enough - least <= aim;
  return Math.exp(fallingRoot(excessAt, { low, lowValue, high, highValue }, { aim, isNear }));
}
