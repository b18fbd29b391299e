import { logNormalDensity, normalCdf } from '../numerics/normal-distribution.ts';
import type { LossLattice } from './lattice-composition.ts';
import type { SubsampledGaussian } from './sampled-gaussian.ts';

/*
 * With s = noiseMultiplier and q = samplingRate the release without the record is N(0, s^2) and that with it
 * (1 - q) N(0, s^2) + q N(1, s^2) [Zhu, Dong and Wang, AISTATS 2022, theorem 11: the worst case of every release]. Their
 * log ratio at x grows with x:
 *   L(x) = ln(1 - q + q e^y), y = (2 x - 1) / (2 s^2), and back x = s^2 ln(1 + (e^L - 1) / q) + 1/2.
 */

/**
 * Which of two neighbouring data sets is the true one: that with the record (`removed`) or that without it (`added`); or
 * the two have another record in one place, and samples have a fixed size (`replaced`) or hold each record independently
 * (`exchanged`, in units of half of what replacing a record moves a sum by).
 *
 * `replaced`: let A be the mean, over the samples without the record that differs, of what they release, and B and B'
 * that over the samples with it, from the one data set and from the other: the two release (1 - q) A + q B and (1 - q)
 * A + q B'. For a >= 1 and b = 1 + (a - 1) / q, advanced joint convexity says that, with H_a(P, Q) = sup of P - a Q
 * over all events,
 *   H_a((1 - q) A + q B, (1 - q) A + q B') = q H_b(B, (1 - c) A + c B') <= q ((1 - c) H_b(B, A) + c H_b(B, B')), c = a / b
 * [Balle, Barthe and Gaboardi, NeurIPS 2018, theorem 2]. A sample with the record becomes a uniform one without it if
 * the record is replaced by one of those that were not drawn, uniformly, so that A, B and B' are means of releases that
 * differ in one record of a sample. By joint convexity both terms are at most that of N(1, s^2) and Q = N(0, s^2), if
 * replacing one record moves the sum by at most 1. With R = (1 - q) N(0, s^2) + q N(1, s^2) that is
 *   q H_b(N(1, s^2), Q) = H_a(R, Q),
 * and for a < 1, exchanging the data sets, H_a <= 1 - a + a H_(1/a)(R, Q) = H_a(Q, R): the positive losses are those of
 * `removed` and the negative ones those of `added` [Zhu, Dong and Wang, AISTATS 2022, theorem 11 and proposition 30].
 * A pair of distributions has exactly these H_a: x > 1/2, where R > Q, with the sign +, from R in the one and Q in the
 * other; x > 1/2 with the sign -, from Q and R; and else nothing, equally likely in both, as Q(x > 1/2) + R(x > 1/2) <= 1.
 *
 * `exchanged`: given which of the other records are in the sample, the two data sets release
 *   P = (1 - q) N(0, s^2 I) + q N(v, s^2 I) and P' = (1 - q) N(0, s^2 I) + q N(v', s^2 I), |v| <= 1 and |v'| <= 1,
 * about some point, and by joint convexity the worst of these choices bounds their mean. Among all v and v' the worst are
 * opposite ones of length 1: for a >= 1 and an event E, with c = (a - 1) (1 - q),
 *   P(E) - a P'(E) = q N(v)(E) - c N(0)(E) - a q N(v')(E).
 * Let t be such that N(v)(E) = Phi(t). Of all events that N(v) gives this probability, the half space
 * {(u - v).(x - v) <= t s |u - v|} is the one that N(u) gives the least, Phi(t - |u - v| / s) (Neyman and Pearson). As
 * |0 - v| <= 1 and |v' - v| <= 2, the above is at most
 *   q Phi(t) - c Phi(t - 1 / s) - a q Phi(t - 2 / s),
 * which is its value for v = 1 and v' = -1 in one dimension, and for a half line. For a < 1 H_a(P, P') =
 * 1 - a + a H_(1/a)(P', P), where the same bound holds and the worst pair is its own mirror image. So
 *   (1 - q) N(0, s^2) + q N(1, s^2) and (1 - q) N(0, s^2) + q N(-1, s^2)
 * dominate every release. Their log ratio is L(x) - L(-x).
 *
 * Pairs that dominate each release, whatever came before, do so in composition (ibid., theorem 10).
 */
export type Direction = 'removed' | 'added' | 'replaced' | 'exchanged';

/** L(x), or L(x) - L(-x) for `exchanged`; each L is accurate relative to its own size. */
export function lossAt(x: number, gaussian: SubsampledGaussian, direction?: Direction): number {
  if (direction === 'exchanged') return lossAt(x, gaussian) - lossAt(-x, gaussian);
  return sampledLoss((x - 0.5) / gaussian.noiseMultiplier ** 2, gaussian.samplingRate);
}

/** ln(1 - q + q e^y), accurate relative to its own size: what sampling with probability q makes of a log ratio y. */
export function sampledLoss(y: number, samplingRate: number): number {
  // Beyond the doubles the ratio is q e^y.
  if (y > 700) return y + Math.log(samplingRate);
  const excess = samplingRate * Math.expm1(y);
  // Below, q > 1/2 and 1 - q is exact.
  return excess > -0.5 ? Math.log1p(excess) : Math.log(1 - samplingRate + samplingRate * Math.exp(y));
}

/** The inverse of `lossAt`; no number for a loss that rounding put below the least. For `exchanged` losses are >= 0. */
export function pointAt(
  loss: number,
  { noiseMultiplier, samplingRate }: SubsampledGaussian,
  direction?: Direction,
): number {
  if (direction === 'exchanged') {
    // e^(x / s^2) = u is a root of B u^2 - A (e^loss - 1) u - B e^loss, with A = 1 - q and B = q e^(-1 / (2 s^2)):
    // u = e^(loss / 2 + asinh(z)), z = A / B sinh(loss / 2).
    const logRatio = Math.log((1 - samplingRate) / samplingRate) + 0.5 / noiseMultiplier ** 2;
    const logTwiceZ = logRatio + loss / 2 + Math.log(-Math.expm1(-loss));
    return noiseMultiplier ** 2 * (loss / 2 + (logTwiceZ > 40 ? logTwiceZ : Math.asinh(Math.exp(logTwiceZ) / 2)));
  }
  let y: number;
  if (loss > 700) y = loss - Math.log(samplingRate);
  else if (loss > -0.5 || samplingRate < 0.5) y = Math.log1p(Math.expm1(loss) / samplingRate);
  else y = Math.log((Math.exp(loss) - (1 - samplingRate)) / samplingRate);
  return noiseMultiplier ** 2 * y + 0.5;
}

/** From the least to the largest point, and how far apart losses are. */
export type LatticeRange = readonly [from: number, to: number, spacing: number];

/**
 * A lattice that dominates the loss of one release.
 *
 * Every x lies between two neighbouring points of a lattice of losses a < b. Reporting, instead of x, the upper of them
 * with probability (e^L(x) - e^a) / (e^b - e^a) under both data sets, and taking the probability of that report with the
 * record for e^b times that without it (of the lower one, for e^a times), changes neither total: the weighted mean of
 * e^a and e^b is e^L(x). As x can be drawn back from the report, in proportion to how often it gave this report,
 * and has its old distribution under both data sets, telling the reports apart is no harder. That goes for both
 * directions and, step by step, for compositions. (It is the discretization of Doroshenko et al., Connect the dots,
 * PETS 2022, with another proof.) On average the mean of the loss grows by spacing^2 / 12, its variance by twice that.
 *
 * @param from the least x; a loss beyond it counts as the lattice's lowest where it is below, as infinite where above;
 *   for `replaced` it is 1/2 and for `exchanged` 0, where the loss is 0
 * @param to the largest x, likewise
 * @param spacing > 0
 */
export function subsampledGaussianLosses(
  gaussian: SubsampledGaussian,
  direction: Direction,
  [from, to, spacing]: LatticeRange,
): LossLattice {
  const { noiseMultiplier, samplingRate } = gaussian;
  const variance = noiseMultiplier ** 2;
  const firstLoss = lossAt(from, gaussian, direction);
  const cells = Math.ceil((lossAt(to, gaussian, direction) - firstLoss) / spacing);
  const without = new Float64Array(cells + 1);

  // Gauss and Legendre's rule with three points errs by (k w)^7 / 2016000 relative for e^(k x) over a width w; no factor
  // of the integrands changes faster than k = (|x| + 1) / s^2.
  const widest = (0.1 * variance) / (Math.max(-from, to) + 1);
  let left = from;
  for (let cell = 0; cell < cells; cell += 1) {
    const right = pointAt(firstLoss + (cell + 1) * spacing, gaussian, direction);
    // Where the loss is as flat as its rounding.
    if (!(right > left)) continue;
    const parts = Math.ceil((right - left) / widest);
    const half = (right - left) / parts / 2;
    // Both shares of x. Those of `exchanged` are off by what losses are; the others come without a difference of near
    // numbers, as e^L(x) - e^a = q e^y(a) (e^((x - left) / s^2) - 1).
    const width = direction === 'exchanged' ? spacing : (right - left) / variance;
    let lower = 0;
    let upper = 0;
    for (let part = 0; part < parts; part += 1) {
      const middle = left + (2 * part + 1) * half;
      for (const [node, weight] of legendre) {
        const x = middle + node * half;
        let mass = weight * Math.exp(logNormalDensity(x / noiseMultiplier));
        let above = (x - left) / variance;
        if (direction === 'exchanged') {
          mass *= Math.exp(lossAt(-x, gaussian));
          above = lossAt(x, gaussian, direction) - firstLoss - cell * spacing;
        }
        upper += mass * Math.expm1(above);
        lower += mass * Math.expm1(above - width);
      }
    }
    without[cell]! += ((lower / noiseMultiplier) * half) / Math.expm1(-width);
    without[cell + 1]! += ((upper / noiseMultiplier) * half) / Math.expm1(width);
    left = right;
  }

  const below = normalCdf(from / noiseMultiplier);
  const above = normalCdf(-to / noiseMultiplier);
  if (direction === 'added') {
    const probabilities = without.toReversed();
    probabilities[0]! += above;
    return [probabilities, -firstLoss - cells * spacing, spacing, below];
  }
  const withRecord = without.map((mass, index) => mass * Math.exp(firstLoss + index * spacing));
  const infinite = (1 - samplingRate) * above + samplingRate * normalCdf((1 - to) / noiseMultiplier);
  if (direction === 'replaced' || direction === 'exchanged') {
    // Negative losses below the lattice count as 0, too: a larger loss is worse.
    const probabilities = new Float64Array(2 * cells + 1);
    probabilities.set(without.toReversed());
    probabilities.set(withRecord, cells);
    probabilities[cells] = 0;
    const others = probabilities.reduce((sum, mass) => sum + mass, infinite);
    probabilities[cells] = Math.max(0, 1 - others);
    return [probabilities, -cells * spacing, spacing, infinite];
  }
  withRecord[0]! += below;
  return [withRecord, firstLoss, spacing, infinite];
}

const legendre = [
  [-0.774_596_669_241_483_4, 5 / 9],
  [0, 8 / 9],
  [0.774_596_669_241_483_4, 5 / 9],
] as const;
