/** Which two data sets must be hard to tell apart. */
export type NeighboringRelation = 'replace-one' | 'add-or-remove-one';

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
