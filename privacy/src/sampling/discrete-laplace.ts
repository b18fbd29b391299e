import { checkIn, checkPositive } from '../numerics/checks.ts';
import { bernoulliSampler } from './exact-bernoulli.ts';
import { ceilDivide, expOfNegativeFraction, type Fraction, fractionOfDouble } from '../numerics/exponential.ts';
import { secureRandom, type RandomSource } from './random.ts';

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
  const fraction = toFraction(scale);
  const name = fraction.join(' / ');
  if (latest?.name !== name) latest = { name, draw: makeSampler(fraction) };
  return latest.draw(random);
}

type Sampler = (random: RandomSource) => number;

// Whoever draws once draws again, and coins take longer to make than to toss.
let latest: { readonly name: string; readonly draw: Sampler } | undefined;

/**
 * With q = e^(-1 / scale), y is g or -1 - g for a geometric g, Pr[g] = (1 - q) q^g: the negative one is taken with
 * probability q / (1 + q), so that Pr[y] = (1 - q) / (1 + q) q^|y| on both sides.
 *
 * q^g is a product over the binary digits of g, so they are independent: digit i is 1 with probability
 * q^(2^i) / (1 + q^(2^i)). And Pr[g >= 2^n] = q^(2^n), where g - 2^n is distributed like g.
 */
function makeSampler([numerator, denominator]: Fraction): Sampler {
  const power = (digit: number) => (bits: number) =>
    expOfNegativeFraction([denominator << BigInt(digit), numerator], bits);
  const odds = (digit: number) =>
    bernoulliSampler((bits) => {
      const [lower, upper] = power(digit)(bits);
      const one = 1n << BigInt(bits);
      return [(lower << BigInt(bits)) / (one + lower), ceilDivide(upper << BigInt(bits), one + upper)];
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
  const [numerator, denominator] = typeof scale === 'number' ? [scale, 1] : scale;
  checkPositive({ denominator: Number(denominator) });
  checkIn('scale', Number(numerator) / Number(denominator), `[${2 ** -40}, ${2 ** 40}]`);
  return typeof scale === 'number' ? fractionOfDouble(scale) : scale;
}
