import { checkIn, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';

/**
 * Which two data sets must be hard to tell apart: one unit's record replaced by any other, one unit there or not, or one
 * unit's contribution replaced by zero in a group of known size.
 */
export type NeighboringRelation = 'replace-one' | 'add-or-remove-one' | 'zero-out';

/** Whose whole record a guarantee covers. */
export type PrivacyUnit = 'employee' | 'site';

/** An (epsilon, delta) guarantee, which means nothing without its relation and its unit. */
export interface Guarantee {
  readonly epsilon: number;
  /** 0 where the guarantee is pure. */
  readonly delta: number;
  /** Which bound gave it. */
  readonly accountant: string;
  readonly neighboringRelation: NeighboringRelation;
  readonly privacyUnit: PrivacyUnit;
}

/** Releases that are each pure `epsilonPerStep`-private. */
export interface PureSteps {
  /** Finite and > 0. */
  readonly epsilonPerStep: number;
  /** Integer >= 1; each release may depend on the ones before. */
  readonly steps: number;
  /** In [0, 1); 0 asks for a pure guarantee. */
  readonly delta: number;
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/**
 * What pure steps come to, replace-one: the sum of their epsilons, or the epsilon of a bound where delta is not 0.
 *
 * @throws {RangeError} outside the ranges of `PureSteps`
 */
export function pureGuarantee(
  { epsilonPerStep, steps, delta, privacyUnit }: PureSteps,
  accountant: string,
  bound: () => number,
): Guarantee {
  checkPositive({ epsilonPerStep });
  checkPositiveInteger({ steps });
  checkIn('delta', delta, '[0, 1)');
  const epsilon = delta === 0 ? Infinity : bound();
  return orBasic({ epsilon, delta, accountant }, { sum: epsilonPerStep * steps, privacyUnit });
}

/** What pure releases, replace-one, come to: a bound for some delta, or the sum of their epsilons where that is no more. */
export function orBasic(
  { epsilon, delta, accountant }: Pick<Guarantee, 'epsilon' | 'delta' | 'accountant'>,
  {
    sum,
    basic = 'basic',
    privacyUnit = 'employee',
  }: { sum: number; basic?: string; privacyUnit?: PrivacyUnit | undefined },
): Guarantee {
  const bound = epsilon < sum ? { epsilon, delta, accountant } : { epsilon: sum, delta: 0, accountant: basic };
  return { ...bound, neighboringRelation: 'replace-one', privacyUnit };
}
