import { bernoulliExp } from './exact-bernoulli.ts';
import { fractionOfDouble } from '../numerics/exponential.ts';
import { secureRandom, uniformInteger, type RandomSource } from './random.ts';

const largestStddev = 2 ** 40;

/**
 * An integer y with probability exactly proportional to exp(-y^2 / (2 noiseStddev^2)). The parameter is the double's
 * exact value; the variance is that up to a term that vanishes from about 1 on.
 *
 * The time and the number of words drawn depend on y: whoever can time a single draw learns something of it, so draw
 * whole vectors and send at times of their own.
 *
 * @param noiseStddev in [2**-40, 2**40]
 * @throws {RangeError} outside
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, algorithms 1 to 3
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
  if (!Number.isSafeInteger(length) || length < 0) {
    throw new RangeError(`length must be an integer >= 0, got ${length}`);
  }
  const draw = sampler(noiseStddev);
  const vector = new Float64Array(length);
  for (let index = 0; index < length; index += 1) vector[index] = draw(random);
  return vector;
}

function sampler(noiseStddev: number): (random: RandomSource) => number {
  if (!(noiseStddev >= 1 / largestStddev && noiseStddev <= largestStddev)) {
    throw new RangeError(`noiseStddev must be in [2**-40, 2**40], got ${noiseStddev}`);
  }
  const scale = Math.floor(noiseStddev) + 1;
  const ratio = noiseStddev / scale;
  const stddev = fractionOfDouble(noiseStddev);

  return (random) => {
    for (;;) {
      // A discrete Laplace proposal y of scale t, kept with probability e^-gamma for
      //   gamma = (|y| - s^2 / t)^2 / (2 s^2) = (|y| / s - s / t)^2 / 2,
      // since e^(-|y| / t) e^-gamma is e^(-y^2 / (2 s^2)) up to a constant.
      const proposal = discreteLaplace(scale, random);
      const magnitude = Math.abs(proposal);
      // s / t <= 1, so both quotients and the difference d round by at most 2**-52 (1 + d), and gamma = d^2 / 2 by
      // less than 2**-49 (1 + gamma).
      const distance = magnitude / noiseStddev - ratio;
      const gamma = (distance * distance) / 2;
      if (bernoulliExp(gamma, () => exactGamma(magnitude, scale, stddev), random)) return proposal;
    }
  };
}

// gamma as a fraction: with s = a / b it is (|y| t b^2 - a^2)^2 / (2 a^2 b^2 t^2).
function exactGamma(magnitude: number, scale: number, { numerator: a, denominator: b }: Fraction): Fraction {
  const t = BigInt(scale);
  const difference = BigInt(magnitude) * t * b * b - a * a;
  return { numerator: difference * difference, denominator: 2n * (a * b * t) ** 2n };
}

interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

// A proposal beyond this would leave the safe integers; its probability is below e^-4095.
const mostScales = 4096;

/** An integer y with probability proportional to exp(-|y| / scale), for an integer scale (algorithm 2). */
function discreteLaplace(scale: number, random: RandomSource): number {
  for (;;) {
    // |y| = u + t v with u in 0 .. t - 1: e^(-|y| / t) = e^(-u / t) e^-v, so u and v are independent.
    const remainder = uniformInteger(scale, random);
    if (!bernoulliExp(remainder / scale, () => fractionOf(remainder, scale), random)) continue;
    let multiples = 0;
    while (multiples < mostScales && bernoulliExp(1, unitFraction, random)) multiples += 1;
    if (multiples === mostScales) continue;
    const magnitude = remainder + scale * multiples;
    const negative = random.nextUint32() >= 2 ** 31;
    // Zero would come up twice as often as it should, once with each sign.
    if (negative && magnitude === 0) continue;
    return negative ? -magnitude : magnitude;
  }
}

function fractionOf(numerator: number, denominator: number): Fraction {
  return { numerator: BigInt(numerator), denominator: BigInt(denominator) };
}

const unitFraction = (): Fraction => ({ numerator: 1n, denominator: 1n });
