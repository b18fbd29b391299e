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
