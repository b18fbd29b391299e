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
  let high = Math.log(most);
  for (let width = high - Math.log(0.05); width > 0.01; width /= 2) {
    const noiseMultiplier = Math.exp(high - width / 2);
    const divergence = (order: number): number =>
      steps * poissonGaussianRenyi({ noiseMultiplier, samplingRate, order });
    if (renyiEpsilon(divergence, { delta }) <= epsilon) high -= width / 2;
  }
  let highExcess = excessAt(high);
  if (highExcess > 0) {
    high = Math.log(most);
    highExcess = excessAt(high);
  }
  let low = high;
  let lowExcess = highExcess;
  for (let width = 0.05; lowExcess <= 0; width *= 2) {
    high = low;
    highExcess = lowExcess;
    if (high < Math.log(0.001)) return Math.exp(high);
    low = high - width;
    lowExcess = excessAt(low);
  }
  // Both logarithms are almost on a line: secants, a little on the safe side; the Illinois rule moves an end that stays.
  const aim = 1e-6;
  let excess = highExcess;
  let lastMoved = 0;
  for (let iteration = 0; iteration < 30 && (excess > 0 || excess < -2 * aim) && high - low > aim; iteration += 1) {
    const share = (lowExcess + aim) / (lowExcess - highExcess);
    const middle = low + (high - low) * Math.min(0.99, Math.max(0.01, share));
    excess = excessAt(middle);
    if (excess > 0) {
      low = middle;
      lowExcess = excess;
      if (lastMoved < 0) highExcess /= 2;
      lastMoved = -1;
    } else {
      high = middle;
      highExcess = excess;
      if (lastMoved > 0) lowExcess /= 2;
      lastMoved = 1;
    }
  }
  return Math.exp(high);
}
