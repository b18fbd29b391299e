import { checkInteger } from '../numerics/checks.ts';
import { type Guarantee, pureGuarantee, type PureSteps } from './guarantee.ts';
import { laplaceEpsilon } from './laplace-accounting.ts';
import { accountTernary, ternaryEpsilon } from './ternary-accounting.ts';

/**
 * The composition of pure mechanisms of one epsilon, replace-one; for others see `composeSpends`: the best bound that knows nothing but their epsilon.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 * @see Kairouz, Oh and Viswanath, The composition theorem for differential privacy, ICML 2015, theorem 3.3
 */
export function accountPure(pure: PureSteps): Guarantee {
  // Every pure mechanism is post-processing of binary randomized response, which always tells.
  return accountTernary({ ...pure, informative: 1 });
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
  return accountTernary({ ...pure, informative: (1 + fade) / (1 + (options - 1) * fade) });
}

/**
 * The composition of Laplace mechanisms, replace-one: exact for one step, otherwise an upper bound that is close.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 */
export function accountLaplace(pure: PureSteps): Guarantee {
  return pureGuarantee(pure, 'loss-distribution', () =>
    Math.min(laplaceEpsilon(pure), ternaryEpsilon({ ...pure, informative: 1 })),
  );
}
