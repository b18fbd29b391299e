export type { RandomSource } from './sampling/random.ts';
export {
  bernoulliFraction,
  sampleWithoutReplacement,
  SecureRandom,
  secureRandom,
  SecureRandomUnavailableError,
  uniformInteger,
} from './sampling/random.ts';
export type { FixedPointBounds } from './numerics/exponential.ts';
export { expFixedPoint } from './numerics/exponential.ts';
export type { Channel, ChannelTable } from './mechanisms/channel.ts';
export { tableChannel } from './mechanisms/channel.ts';
export type { Population, RandomizedResponse } from './mechanisms/randomized-response.ts';
export { randomizedResponse, shareVariance } from './mechanisms/randomized-response.ts';
export type { NumericMean } from './mechanisms/numeric-mean.ts';
export { numericMean } from './mechanisms/numeric-mean.ts';
export type { BinomialCount, Interval } from './estimation/binomial-intervals.ts';
export { clopperPearson, wilson } from './estimation/binomial-intervals.ts';
export { normalQuantile } from './numerics/normal-distribution.ts';
export { studentQuantile } from './numerics/beta-distribution.ts';
export type { LetterCounts, ShareEstimate, SharesEstimate } from './estimation/estimate-shares.ts';
export { estimateShares } from './estimation/estimate-shares.ts';
export type { ContrastEstimate, WeightedCounts } from './estimation/estimate-contrast.ts';
export { estimateContrast } from './estimation/estimate-contrast.ts';
export type { MeanEstimate, OutputCounts } from './estimation/estimate-mean.ts';
export { estimateMean } from './estimation/estimate-mean.ts';
export { effectiveRespondents, simplexProjection } from './estimation/post-processing.ts';
export { discreteGaussian, discreteGaussianVector } from './sampling/discrete-gaussian.ts';
export {
  gaussianDelta,
  gaussianEpsilon,
  gaussianNoiseMultiplier,
  zcdpEpsilon,
} from './accounting/gaussian-accounting.ts';
export type { DiscreteGaussianSteps } from './accounting/discrete-gaussian-accounting.ts';
export { discreteGaussianEpsilon } from './accounting/discrete-gaussian-accounting.ts';
export type { Guarantee, NeighboringRelation, PrivacyUnit } from './accounting/guarantee.ts';
export type { ComposedSpend, Spend } from './accounting/composition.ts';
export { composeSpends } from './accounting/composition.ts';
export type { PureSteps } from './accounting/pure-accounting.ts';
export { accountLaplace, accountPure, accountRandomizedResponse } from './accounting/pure-accounting.ts';
export type { Plan, PlanOptions, Question, QuestionReport } from './forecast/forecast.ts';
export { planQuestion } from './forecast/forecast.ts';
export type { QuestionSampling } from './mechanisms/question-sampling.ts';
export { questionSampling } from './mechanisms/question-sampling.ts';
