export type { RandomSource } from './sampling/random.ts';
export {
  bernoulli,
  poissonSample,
  sampleWithoutReplacement,
  SecureRandom,
  secureRandom,
  SecureRandomUnavailableError,
  uniformInteger,
} from './sampling/random.ts';
export { discreteGaussian, discreteGaussianVector } from './sampling/discrete-gaussian.ts';
export { discreteLaplace } from './sampling/discrete-laplace.ts';
export type { Fraction } from './numerics/exponential.ts';

export type { Channel, ChannelTable } from './mechanisms/channel.ts';
export { realizeEpsilon, tableChannel } from './mechanisms/channel.ts';
export type { Population, RandomizedResponse } from './mechanisms/randomized-response.ts';
export { randomizedResponse, shareVariance } from './mechanisms/randomized-response.ts';
export type { FrequencyChannel, FrequencyMechanism, SupportProbabilities } from './mechanisms/frequency-mechanism.ts';
export type { SubsetSelection } from './mechanisms/subset-selection.ts';
export { subsetSelection } from './mechanisms/subset-selection.ts';
export type { UnaryEncoding } from './mechanisms/unary-encoding.ts';
export { unaryEncoding } from './mechanisms/unary-encoding.ts';
export type { HashedReport } from './mechanisms/hash-family.ts';
export type { LocalHashing } from './mechanisms/local-hashing.ts';
export { localHashing } from './mechanisms/local-hashing.ts';
export { chooseChannel, chooseMechanism } from './mechanisms/choose-mechanism.ts';
export type { NumericMean } from './mechanisms/numeric-mean.ts';
export { numericMean } from './mechanisms/numeric-mean.ts';
export { numericMeanVariance } from './mechanisms/numeric-mean-variance.ts';
export type { QuestionSampling } from './mechanisms/question-sampling.ts';
export { questionSampling } from './mechanisms/question-sampling.ts';
export type {
  LongitudinalRandomizedResponse,
  MemoizedEpsilons,
  MemoizedSteps,
} from './mechanisms/longitudinal-randomized-response.ts';
export {
  longitudinalRandomizedResponse,
  longitudinalShareVariance,
} from './mechanisms/longitudinal-randomized-response.ts';
export type { MemoizationLabels } from './mechanisms/memoization.ts';
export { memoizationKey, memoizedLetters, memoizedRandom } from './mechanisms/memoization.ts';
export type { Loloha } from './mechanisms/loloha.ts';
export { loloha } from './mechanisms/loloha.ts';
export type { DistributionEstimate, SquareWave } from './mechanisms/square-wave.ts';
export { estimateDistribution, squareWave } from './mechanisms/square-wave.ts';

export type { SupportCounts } from './estimation/count-support.ts';
export { countSupport } from './estimation/count-support.ts';
export type { BinomialCount, Interval } from './estimation/binomial-intervals.ts';
export { clopperPearson, wilson } from './estimation/binomial-intervals.ts';
export type { ShareEstimate, SharesEstimate, SharesOptions } from './estimation/estimate-shares.ts';
export { estimateShares } from './estimation/estimate-shares.ts';
export type { ContrastEstimate, WeightedCounts } from './estimation/estimate-contrast.ts';
export { estimateContrast } from './estimation/estimate-contrast.ts';
export type { MeanEstimate, OutputCounts } from './estimation/estimate-mean.ts';
export { estimateMean } from './estimation/estimate-mean.ts';
export { effectiveRespondents, simplexProjection } from './estimation/post-processing.ts';
export type { LikelyShares } from './estimation/maximum-likelihood.ts';
export { maximumLikelihood } from './estimation/maximum-likelihood.ts';
export type { GroupEstimate, GroupShrinkage, ShrunkenEstimate } from './estimation/group-shrinkage.ts';
export { shrinkGroups } from './estimation/group-shrinkage.ts';
export type { WaveChange, WaveEstimate } from './estimation/wave-change.ts';
export { holmAdjusted, waveChange } from './estimation/wave-change.ts';

export {
  gaussianDelta,
  gaussianEpsilon,
  gaussianNoiseMultiplier,
  zcdpEpsilon,
} from './accounting/gaussian-accounting.ts';
export type { DiscreteGaussianSteps } from './accounting/discrete-gaussian-accounting.ts';
export { discreteGaussianEpsilon } from './accounting/discrete-gaussian-accounting.ts';
export type { SubsampledGaussianSteps } from './accounting/subsampled-gaussian-accounting.ts';
export { accountSubsampledGaussian } from './accounting/subsampled-gaussian-accounting.ts';
export { subsampledGaussianNoiseMultiplier } from './accounting/subsampled-gaussian-calibration.ts';
export type { FixedSizeSampledGaussianSteps } from './accounting/fixed-size-gaussian-accounting.ts';
export {
  accountFixedSizeSampledGaussian,
  fixedSizeGaussianRenyi,
} from './accounting/fixed-size-gaussian-accounting.ts';
export type { SampledGaussianOrder } from './accounting/renyi-accounting.ts';
export { poissonGaussianRenyi, renyiEpsilon } from './accounting/renyi-accounting.ts';
export { accountDiscreteLaplace } from './accounting/laplace-accounting.ts';
export type { Guarantee, NeighboringRelation, PrivacyUnit } from './accounting/guarantee.ts';
export type { ComposedSpend, Composition, Spend } from './accounting/composition.ts';
export { composeAdaptiveSpends, composeSpends } from './accounting/composition.ts';
export type { SampledSpends } from './accounting/sampled-spends.ts';
export { sampledSpends } from './accounting/sampled-spends.ts';
export type { PureSteps } from './accounting/guarantee.ts';
export { accountLaplace, accountPure, accountRandomizedResponse } from './accounting/pure-accounting.ts';
export type { TernaryLoss, TernarySteps } from './accounting/ternary-accounting.ts';
export { accountTernary, informativeProbability } from './accounting/ternary-accounting.ts';
export type { ShuffledReports, ShuffleGuarantee } from './accounting/shuffle-accounting.ts';
export { accountShuffle, accountShuffledResponse } from './accounting/shuffle-accounting.ts';
export type { ClippedCountNoise } from './accounting/adaptive-clipping.ts';
export { nextClippingNorm, splitClippedCountNoise } from './accounting/adaptive-clipping.ts';
export { skellamEpsilon } from './accounting/skellam-accounting.ts';
