import { checkIn, checkInteger } from '../numerics/checks.ts';
import { join53, tableSampler } from './cumulative-table.ts';
import { bernoulliExp } from './exact-bernoulli.ts';
import {
  expOfNegativeFraction,
  type FixedPointBounds,
  type Fraction,
  fractionOfDouble,
} from '../numerics/exponential.ts';
import { secureRandom, uniformInteger, type RandomSource } from './random.ts';

// Nine stddevs of a table fit into a processor's innermost cache, so that looking them up takes the same time.
const largestTableStddev = 64;

/**
 * An integer y with probability exactly proportional to exp(-y^2 / (2 noiseStddev^2)). The parameter is the double's
 * exact value; the variance is that up to a term that vanishes from about 1 on.
 *
 * Up to a noiseStddev of 64 a draw takes two words. Beyond it a draw is tried until it is kept, about 1.01 times, and
 * the number of tries is independent of y. Only about once in 10^13 draws the work depends on y.
 *
 * @param noiseStddev in [2**-40, 2**40]
 * @throws {RangeError} outside
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, definition 1, for
 *   the distribution; Ducas, Durmus, Lepoint and Lyubashevsky, Lattice signatures and bimodal Gaussians, CRYPTO 2013,
 *   algorithm 11, for the composition of a table and a uniform number
 */
export function discreteGaussian(
  { noiseStddev }: { noiseStddev: number },
  random: RandomSource = secureRandom(),
): number {
  return sampler(noiseStddev)(random);
}

/**
 * `length` independent draws of `discreteGaussian`.
 *
 * @param length integer >= 0
 * @throws {RangeError} for a length or noiseStddev out of range
 */
export function discreteGaussianVector(
  { length, noiseStddev }: { length: number; noiseStddev: number },
  random: RandomSource = secureRandom(),
): Float64Array {
  checkInteger('length', length, '[0, Infinity)');
  const draw = sampler(noiseStddev);
  const vector = new Float64Array(length);
  for (let index = 0; index < length; index += 1) vector[index] = draw(random);
  return vector;
}

type Sampler = (random: RandomSource) => number;

// A table takes a millisecond to make, and whoever draws once draws again.
let latest: { noiseStddev: number; draw: Sampler } | undefined;

function sampler(noiseStddev: number): Sampler {
  if (latest?.noiseStddev !== noiseStddev) latest = { noiseStddev, draw: makeSampler(noiseStddev) };
  return latest.draw;
}

function makeSampler(noiseStddev: number): Sampler {
  checkIn('noiseStddev', noiseStddev, `[${2 ** -40}, ${2 ** 40}]`);
  // A power of two, so that a uniform number below it never needs a second try.
  let stretch = 1;
  while (noiseStddev > largestTableStddev * stretch) stretch *= 2;
  const stddev = fractionOfDouble(noiseStddev);
  const select = tableSampler((bits) => halfGaussian(noiseStddev / stretch, stretch === 1, bits));

  return (random) => {
    for (;;) {
      const high = random.nextUint32();
      const multiple = select(join53(high, random.nextUint32()), random);
      // The lowest bit of the first word is not among the 53.
      const sign = 1 - 2 * (high & 1);
      // The sum makes zero of minus zero.
      if (stretch === 1) return sign * multiple + 0;

      // |y| = k x + u with u in 0 .. k - 1: the table draws x by exp(-(k x)^2 / (2 s^2)), and it is kept with
      // probability e^-gamma for gamma = ((k x + u)^2 - (k x)^2) / (2 s^2) = u (u + 2 k x) / (2 s^2).
      const remainder = uniformInteger(stretch, random);
      const start = stretch * multiple;
      // All integers here are exact, so gamma is wrong by at most 2**-51 of itself.
      const gamma = ((remainder / noiseStddev) * ((remainder + 2 * start) / noiseStddev)) / 2;
      const isKept = bernoulliExp(gamma, () => exactGamma(BigInt(remainder), BigInt(start), stddev), random);
      const magnitude = start + remainder;
      // Zero would come up twice as often as it should, once with each sign.
      const isSecondZero = magnitude === 0 && sign < 0;
      if (isKept && !isSecondZero) return sign * magnitude;
    }
  };
}

function exactGamma(remainder: bigint, start: bigint, [numerator, denominator]: Fraction): Fraction {
  return [remainder * (remainder + 2n * start) * denominator ** 2n, 2n * numerator ** 2n];
}

/**
 * Bounds of Pr[at most x] times 2**bits for integers x >= 0 with probability proportional to exp(-x^2 / (2 s^2)), from 0
 * to where more bits would be needed.
 *
 * With a = e^(-1 / (2 s^2)) the weight of x is a^(x^2), and the next one is that times a^(2 x + 1): two products a step,
 * in units of 2^-(bits + 64) and rounded down. No factor exceeds 1, so that what a product lacks is at most what its
 * factors lack and one unit more: a lacks 3 units, a^(2 x + 1) at most 8 (x + 1), a weight at most 4 (x + 1)^2 and a sum
 * at most 4 (x + 1)^3, which stays far below 2^62 units, a quarter of 2^-bits. What lies beyond the reach is less than
 * 2^-(bits + 8) times a geometric sum of at most 2 + s^2 / reach < 7. So sum and total, which is at least 1/2, lack less
 * than .3 of 2^-bits each, and their quotient is off by less than .6 of it, either way, before it is rounded.
 *
 * @param stddev s, at most `largestTableStddev`
 * @param isFolded gives zero half the weight, so that a sign can be drawn for every x
 */
function halfGaussian(noiseStddev: number, isFolded: boolean, bits: number): FixedPointBounds[] {
  const [numerator, denominator] = fractionOfDouble(noiseStddev);
  const precision = BigInt(bits + 64);
  const one = 1n << precision;
  let [factor] = expOfNegativeFraction([denominator ** 2n, 2n * numerator ** 2n], Number(precision));
  const square = (factor * factor) >> precision;
  let weight = one;
  let total = isFolded ? -one / 2n : 0n;
  const reach = Math.ceil(noiseStddev * Math.sqrt(2 * Math.LN2 * (bits + 8))) + 1;
  const sums = Array.from({ length: reach + 1 }, () => {
    total += weight;
    weight = (weight * factor) >> precision;
    factor = (factor * square) >> precision;
    return total;
  });
  return sums.map((sum) => {
    const quotient = (sum << BigInt(bits)) / total;
    return [quotient - 1n, quotient + 2n];
  });
}
