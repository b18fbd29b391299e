import { checkIn, checkInteger, checkOneOf, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import { epsilonOfShift, zcdpEpsilon } from './gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';
import { mixtureEpsilon } from './loss-mixture.ts';
import { cumulantEpsilon, epsilonOfCumulant } from './renyi-conversion.ts';
import type { SampledSpends } from './sampled-spends.ts';
import { checkSubsampledGaussian, type SubsampledGaussian } from './sampled-gaussian.ts';
import { checkTernary, type TernaryLoss } from './ternary-accounting.ts';
import { ternaryCumulant, ternaryRho } from './ternary-divergence.ts';

/** One release as a ledger keeps it. */
export type Spend = {
  readonly neighboringRelation: 'replace-one';
  readonly privacyUnit: PrivacyUnit;
} & (
  | { readonly mechanism: 'pure'; /** Finite and >= 0. */ readonly epsilon: number }
  | {
      /** Answers of a mechanism whose log ratios are +-epsilon and 0, such as randomized response. */
      readonly mechanism: 'ternary';
      /** Of one answer; finite and > 0. */
      readonly epsilon: number;
      /** Pr[the log ratio is not 0], in (0, 1]; see `informativeProbability`. A larger one is safe. */
      readonly informative: number;
      /** How many answers; integer >= 1, 1 unless given. */
      readonly steps?: number | undefined;
    }
  | { readonly mechanism: 'gaussian'; /** Finite and > 0. */ readonly noiseMultiplier: number }
  | {
      /** Gaussians, each on a fresh Poisson sample; `noiseMultiplier` is finite and > 0, `samplingRate` in (0, 1]. */
      readonly mechanism: 'subsampled-gaussian';
      readonly noiseMultiplier: number;
      readonly samplingRate: number;
      /** Integer >= 1. */
      readonly steps: number;
    }
  | { readonly mechanism: 'zcdp'; /** Finite and >= 0. */ readonly rho: number }
);

/** At which delta spends are composed, and by what those that sample are. */
export interface Composition {
  /** In [0, 1); 0 is enough where all spends are pure or ternary. */
  readonly delta: number;
  /** `sampledSpends`, where a spend may be a subsampled Gaussian: a part that most pages need not load. */
  readonly sampled?: SampledSpends | undefined;
}

/** What a ledger's spends come to. */
export type ComposedSpend = Guarantee & { readonly neighboringRelation: 'replace-one' };

/**
 * The (epsilon, delta) guarantee of spends whose parameters were all fixed in advance; what each release was about may
 * depend on the ones before. For parameters chosen along the way see `composeAdaptiveSpends`.
 *
 * The smallest of: the sum of pure epsilons, with delta 0; the loss distribution of pure, ternary and Gaussian spends,
 * exact or closely above, or of subsampled Gaussians with one noise and rate, which count as Gaussians among other spends;
 * the sum of Renyi divergences at the best order, which zCDP spends need.
 *
 * @throws {RangeError} for no spends, a spend out of range, delta 0 with a spend that needs one, an unknown mechanism, a
 *   relation other than replace-one, or an unknown or mixed privacy unit
 * @throws {TypeError} for a subsampled Gaussian without `sampled`
 * @see Zhu, Dong and Wang, Optimal accounting of differential privacy via characteristic function, AISTATS 2022,
 *   theorem 10; Bun and Steinke, Concentrated differential privacy, TCC 2016, lemma 1.7
 */
export function composeSpends(spends: readonly Spend[], { delta, sampled }: Composition): ComposedSpend {
  const total = totalOf(spends, delta, sampled);
  const { losses, rho, unsampledShift } = total;
  const bounds: Bound[] = [[total.pure, pureSum]];
  if (delta > 0) {
    if (rho === 0) {
      const shift = Math.sqrt(unsampledShift);
      const epsilon =
        total.sampledAlone(delta) ??
        (losses.length === 0 ? epsilonOfShift(shift, delta) : mixtureEpsilon(losses, shift, delta));
      bounds.push([epsilon, 'loss-distribution']);
    }
    const [renyi] = epsilonOfCumulant(total.cumulant, { delta, precise: true });
    bounds.push([Math.max(0, renyi), 'renyi']);
  }
  const guarantee = smallestOf(bounds, total);
  return { ...guarantee, delta: guarantee.accountant === pureSum ? 0 : delta };
}

/**
 * The (epsilon, delta) guarantee of spends each of whose parameters, like the decision to stop, may depend on all
 * releases before: a privacy filter. It holds for a ledger that refuses whatever would bring this epsilon above a limit
 * that was fixed in advance. Its delta is always the one asked for.
 *
 * Four sums may be kept below a limit in this way, because each bounds the loss by a supermartingale:
 *   pure epsilons, with no delta (Rogers et al. 2016);
 *   squared shifts of Gaussians, a ternary loss counting as the Gaussian that it is post-processing of (Smith and
 *     Thakurta 2022);
 *   rhos of zCDP, which bound the divergence at all orders at once (Whitehouse et al. 2023, theorem 1);
 *   Renyi divergences at one order fixed in advance (Feldman and Zrnic 2021, theorem 4.3). Choosing the order at the end
 *     is not covered: each has a part of delta.
 * A loss distribution is none of these. But subsampled Gaussians all of one noise and rate have a fifth sum, their number:
 * at most N releases, each dominated by the same pair, lose at most what N such pairs do, whenever one stops.
 *
 * Any one of them may be within the limit, whichever it happens to be, if their deltas are added: let E_j be the
 * transcripts that end with sum j within its limit and none of the sums before it. Sums do not fall, so on E_j sum j was
 * always within; there the transcript has the same probability as where sum j alone is enforced. Hence
 *   P(S) = sum over j of P(S and E_j) <= sum over j of (e^epsilon Q(S and E_j) + delta_j) = e^epsilon Q(S) + delta.
 * Which of them exist, and their parts of delta, must not depend on what was released: Gaussians have half of it, because
 * training is what spends most, and so have, instead, subsampled Gaussians of the noise and rate of the first spend of all
 * where that is one, as nothing was released before it.
 *
 * @throws as `composeSpends`
 * @see Rogers, Roth, Ullman and Vadhan, Privacy odometers and filters, NeurIPS 2016; Feldman and Zrnic, Individual
 *   privacy accounting via a Renyi filter, NeurIPS 2021; Smith and Thakurta, Fully adaptive composition for Gaussian
 *   differential privacy, 2022; Whitehouse, Ramdas, Rogers and Wu, Fully-adaptive composition in differential privacy,
 *   ICML 2023
 */
export function composeAdaptiveSpends(spends: readonly Spend[], { delta, sampled }: Composition): ComposedSpend {
  const total = totalOf(spends, delta, sampled);
  const { losses, rho, unsampledShift } = total;
  const bounds: Bound[] = [[total.pure, pureSum]];
  if (delta > 0) {
    const add = (epsilon: number, accountant: string): void => {
      bounds.push([Math.max(0, epsilon), accountant]);
    };
    const alone = total.sampledAlone(delta / 2);
    if (alone !== null) add(alone, 'subsampled-gaussian-filter');
    // Had a subsampled Gaussian come first, it would have this part of delta.
    else if (rho === 0 && !total.hasSampled) {
      const shift = losses.reduce((sum, loss) => sum + loss.steps * ternaryShift(loss) ** 2, unsampledShift);
      add(epsilonOfShift(Math.sqrt(shift), delta / 2), 'gaussian-filter');
    }
    const allRho = losses.reduce((sum, loss) => sum + loss.steps * ternaryRho(loss), rho + unsampledShift / 2);
    add(zcdpEpsilon({ rho: allRho, delta: delta / 4 }), 'zcdp-filter');
    for (const x of filterScales) {
      add(cumulantEpsilon(total.cumulant(x), x, delta / 4 / filterScales.length), 'renyi-filter');
    }
  }
  return { ...smallestOf(bounds, total), delta };
}

// Renyi orders, less 1, for a large pure spend among small others, which is far from zCDP. Smaller ones would matter
// only at an epsilon beyond 10.
const filterScales = [4, 8, 16, 32, 64, 128];

type Bound = readonly [epsilon: number, accountant: string];

const pureSum = 'pure-sum';

interface Total {
  readonly privacyUnit: PrivacyUnit;
  /** The sum of all pure and ternary epsilons; infinite with any other spend. */
  readonly pure: number;
  /** Pure and ternary spends, equal ones counted together. */
  readonly losses: readonly Repeated<TernaryLoss>[];
  readonly rho: number;
  /** The squared shift of all Gaussians, where sampling counts for nothing: leaving a record out never costs. */
  readonly unsampledShift: number;
  readonly hasSampled: boolean;
  /** The epsilon of subsampled Gaussians of one noise and rate where nothing else was spent, or `null`. */
  readonly sampledAlone: (delta: number) => number | null;
  /** All spends' ln E[e^(x loss)], by bounds that add up; a Gaussian is 1 / (2 noiseMultiplier^2)-zCDP. */
  readonly cumulant: (x: number) => number;
}

type Repeated<One> = One & { readonly steps: number };

function totalOf(spends: readonly Spend[], delta: number, accountant: SampledSpends | undefined): Total {
  checkInteger('number of spends', spends.length, '[1, Infinity)');
  const { privacyUnit } = spends[0]!;
  checkOneOf('privacyUnit', privacyUnit, 'employee', 'site');
  let pure = 0;
  // Gaussians add like one with the root of the sum of squared shifts 1 / noiseMultiplier.
  let squaredShift = 0;
  let rho = 0;
  const lossesByKind = new Map<string, Repeated<TernaryLoss>>();
  const sampledByKind = new Map<string, Repeated<SubsampledGaussian>>();
  for (const spend of spends) {
    checkOneOf('neighboringRelation', spend.neighboringRelation, 'replace-one');
    checkOneOf('privacyUnit of all spends', spend.privacyUnit, privacyUnit);
    switch (spend.mechanism) {
      case 'pure':
        checkIn('epsilon', spend.epsilon, '[0, Infinity)');
        pure += spend.epsilon;
        // Nothing was lost at 0; any other is post-processing of binary randomized response.
        if (spend.epsilon > 0) addSteps(lossesByKind, { epsilonPerStep: spend.epsilon, informative: 1, steps: 1 });
        break;
      case 'ternary': {
        const { epsilon, informative, steps = 1 } = spend;
        const loss = { epsilonPerStep: epsilon, informative, steps };
        checkTernary(loss);
        checkPositiveInteger({ steps });
        pure += steps * epsilon;
        addSteps(lossesByKind, loss);
        break;
      }
      case 'gaussian':
        checkPositive({ noiseMultiplier: spend.noiseMultiplier });
        squaredShift += 1 / spend.noiseMultiplier ** 2;
        break;
      case 'subsampled-gaussian': {
        const { noiseMultiplier, samplingRate, steps } = spend;
        if (accountant === undefined) throw new TypeError('sampled must be given for a subsampled-gaussian, got none');
        checkSubsampledGaussian(spend);
        checkPositiveInteger({ steps });
        addSteps(sampledByKind, { noiseMultiplier, samplingRate, steps });
        break;
      }
      case 'zcdp':
        checkIn('rho', spend.rho, '[0, Infinity)');
        rho += spend.rho;
        break;
      default: {
        const { mechanism } = spend as { mechanism: string };
        checkOneOf('mechanism', mechanism, 'pure', 'ternary', 'gaussian', 'subsampled-gaussian', 'zcdp');
      }
    }
  }
  // In an order of their own, since grids and rounding depend on it.
  const losses = [...lossesByKind.values()].toSorted(
    (a, b) => a.epsilonPerStep - b.epsilonPerStep || a.informative - b.informative,
  );
  const sampled = [...sampledByKind.values()];
  const isPure = squaredShift + rho === 0 && sampled.length === 0;
  checkIn('delta', delta, isPure ? '[0, 1)' : '(0, 1)');
  return {
    privacyUnit,
    pure: isPure ? pure : Infinity,
    losses,
    rho,
    unsampledShift: sampled.reduce(
      (sum, { noiseMultiplier, steps }) => sum + steps / noiseMultiplier ** 2,
      squaredShift,
    ),
    hasSampled: sampled.length > 0,
    sampledAlone: (part) =>
      sampled.length === 1 && pure + squaredShift + rho === 0
        ? accountant!.epsilon({ ...sampled[0]!, delta: part })
        : null,
    cumulant(x) {
      const others = losses.reduce(
        (sum, loss) => sum + loss.steps * ternaryCumulant(x, loss),
        x * (x + 1) * (rho + squaredShift / 2),
      );
      return sampled.reduce((sum, gaussian) => sum + gaussian.steps * accountant!.cumulant(x, gaussian), others);
    },
  };
}

/** Counts equal ones together. */
function addSteps<One extends { readonly steps: number }>(all: Map<string, One>, one: One): void {
  const { steps, ...kind } = one;
  const key = Object.values(kind).join(' ');
  all.set(key, { ...one, steps: steps + (all.get(key)?.steps ?? 0) });
}

function smallestOf(bounds: readonly Bound[], { privacyUnit }: Total) {
  const [epsilon, accountant] = bounds.reduce((least, bound) => (bound[0] < least[0] ? bound : least));
  return { epsilon, accountant, neighboringRelation: 'replace-one', privacyUnit } as const;
}

/**
 * The shift of a Gaussian whose post-processing can be a ternary loss. With u and d the probabilities of +epsilon and
 * -epsilon, its trade-off curve joins (0, 1), (d, 1 - u), (1 - u, d) and (1, 0) by straight lines. The Gaussian's,
 * Phi(Phi^-1(1 - x) - shift), is convex, so it lies below if it does in (d, 1 - u): if shift >= Phi^-1(u) - Phi^-1(d).
 *
 * @see Dong, Roth and Su, Gaussian differential privacy, JRSS B 2022, theorem 2.10
 */
function ternaryShift({ epsilonPerStep, informative }: TernaryLoss): number {
  const down = informative / (1 + Math.exp(epsilonPerStep));
  // Two quantiles that nearly cancel are off by some units in the last place; more shift is less private.
  return down > 0 ? 1e-14 - normalQuantile(1 - informative + down) - normalQuantile(down) : Infinity;
}
