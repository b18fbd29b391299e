import type { NumericMean } from './numeric-mean.ts';
import type { RandomizedResponse } from './randomized-response.ts';

export interface ShareEstimate {
  share: number;
  lower: number;
  upper: number;
  standardError: number;
}
export interface SharesEstimate {
  respondents: number;
  answered: ShareEstimate;
  shares: ShareEstimate[];
}
export interface ContrastEstimate {
  respondents: number;
  contrast: number;
  lower: number;
  upper: number;
  standardError: number;
}
export interface MeanEstimate {
  respondents: number;
  mean: number;
  lower: number;
  upper: number;
  standardError: number;
}
export function estimateShares(_o: {
  channel: RandomizedResponse;
  counts: readonly number[];
  noAnswer?: number;
  confidence: number;
}): SharesEstimate {
  throw new Error('not implemented');
}
export function estimateContrast(_o: {
  channel: RandomizedResponse;
  counts: readonly number[];
  noAnswer?: number;
  weights: readonly number[];
  confidence: number;
}): ContrastEstimate {
  throw new Error('not implemented');
}
export function estimateMean(_o: {
  channel: NumericMean;
  counts: readonly number[];
  minimum: number;
  maximum: number;
  confidence: number;
}): MeanEstimate {
  throw new Error('not implemented');
}
