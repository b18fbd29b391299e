import type { NeighboringRelation } from './composition.ts';

export interface Account {
  readonly epsilon: number;
  readonly delta: number;
  readonly accountant: string;
  readonly neighboringRelation: NeighboringRelation;
}
export function accountPure(_o: { epsilonPerStep: number; steps: number; delta: number }): Account {
  throw new Error('not implemented');
}
export function accountLaplace(_o: { epsilonPerStep: number; steps: number; delta: number }): Account {
  throw new Error('not implemented');
}
export function accountRandomizedResponse(_o: {
  options: number;
  epsilonPerStep: number;
  steps: number;
  delta: number;
}): Account {
  throw new Error('not implemented');
}
