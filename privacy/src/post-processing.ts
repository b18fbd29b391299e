import type { RandomizedResponse } from './randomized-response.ts';

export function simplexProjection(_raw: readonly number[]): number[] {
  throw new Error('not implemented');
}
export function effectiveRespondents(_o: { channel: RandomizedResponse; respondents: number; share?: number }): number {
  throw new Error('not implemented');
}
