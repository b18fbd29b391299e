import { checkDelta, checkPositive, checkSteps } from './gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';
import { laplaceEpsilon } from './laplace-accounting.ts';
import { randomizedResponseEpsilon } from './randomized-response-accounting.ts';

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
  // Every pure mechanism is post-processing of binary randomized response, so the worst case is that, composed.
  return accountOf(pure, 2, 'kairouz-oh-viswanath');
}

/**
 * The composition of k-ary randomized response, replace-one: exact, and well below `accountPure` for many options.
 *
 * @param options integer >= 2
 * @throws {RangeError} outside these ranges and those of `PureSteps`
 */
export function accountRandomizedResponse({ options, ...pure }: PureSteps & { readonly options: number }): Guarantee {
  if (!Number.isSafeInteger(options) || options < 2) {
    throw new RangeError(`options must be an integer >= 2, got ${options}`);
  }
  return accountOf(pure, options, 'randomized-response-exact');
}

function accountOf(pure: PureSteps, options: number, accountant: string): Guarantee {
  checkPure(pure);
  const { epsilonPerStep, steps, delta, privacyUnit = 'employee' } = pure;
  const basic = {
    epsilon: epsilonPerStep * steps,
    delta: 0,
    accountant: 'basic',
    neighboringRelation,
    privacyUnit,
  } as const;
  if (delta === 0) return basic;
  const epsilon = randomizedResponseEpsilon({ options, epsilonPerStep, steps, delta });
  return epsilon < basic.epsilon ? { ...basic, epsilon, delta, accountant } : basic;
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

const neighboringRelation = 'replace-one';

function checkPure({ epsilonPerStep, steps, delta }: PureSteps): void {
  checkPositive('epsilonPerStep', epsilonPerStep);
  checkSteps(steps);
  if (delta !== 0) checkDelta(delta);
}
