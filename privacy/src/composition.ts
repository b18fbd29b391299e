export type NeighboringRelation = 'replace-one' | 'add-or-remove-one';
export type PrivacyUnit = 'employee' | 'site';
export type Spend = { readonly neighboringRelation: 'replace-one'; readonly privacyUnit: PrivacyUnit } & (
  | { readonly mechanism: 'pure'; readonly epsilon: number }
  | { readonly mechanism: 'gaussian'; readonly noiseMultiplier: number }
  | { readonly mechanism: 'zcdp'; readonly rho: number }
);
export interface ComposedSpend {
  readonly epsilon: number;
  readonly delta: number;
  readonly accountant: string;
  readonly neighboringRelation: 'replace-one';
  readonly privacyUnit: PrivacyUnit;
}
export function composeSpends(_spends: readonly Spend[], _o: { delta: number }): ComposedSpend {
  throw new Error('not implemented');
}
