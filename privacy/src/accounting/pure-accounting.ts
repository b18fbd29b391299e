import { checkIn, checkInteger } from '../numerics/checks.ts';
import { orBasic, type Guarantee, type PrivacyUnit } from './guarantee.ts';
import { laplaceEpsilon } from './laplace-accounting.ts';
import { mixtureEpsilon } from './loss-mixture.ts';
import { checkTernary, ternaryGuarantee } from './ternary-accounting.ts';

/** Releases that are each pure `epsilonPerStep`-private. */
export interface PureSteps {
  /** Finite and > 0. */
  readonly epsilonPerStep: number;
  /** Integer >= 1. */
  readonly steps: number;
  /** In [0, 1); 0 asks for a pure guarantee. */
  readonly delta: number;
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/**
 * The composition of any pure mechanisms, replace-one: the best bound that knows nothing but their epsilon.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 * @see Kairouz, Oh and Viswanath, The composition theorem for differential privacy, ICML 2015, theorem 3.3
 */
export function accountPure(pure: PureSteps): Guarantee {
  // Every pure mechanism is post-processing of binary randomized response, which always tells.
  return ternaryGuarantee({ ...pure, informative: 1 }, 'kairouz-oh-viswanath');
}

/**
 * The composition of pure mechanisms of different epsilons, replace-one: the best bound that knows nothing but these,
 * exact while they have few different sums, otherwise a little above.
 *
 * @param epsilons finite and > 0, at least one, fixed in advance
 * @param delta in [0, 1); 0 asks for a pure guarantee
 * @param privacyUnit `employee` unless given
 * @throws {RangeError} outside these ranges
 * @see Murtagh and Vadhan, The complexity of computing the optimal composition of differential privacy, TCC 2016,
 *   theorem 1.5
 */
export function accountPureMix(
  epsilons: readonly number[],
  { delta, privacyUnit }: { delta: number; privacyUnit?: PrivacyUnit | undefined },
): Guarantee {
  checkInteger('number of epsilons', epsilons.length, '[1, Infinity)');
  checkIn('delta', delta, '[0, 1)');
  const losses = [...Map.groupBy(epsilons, (epsilon) => epsilon)].map(([epsilonPerStep, { length }]) => {
    const loss = { epsilonPerStep, informative: 1, steps: length };
    checkTernary(loss);
    return loss;
  });
  const sum = epsilons.reduce((total, epsilon) => total + epsilon, 0);
  const epsilon = delta === 0 ? Infinity : mixtureEpsilon(losses, 0, delta);
  return orBasic({ epsilon, delta, accountant: 'murtagh-vadhan' }, { sum, privacyUnit });
}

/**
 * The composition of k-ary randomized response, replace-one: exact, and well below `accountPure` for many options.
 *
 * @param options integer >= 2
 * @throws {RangeError} outside these ranges and those of `PureSteps`
 */
export function accountRandomizedResponse({ options, ...pure }: PureSteps & { readonly options: number }): Guarantee {
  checkInteger('options', options, '[2, Infinity)');
  // p / q = e^epsilon and p + (k - 1) q = 1.
  const fade = Math.exp(-pure.epsilonPerStep);
  const informative = (1 + fade) / (1 + (options - 1) * fade);
  return ternaryGuarantee({ ...pure, informative }, 'randomized-response-exact');
}

/**
 * The composition of Laplace mechanisms, replace-one: exact for one step, otherwise an upper bound that is close.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 */
export function accountLaplace(pure: PureSteps): Guarantee {
  const generic = accountPure(pure);
  if (pure.delta === 0) return generic;
  const epsilon = laplaceEpsilon(pure);
  if (!(epsilon < generic.epsilon)) return generic;
  const accountant = pure.steps === 1 ? 'laplace-exact' : 'laplace-loss-distribution';
  return { ...generic, epsilon, delta: pure.delta, accountant };
}
