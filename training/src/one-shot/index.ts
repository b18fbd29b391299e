export { fitClassMeans, signedRow } from './class-mean-difference.ts';
export type { OneShotAlgorithm, OneShotPlan, OneShotPlanOptions } from './expected-accuracy.ts';
export { oneShotVerdict, planOneShot } from './expected-accuracy.ts';
export { fitGram, gramStatistics } from './gram-matrix.ts';
export type { LabelChannel, LabelCorrection } from './label-randomized-response.ts';
export { fitRandomizedLabels, labelChannel } from './label-randomized-response.ts';
export type { LinearModel } from './row-bound.ts';
export { rowNormBound } from './row-bound.ts';
export { RowStatistics } from './row-statistics.ts';
