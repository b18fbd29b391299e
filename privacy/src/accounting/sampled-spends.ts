import { exchangedGaussianCumulant } from './renyi-accounting.ts';
import { accountSubsampledGaussian } from './subsampled-gaussian-accounting.ts';
import type { SubsampledGaussian } from './sampled-gaussian.ts';

/** How a composition counts Gaussians on Poisson samples, replace-one. */
export interface SampledSpends {
  /** An epsilon for which so many steps of one noise and rate are (epsilon, delta)-private. */
  epsilon(steps: SubsampledGaussian & { readonly steps: number; readonly delta: number }): number;
  /** At least ln E[e^(x loss)] of one step, x > 0. */
  cumulant(x: number, gaussian: SubsampledGaussian): number;
}

/** Apart from `composeSpends` and `composeAdaptiveSpends`, so that a page whose spends do not sample need not load it. */
export const sampledSpends: SampledSpends = {
  epsilon: (steps) => accountSubsampledGaussian({ ...steps, neighboringRelation: 'replace-one' }).epsilon,
  cumulant: exchangedGaussianCumulant,
};
