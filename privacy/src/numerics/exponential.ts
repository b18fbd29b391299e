import { checkIn } from './checks.ts';

/** Integers around a real number scaled by a power of two. */
export interface FixedPointBounds {
  lower: bigint;
  upper: bigint;
}

/**
 * Integers with `lower <= exp(x) * 2**bits <= upper`, proven by directed rounding and at most two apart.
 *
 * `x` is taken exactly as its IEEE double, and only integers are computed with, so that every JavaScript
 * engine gets the same answer; `Math.exp` is implementation-defined.
 *
 * @param x in [0, 40]
 * @param bits integer >= 0
 * @throws {RangeError} for an x outside
 */
export function expFixedPoint(x: number, bits: number): FixedPointBounds {
  checkIn('x', x, '[0, 40]');
  return expOfFraction(fractionOfDouble(x), bits);
}

/** The places after the point of `fixedExp`, and 1 in its units of 2^-128. */
export const fixedBits = 128n;
export const fixedOne = 1n << fixedBits;

/** e^x for x in [0, 40], in units of 2^-128 and rounded down. */
export function fixedExp(x: number): bigint {
  return expFixedPoint(x, Number(fixedBits)).lower;
}

/** A double as the exact fraction that it is: numerator / denominator, the denominator a power of two. */
export function fractionOfDouble(x: number): { numerator: bigint; denominator: bigint } {
  // Multiplying by two is exact, so this ends with the integer x * 2**shift, after at most 1,074 steps.
  let shift = 0n;
  let scaled = x;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift += 1n;
  }
  return { numerator: BigInt(scaled), denominator: 1n << shift };
}

/**
 * As `expFixedPoint`, for a fraction.
 *
 * @param fraction numerator >= 0 and denominator > 0; the work grows with the quotient, which the caller bounds
 */
function expOfFraction(
  { numerator, denominator }: { numerator: bigint; denominator: bigint },
  bits: number,
): FixedPointBounds {
  // exp(x) = exp(r)**(2**halvings) with r = x / 2**halvings < 2**-8, so that a short series is enough.
  const whole = numerator / denominator;
  const halvings = whole.toString(2).length + 8;
  // One squaring doubles the relative error, one unit in the last place becomes at most 2**halvings of
  // them, and exp(x) < 2**(3 * (whole + 1) / 2 + 1): the guard bits cover both and leave 32 to spare.
  const precision = BigInt(bits + halvings + Math.ceil((Number(whole) + 1) * 1.5) + 33);
  const one = 1n << precision;

  const scaled = numerator << (precision - BigInt(halvings));
  const rLower = scaled / denominator;
  const rUpper = ceilDivide(scaled, denominator);

  // Taylor's series, every term of the lower sum rounded down and of the upper sum rounded up.
  let termLower = one;
  let termUpper = one;
  let lower = one;
  let upper = one;
  for (let index = 1n; termUpper > 1n; index += 1n) {
    termLower = ((termLower * rLower) >> precision) / index;
    termUpper = ceilDivide(ceilShift(termUpper * rUpper, precision), index);
    lower += termLower;
    upper += termUpper;
  }
  // What was cut off is less than the last term, since each term is less than half of the one before.
  upper += termUpper;

  for (let squaring = 0; squaring < halvings; squaring += 1) {
    lower = (lower * lower) >> precision;
    upper = ceilShift(upper * upper, precision);
  }
  const excess = precision - BigInt(bits);
  return { lower: lower >> excess, upper: ceilShift(upper, excess) };
}

/**
 * As `expOfFraction`, for exp(-numerator / denominator). A quotient beyond `bits` gives the bounds 0 and 1.
 */
export function expOfNegativeFraction(
  fraction: { numerator: bigint; denominator: bigint },
  bits: number,
): FixedPointBounds {
  // exp(-x) < 2**-x for x > 0, hence below one unit.
  if (fraction.numerator > fraction.denominator * BigInt(bits)) return { lower: 0n, upper: 1n };
  const inverse = expOfFraction(fraction, bits);
  const one = 1n << BigInt(2 * bits);
  return { lower: one / inverse.upper, upper: ceilDivide(one, inverse.lower) };
}

/** The quotient of two integers, rounded up; the divisor is positive and the dividend not negative. */
export function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function ceilShift(value: bigint, shift: bigint): bigint {
  return (value + (1n << shift) - 1n) >> shift;
}
