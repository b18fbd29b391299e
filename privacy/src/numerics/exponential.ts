/** A number known exactly, the denominator > 0. */
export type Fraction = readonly [numerator: bigint, denominator: bigint];

/** Integers around a real number scaled by a power of two. */
export type FixedPointBounds = readonly [lower: bigint, upper: bigint];

/**
 * Integers with `lower <= exp(x) * 2**bits <= upper`, two apart.
 *
 * `x` is taken exactly as its IEEE double, and only integers are computed with, so that every JavaScript
 * engine gets the same answer; `Math.exp` is implementation-defined.
 *
 * @param x in [0, 40]
 * @param bits integer >= 0
 */
export function expFixedPoint(x: number, bits: number): FixedPointBounds {
  return expOfFraction(fractionOfDouble(x), bits);
}

/** The places after the point of `fixedExp`, and 1 in its units of 2^-128. */
export const fixedBits = 128n;
export const fixedOne = 1n << fixedBits;

/** e^x for x in [0, 40], in units of 2^-128 and rounded down. */
export function fixedExp(x: number): bigint {
  return expFixedPoint(x, Number(fixedBits))[0];
}

/** A double as the exact fraction that it is: numerator / denominator, the denominator a power of two. */
export function fractionOfDouble(x: number): Fraction {
  // Multiplying by two is exact, so this ends with the integer x * 2**shift, after at most 1,074 steps.
  let numerator = x;
  let denominator = 1n;
  for (; !Number.isInteger(numerator); numerator *= 2) denominator *= 2n;
  return [BigInt(numerator), denominator];
}

/**
 * As `expFixedPoint`, for a fraction.
 *
 * @param fraction numerator >= 0 and denominator > 0; the work grows with the quotient, which the caller bounds
 */
function expOfFraction([numerator, denominator]: Fraction, bits: number): FixedPointBounds {
  // exp(x) = exp(r)**(2**halvings) with r = x / 2**halvings < 2**-8, so that a short series is enough.
  const whole = numerator / denominator;
  const halvings = whole.toString(2).length + 8;
  const guardBits = halvings + Math.ceil((Number(whole) + 1) * 1.5) + 33;
  const precision = BigInt(bits + guardBits);
  const one = 1n << precision;

  // Taylor's series. All is rounded down: r and each term lack 3 units of the last place at most, and fewer than
  // precision / 8 terms are not zero, so that the sum lacks less than precision / 2 units, its cut-off rest included.
  const r = (numerator << (precision - BigInt(halvings))) / denominator;
  let term = one;
  let sum = one;
  for (let index = 1n; term > 0n; index += 1n) {
    term = ((term * r) >> precision) / index;
    sum += term;
  }
  // One squaring doubles the relative error and adds a unit, and exp(x) < 2**(3 * (whole + 1) / 2 + 1): what is lacking
  // in the end is less than precision * 2**-32 of the last of `bits` places.
  for (let squaring = 0; squaring < halvings; squaring += 1) sum = (sum * sum) >> precision;
  const lower = sum >> BigInt(guardBits);
  return [lower, lower + 2n];
}

/**
 * As `expOfFraction`, for exp(-numerator / denominator). A quotient beyond `bits` gives the bounds 0 and 1.
 */
export function expOfNegativeFraction(fraction: Fraction, bits: number): FixedPointBounds {
  // exp(-x) < 2**-x for x > 0, hence below one unit.
  if (fraction[0] > fraction[1] * BigInt(bits)) return [0n, 1n];
  const [lower, upper] = expOfFraction(fraction, bits);
  const one = 1n << BigInt(2 * bits);
  return [one / upper, ceilDivide(one, lower)];
}

/** The quotient of two integers, rounded up; the divisor is positive and the dividend not negative. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
