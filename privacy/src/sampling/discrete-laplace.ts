import { checkInteger } from '../numerics/checks.ts';
import { bernoulliSampler } from './exact-bernoulli.ts';
import { ceilDivide, expOfNegativeFraction, fractionOfDouble } from '../numerics/exponential.ts';
import { secureRandom, type RandomSource } from './random.ts';

/** A number known exactly. */
export interface Fraction {
  readonly numerator: bigint;
  /** > 0 */
  readonly denominator: bigint;
}

const largestScale = 2 ** 40;
// Higher binary digits than this many scales are tossed as one coin, whose probability of exp(-44) is 0 in 53 bits.
const tossedScales = 44;

/**
 * An integer y with probability exactly proportional to exp(-|y| / scale). A double is taken as its exact value.
 *
 * The number of words depends on the scale and never on y, but for one draw in about 10^14.
 *
 * @param scale in [2**-40, 2**40]
 * @throws {RangeError} outside
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, definition 3, for
 *   the distribution; sampled digit by digit here, because the time of their algorithm 2 tells the magnitude of y
 */
export function discreteLaplace(
  { scale }: { scale: number | Fraction },
  random: RandomSource = secureRandom(),
): number {
  return sampler(scale)(random);
}

/**
 * `length` independent draws of `discreteLaplace`.
 *
 * @param length integer >= 0
 * @throws {RangeError} for a length or scale out of range
 */
export function discreteLaplaceVector(
  { length, scale }: { length: number; scale: number | Fraction },
  random: RandomSource = secureRandom(),
): Float64Array {
  checkInteger('length', length, '[0, Infinity)');
  const draw = sampler(scale);
  return new Float64Array(length).map(() => draw(random));
}

type Sampler = (random: RandomSource) => number;

// Whoever draws once draws again, and coins take longer to make than to toss.
let latest: { fraction: Fraction; draw: Sampler } | undefined;

function sampler(scale: number | Fraction): Sampler {
  const fraction = toFraction(scale);
  const { numerator, denominator } = latest?.fraction ?? {};
  if (latest === undefined || numerator !== fraction.numerator || denominator !== fraction.denominator) {
    latest = { fraction: { ...fraction }, draw: makeSampler(fraction) };
  }
  return latest.draw;
}

/**
 * With q = e^(-1 / scale), y is g or -1 - g for a geometric g, Pr[g] = (1 - q) q^g: the negative one is taken with
 * probability q / (1 + q), so that Pr[y] = (1 - q) / (1 + q) q^|y| on both sides.
 *
 * q^g is a product over the binary digits of g, so they are independent: digit i is 1 with probability
 * q^(2^i) / (1 + q^(2^i)). And Pr[g >= 2^n] = q^(2^n), where g - 2^n is distributed like g.
 */
function makeSampler({ numerator, denominator }: Fraction): Sampler {
  const power = (digit: number) => (bits: number) =>
    expOfNegativeFraction({ numerator: denominator << BigInt(digit), denominator: numerator }, bits);
  const odds = (digit: number) =>
    bernoulliSampler((bits) => {
      const { lower, upper } = power(digit)(bits);
      const one = 1n << BigInt(bits);
      return { lower: (lower << BigInt(bits)) / (one + lower), upper: ceilDivide(upper << BigInt(bits), one + upper) };
    });

  let digits = 0;
  while (denominator << BigInt(digits) < BigInt(tossedScales) * numerator) digits += 1;
  const isNegative = odds(0);
  const isDigitSet = Array.from({ length: digits }, (_, digit) => odds(digit));
  const isBeyond = bernoulliSampler(power(digits));

  return (random) => {
    const negative = Number(isNegative(random));
    let magnitude = 0;
    for (let digit = 0; digit < digits; digit += 1) magnitude += 2 ** digit * Number(isDigitSet[digit]!(random));
    while (isBeyond(random)) magnitude += 2 ** digits;
    // -1 - magnitude where negative, without a branch and without a minus zero.
    return magnitude - negative * (2 * magnitude + 1);
  };
}

function toFraction(scale: number | Fraction): Fraction {
  const approximate = typeof scale === 'number' ? scale : Number(scale.numerator) / Number(scale.denominator);
  if (!(approximate >= 1 / largestScale && approximate <= largestScale)) {
    throw new RangeError(`scale must be in [2**-40, 2**40], got ${approximate}`);
  }
  const fraction = typeof scale === 'number' ? fractionOfDouble(scale) : scale;
  if (fraction.denominator <= 0n) throw new RangeError(`denominator must be > 0, got ${fraction.denominator}`);
  return fraction;
}
