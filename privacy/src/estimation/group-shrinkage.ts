import type { Interval } from './binomial-intervals.ts';
import { logGamma } from '../numerics/beta-distribution.ts';
import { logNormalDensity, normalCdf, normalQuantile } from '../numerics/normal-distribution.ts';

/** One group's own, unbiased estimate. */
export interface GroupEstimate {
  /** Not used where the standard error is infinite, and may then be NaN. */
  readonly estimate: number;
  /** > 0; infinite where the group's reports say nothing. */
  readonly standardError: number;
}

/** A group's estimate, moved towards the mean of all groups. */
export interface ShrunkenEstimate extends Interval {
  readonly estimate: number;
  /** How much the group's own reports count, in [0, 1]; the rest is what other groups are like. */
  readonly weight: number;
}

/** All groups, seen together. */
export interface GroupShrinkage {
  readonly groups: readonly ShrunkenEstimate[];
  /** The mean of what the groups' true values are drawn from; NaN without any estimate. */
  readonly mean: number;
  /** Its middle value for the standard deviation between groups' true values; NaN below four estimates. */
  readonly betweenStddev: number;
  /** How likely estimates differ at least this much among groups that are all alike (Cochran's Q). */
  readonly pValue: number;
  /** Whether `pValue` is below 1 - confidence. If not, the groups cannot be told apart, and should not be ranked. */
  readonly distinguishable: boolean;
}

/** Fewer groups cannot tell how different groups are. */
const fewestGroups = 4;

const nodes = 128;

/**
 * Empirical Bayes estimates for a table of groups, such as teams. Shrunken estimates are biased: each is moved towards
 * the mean, small groups most, so that a group that really is special is shown as less so. In return their errors are
 * smaller on average over the groups, and so are their intervals, which cover the true values as often as `confidence`
 * says on average over the groups, not for each one.
 *
 * Below four groups with an estimate nothing is shrunken. A group without one gets the mean, with an interval for where
 * one more group would be.
 *
 * @param confidence in (0, 1)
 * @throws {RangeError} for no groups, a standard error that is not > 0, or an estimate that is not finite
 * @see Morris, Parametric empirical Bayes inference, JASA 1983, whose closed forms approximate the integrals
 *   taken here; Cochran, The combination of estimates from different experiments, Biometrics 1954
 */
export function shrinkGroups({
  groups,
  confidence,
}: {
  groups: readonly GroupEstimate[];
  confidence: number;
}): GroupShrinkage {
  checkIn('confidence', confidence, '(0, 1)');
  if (groups.length === 0) throw new RangeError('groups must hold at least one group, got none');
  for (const { estimate, standardError } of groups) {
    checkIn('standardError', standardError, '(0, Infinity]');
    if (standardError < Infinity && !Number.isFinite(estimate)) {
      throw new RangeError(`estimate must be finite where standardError is, got ${estimate}`);
    }
  }
  const informative = groups.filter(({ standardError }) => standardError < Infinity);
  const alike = pool(informative, 0);
  const pValue = informative.length < 2 ? 1 : chiSquareTail(alike.spread, informative.length - 1);
  const common = { pValue, distinguishable: pValue < 1 - confidence };
  if (informative.length < fewestGroups) {
    const z = normalQuantile((1 + confidence) / 2);
    const own = groups.map(({ estimate, standardError }) => ({
      estimate: standardError < Infinity ? estimate : alike.mean,
      lower: standardError < Infinity ? estimate - z * standardError : -Infinity,
      upper: standardError < Infinity ? estimate + z * standardError : Infinity,
      weight: standardError < Infinity ? 1 : 0,
    }));
    return { ...common, groups: own, mean: alike.mean, betweenStddev: Number.NaN };
  }

  const posterior = betweenPosterior(informative);
  const average = (value: (node: Posterior) => number): number =>
    posterior.reduce((sum, node) => sum + node.probability * value(node), 0);
  let passed = 0;
  const middle = posterior.find(({ probability }) => (passed += probability) >= 0.5)!;
  return {
    ...common,
    groups: groups.map((group) => {
      const parts = posterior.map((node) => ({ probability: node.probability, ...shrink(group, node) }));
      return {
        estimate: parts.reduce((sum, { probability, mean }) => sum + probability * mean, 0),
        lower: mixtureQuantile(parts, (1 - confidence) / 2),
        upper: mixtureQuantile(parts, (1 + confidence) / 2),
        weight: average(({ between }) => ownWeight(group, between)),
      };
    }),
    mean: average(({ mean }) => mean),
    betweenStddev: Math.sqrt(middle.between),
  };
}

/** The groups taken together, with a variance A between their true values: means weighted by 1 / (V + A). */
function pool(groups: readonly GroupEstimate[], between: number) {
  const weights = groups.map(({ standardError }) => 1 / (standardError ** 2 + between));
  const precision = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = groups.reduce((sum, { estimate }, index) => sum + (weights[index]! / precision) * estimate, 0);
  const spread = groups.reduce((sum, { estimate }, index) => sum + weights[index]! * (estimate - mean) ** 2, 0);
  const logWeights = weights.reduce((sum, weight) => sum + Math.log(weight), 0);
  return { mean: groups.length === 0 ? Number.NaN : mean, precision, spread, logWeights };
}

/** One possible variance between groups, how likely it is, and what the mean would then be. */
interface Posterior {
  readonly probability: number;
  readonly between: number;
  readonly mean: number;
  /** The variance of the mean, given `between`. */
  readonly meanVariance: number;
}

/**
 * True values N(mu, A), estimates N(true value, V_i), mu and A >= 0 flat: with W_i = 1 / (V_i + A) and mu integrated
 * out, the density of A given the estimates is
 *   prod W_i^(1/2) (sum W_i)^(-1/2) exp(-sum W_i (y_i - mean)^2 / 2),
 * whose tail A^(-(k - 1) / 2) has an integral from four groups on. Using all of it, in place of the likeliest A, is what
 * keeps intervals wide enough where the groups happen to look alike.
 */
function betweenPosterior(groups: readonly GroupEstimate[]): Posterior[] {
  // The midpoint rule on A = scale (t / (1 - t))^2, whose middle is about as large as A can seem.
  const alike = pool(groups, 0);
  const scale = (groups.length + alike.spread) / alike.precision;
  const points = Array.from({ length: nodes }, (_, index) => {
    const t = (index + 0.5) / nodes;
    const between = scale * (t / (1 - t)) ** 2;
    const { mean, precision, spread, logWeights } = pool(groups, between);
    const logDensity = (logWeights - Math.log(precision) - spread) / 2 + Math.log(t / (1 - t) ** 3);
    return { between, mean, meanVariance: 1 / precision, logDensity };
  });
  const largest = Math.max(...points.map(({ logDensity }) => logDensity));
  const total = points.reduce((sum, { logDensity }) => sum + Math.exp(logDensity - largest), 0);
  return points.map((point) => ({ ...point, probability: Math.exp(point.logDensity - largest) / total }));
}

function ownWeight({ standardError }: GroupEstimate, between: number): number {
  return standardError === Infinity ? 0 : between / (standardError ** 2 + between);
}

/** A group's true value, given A: normal with mean w y + (1 - w) mu, w = A / (V + A), and variance w V, or A. */
function shrink(group: GroupEstimate, { between, mean, meanVariance }: Posterior): { mean: number; stddev: number } {
  const weight = ownWeight(group, between);
  const known = group.standardError < Infinity;
  const variance = known ? weight * group.standardError ** 2 : between;
  return {
    mean: known ? weight * group.estimate + (1 - weight) * mean : mean,
    stddev: Math.sqrt(variance + (1 - weight) ** 2 * meanVariance),
  };
}

/** Where a mixture of normal distributions has passed `probability`: Newton's steps within a bracket. */
function mixtureQuantile(
  parts: readonly { probability: number; mean: number; stddev: number }[],
  probability: number,
): number {
  const used = parts.filter((part) => part.probability > 1e-12);
  const z = normalQuantile(probability);
  const ends = used.map(({ mean, stddev }) => mean + z * stddev);
  let lower = Math.min(...ends);
  let upper = Math.max(...ends);
  let x = used.reduce((sum, part, index) => sum + part.probability * ends[index]!, 0);
  for (let iteration = 0; iteration < 100; iteration += 1) {
    let excess = -probability;
    let density = 0;
    for (const part of used) {
      const standard = (x - part.mean) / part.stddev;
      excess += part.probability * normalCdf(standard);
      density += (part.probability * Math.exp(logNormalDensity(standard))) / part.stddev;
    }
    if (excess > 0) upper = x;
    else lower = x;
    let next = x - excess / density;
    if (!(next > lower && next < upper)) next = (lower + upper) / 2;
    if (Math.abs(next - x) <= 1e-12 * (Math.abs(x) + used[0]!.stddev)) return next;
    x = next;
  }
  return x;
}

/**
 * Pr[chi-square > statistic]. With h = x / 2 integration by parts gives Q(nu + 2) = Q(nu) + h^(nu / 2) e^-h /
 * Gamma(nu / 2 + 1), from Q(1) = 2 Pr[Z > sqrt x] or Q(2) = e^-h.
 */
function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  const half = statistic / 2;
  if (!(half > 0)) return 1;
  const odd = degreesOfFreedom % 2 === 1;
  let tail = odd ? 2 * normalCdf(-Math.sqrt(statistic)) : Math.exp(-half);
  for (let below = odd ? 1 : 2; below < degreesOfFreedom; below += 2) {
    tail += Math.exp((below / 2) * Math.log(half) - half - logGamma(below / 2 + 1));
  }
  return Math.min(1, tail);
}
