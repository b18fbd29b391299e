import { checkIn, checkInteger, checkProbability } from '../numerics/checks.ts';
import type { Interval } from './binomial-intervals.ts';
import { fallingRoot } from '../numerics/search.ts';
import { logGamma } from '../numerics/beta-distribution.ts';
import { logSumExp } from '../numerics/log-sums.ts';
import { normalCdf, normalQuantile } from '../numerics/normal-distribution.ts';

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
  /** Its middle value for the standard deviation between groups' true values; infinite below four estimates, which shrinks nothing. */
  readonly betweenStddev: number;
  /** How likely estimates differ at least this much among groups that are all alike (Cochran's Q). */
  readonly pValue: number;
  /** Whether `pValue` is below 1 - confidence. If not, the groups cannot be told apart, and should not be ranked. */
  readonly distinguishable: boolean;
}

/** Fewer groups cannot tell how different groups are. */
const fewestGroups = 4;

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
  checkProbability({ confidence });
  checkInteger('number of groups', groups.length, '[1, Infinity)');
  for (const { estimate, standardError } of groups) {
    checkIn('standardError', standardError, '(0, Infinity]');
    if (standardError < Infinity) checkIn('estimate', estimate, '(-Infinity, Infinity)');
  }
  const informative = groups.filter(({ standardError }) => standardError < Infinity);
  const alike = pool(informative, 0);
  const pValue = informative.length < 2 ? 1 : chiSquareTail(alike.spread, informative.length - 1);
  const posterior: readonly Posterior[] =
    informative.length < fewestGroups ? [[1, Infinity, alike.mean, alike.meanStddev]] : betweenPosterior(informative);
  const average = (value: (node: Posterior) => number): number =>
    posterior.reduce((sum, node) => sum + node[0] * value(node), 0);
  let passed = 0;
  const middle = posterior.find(([probability]) => (passed += probability) >= 0.5)!;
  return {
    pValue,
    distinguishable: pValue < 1 - confidence,
    groups: groups.map((group) => {
      const parts = posterior.map((node) => shrink(group, node));
      return {
        estimate: parts.reduce((sum, [probability, mean]) => sum + probability * mean, 0),
        lower: mixtureQuantile(parts, (1 - confidence) / 2),
        upper: mixtureQuantile(parts, (1 + confidence) / 2),
        weight: Math.min(
          1,
          average(([, between]) => ownWeight(group, between)),
        ),
      };
    }),
    mean: average(([, , mean]) => mean),
    betweenStddev: middle[1],
  };
}

/**
 * The groups taken together, with a standard deviation between their true values: means weighted by 1 / (V + A). No
 * square of a standard deviation is formed, as it may be no double.
 */
function pool(groups: readonly GroupEstimate[], between: number) {
  const stddevs = groups.map(({ standardError }) => Math.hypot(standardError, between));
  const least = Math.min(...stddevs);
  const weights = stddevs.map((stddev) => (least / stddev) ** 2);
  const precision = weights.reduce((sum, weight) => sum + weight, 0);
  // From the first estimate on, so that equal ones have exactly that mean.
  const start = groups[0]?.estimate ?? Number.NaN;
  const mean = groups.reduce(
    (sum, { estimate }, index) => sum + (weights[index]! / precision) * (estimate - start),
    start,
  );
  const spread = groups.reduce((sum, { estimate }, index) => sum + ((estimate - mean) / stddevs[index]!) ** 2, 0);
  const meanStddev = least / Math.sqrt(precision);
  const logStddevs = stddevs.reduce((sum, stddev) => sum + Math.log(stddev), 0);
  return { mean, meanStddev, spread, logDensity: Math.log(meanStddev) - logStddevs - spread / 2 };
}

/** One possible standard deviation between groups, how likely it is, and what the mean would then be. */
type Posterior = readonly [
  probability: number,
  between: number,
  mean: number,
  /** The standard deviation of the mean, given `between`. */
  meanStddev: number,
];

/**
 * True values N(mu, A), estimates N(true value, V_i), mu and A >= 0 flat: with W_i = 1 / (V_i + A) and mu integrated
 * out, the density of A given the estimates is
 *   prod W_i^(1/2) (sum W_i)^(-1/2) exp(-sum W_i (y_i - mean)^2 / 2),
 * whose tail A^(-(k - 1) / 2) has an integral from four groups on. Using all of it, in place of the likeliest A, is what
 * keeps intervals wide enough where the groups happen to look alike.
 */
function betweenPosterior(groups: readonly GroupEstimate[]): Posterior[] {
  // Sums over u = ln A / 2, where dA = 2 A du. The density has the scale of every group's error and of every difference,
  // and falls as A below all and at least as A^(-1/2) above. Its peak is about (2 k)^(-1/2) wide or wider, so
  // that these steps make the sums as good as integrals.
  const estimates = groups.map(({ estimate }) => estimate);
  const errors = groups.map(({ standardError }) => standardError);
  const widest = Math.max(...errors, Math.max(...estimates) - Math.min(...estimates));
  const from = Math.log(Math.min(...errors)) - negligible / 2;
  const to = Math.log(widest) + negligible;
  const step = 0.2 / Math.sqrt(groups.length);
  // Of four groups with like errors there are just so many steps: rounding must not make it one more.
  const nodes = Array.from({ length: Math.ceil((to - from) / step - 1e-6) }, (_, index) => {
    const u = from + index * step;
    const between = Math.exp(u);
    const pooled = pool(groups, between);
    return [pooled.logDensity + 2 * u, between, pooled.mean, pooled.meanStddev] as const;
  });
  const largest = Math.max(...nodes.map(([logDensity]) => logDensity));
  const likely = nodes.filter(([logDensity]) => logDensity > largest - negligible);
  const logTotal = logSumExp(Float64Array.from(likely, ([logDensity]) => logDensity));
  return likely.map(([logDensity, ...rest]) => [Math.exp(logDensity - logTotal), ...rest]);
}

// What is less likely by e to this power does not matter.
const negligible = 16;

function ownWeight({ standardError }: GroupEstimate, between: number): number {
  return standardError < Infinity ? 1 / (1 + (standardError / between) ** 2) : 0;
}

/** A normal distribution as a part of a mixture. */
type Normal = readonly [probability: number, mean: number, stddev: number];

/** A group's true value, given A: normal with mean w y + (1 - w) mu, w = A / (V + A), and variance w V, or A. */
function shrink(group: GroupEstimate, [probability, between, mean, meanStddev]: Posterior): Normal {
  const weight = ownWeight(group, between);
  const known = group.standardError < Infinity;
  return [
    probability,
    known ? weight * group.estimate + (1 - weight) * mean : mean,
    Math.hypot(known ? Math.sqrt(weight) * group.standardError : between, (1 - weight) * meanStddev),
  ];
}

/** Where a mixture of normal distributions has passed `probability`. */
function mixtureQuantile(parts: readonly Normal[], probability: number): number {
  const z = normalQuantile(probability);
  // A part that says nothing may have no mean.
  const ends = parts.map(([, mean, stddev]) => (stddev < Infinity ? mean : 0) + z * stddev);
  return fallingRoot(
    (x) => parts.reduce((rest, [share, mean, stddev]) => rest - share * normalCdf((x - mean) / stddev), probability),
    [Math.min(...ends), Math.max(...ends)],
    1e-13,
    (low, high) => !(high - low > 1e-12 * (Math.abs(high) + parts[0]![2])),
  );
}

/**
 * Pr[chi-square > statistic]. With h = x / 2 integration by parts gives Q(nu + 2) = Q(nu) + h^(nu / 2) e^-h /
 * Gamma(nu / 2 + 1), from Q(1) = 2 Pr[Z > sqrt x] or Q(0) = 0.
 */
function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  const half = Math.min(statistic, Number.MAX_VALUE) / 2;
  if (!(half > 0)) return 1;
  const first = degreesOfFreedom % 2;
  let tail = first * 2 * normalCdf(-Math.sqrt(statistic));
  for (let below = first; below < degreesOfFreedom; below += 2) {
    tail += Math.exp((below / 2) * Math.log(half) - half - logGamma(below / 2 + 1));
  }
  return Math.min(1, tail);
}
