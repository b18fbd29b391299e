export type { RandomSource } from './random.ts';
export {
  bernoulliFraction,
  sampleWithoutReplacement,
  SecureRandom,
  secureRandom,
  SecureRandomUnavailableError,
  uniformInteger,
} from './random.ts';
export type { FixedPointBounds } from './exponential.ts';
export { expFixedPoint } from './exponential.ts';
export type { Channel, ChannelTable } from './channel.ts';
export { tableChannel } from './channel.ts';
export type { Population, RandomizedResponse } from './randomized-response.ts';
export { randomizedResponse, shareVariance } from './randomized-response.ts';
export type { NumericMean } from './numeric-mean.ts';
export { numericMean } from './numeric-mean.ts';
export type { BinomialCount, Interval } from './binomial-intervals.ts';
export { clopperPearson, wilson } from './binomial-intervals.ts';
export { normalQuantile } from './normal-distribution.ts';
export { studentQuantile } from './beta-distribution.ts';
export type { LetterCounts, ShareEstimate, SharesEstimate } from './estimate-shares.ts';
export { estimateShares } from './estimate-shares.ts';
export type { ContrastEstimate, WeightedCounts } from './estimate-contrast.ts';
export { estimateContrast } from './estimate-contrast.ts';
export type { MeanEstimate, OutputCounts } from './estimate-mean.ts';
export { estimateMean } from './estimate-mean.ts';
export { effectiveRespondents, simplexProjection } from './post-processing.ts';
export { discreteGaussian, discreteGaussianVector } from './discrete-gaussian.ts';
export { gaussianDelta, gaussianEpsilon, gaussianNoiseMultiplier, zcdpEpsilon } from './gaussian-accounting.ts';
export type { DiscreteGaussianSteps } from './discrete-gaussian-accounting.ts';
export { discreteGaussianEpsilon } from './discrete-gaussian-accounting.ts';
export type { ComposedSpend, NeighboringRelation, PrivacyUnit, Spend } from './composition.ts';
export { composeSpends } from './composition.ts';
export type { Account, PureSteps } from './pure-accounting.ts';
export { accountLaplace, accountPure, accountRandomizedResponse } from './pure-accounting.ts';
export type { Plan, PlanOptions, Question, QuestionReport } from './forecast.ts';
export { planQuestion } from './forecast.ts';
export type { QuestionSampling } from './question-sampling.ts';
export { questionSampling } from './question-sampling.ts';
