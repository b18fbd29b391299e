import type { NeighboringRelation } from './composition.ts';
import { checkDelta, checkPositive, checkSteps } from './gaussian-accounting.ts';
import { laplaceEpsilon } from './laplace-accounting.ts';
import { randomizedResponseEpsilon } from './randomized-response-accounting.ts';

/** What an accountant found. */
export interface Account {
  readonly epsilon: number;
  readonly delta: number;
  /** Which bound gave it. */
  readonly accountant: string;
  readonly neighboringRelation: NeighboringRelation;
}

/** Releases that are each pure `epsilonPerStep`-private. */
export interface PureSteps {
  /** Finite and > 0. */
  readonly epsilonPerStep: number;
  /** Integer >= 1. */
  readonly steps: number;
  /** In [0, 1); 0 asks for a pure guarantee. */
  readonly delta: number;
}

/**
 * The composition of any pure mechanisms, replace-one: the best bound that knows nothing but their epsilon.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 * @see Kairouz, Oh and Viswanath, The composition theorem for differential privacy, ICML 2015, theorem 3.3
 */
export function accountPure(pure: PureSteps): Account {
  // Every pure mechanism is post-processing of binary randomized response, so the worst case is that, composed.
  return accountOf(pure, 2, 'kairouz-oh-viswanath');
}

/**
 * The composition of k-ary randomized response, replace-one: exact, and well below `accountPure` for many options.
 *
 * @param options integer >= 2
 * @throws {RangeError} outside these ranges and those of `PureSteps`
 */
export function accountRandomizedResponse({ options, ...pure }: PureSteps & { readonly options: number }): Account {
  if (!Number.isSafeInteger(options) || options < 2) {
    throw new RangeError(`options must be an integer >= 2, got ${options}`);
  }
  return accountOf(pure, options, 'randomized-response-exact');
}

function accountOf(pure: PureSteps, options: number, accountant: string): Account {
  checkPure(pure);
  const { epsilonPerStep, steps, delta } = pure;
  const basic = { epsilon: epsilonPerStep * steps, delta, accountant: 'basic', neighboringRelation } as const;
  if (delta === 0) return basic;
  const epsilon = randomizedResponseEpsilon({ options, epsilonPerStep, steps, delta });
  return epsilon < basic.epsilon ? { epsilon, delta, accountant, neighboringRelation } : basic;
}

/**
 * The composition of Laplace mechanisms, replace-one: exact for one step, otherwise an upper bound that is close.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 */
export function accountLaplace(pure: PureSteps): Account {
  const generic = accountPure(pure);
  if (pure.delta === 0) return generic;
  const epsilon = laplaceEpsilon(pure);
  if (!(epsilon < generic.epsilon)) return generic;
  const accountant = pure.steps === 1 ? 'laplace-exact' : 'laplace-loss-distribution';
  return { epsilon, delta: pure.delta, accountant, neighboringRelation };
}

const neighboringRelation = 'replace-one';

function checkPure({ epsilonPerStep, steps, delta }: PureSteps): void {
  checkPositive('epsilonPerStep', epsilonPerStep);
  checkSteps(steps);
  if (delta !== 0) checkDelta(delta);
}
