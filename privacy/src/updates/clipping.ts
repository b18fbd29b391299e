import { checkFinite, checkInteger, checkPositive } from '../numerics/checks.ts';

/**
 * The vector itself, or one of its direction and L2 norm `clippingNorm` where it is longer. Rounding may leave the norm
 * a few places above the bound: for a bound without rounding see `clipToGrid`.
 *
 * @param clippingNorm finite and > 0
 * @throws {RangeError} outside, and unless all numbers are finite
 */
export function clip(vector: ArrayLike<number>, clippingNorm: number): Float64Array {
  checkPositive({ clippingNorm });
  const [largest, relativeNorm] = norm(vector);
  // norm = largest * relativeNorm may overflow where the quotient does not.
  const isLonger = clippingNorm / largest < relativeNorm;
  return Float64Array.from(vector, (value) => (isLonger ? (value / largest) * (clippingNorm / relativeNorm) : value));
}

/**
 * A vector clipped to `clippingNorm` and truncated to whole grid steps of `clippingNorm / gridSteps`. The integers' own
 * L2 norm is at most `gridSteps`, without rounding: sensitivities rest on it.
 *
 * @param clippingNorm finite and > 0
 * @param gridSteps integer in [1, 2^24]
 * @throws {RangeError} outside these ranges, and unless all numbers are finite
 */
export function clipToGrid(
  vector: ArrayLike<number>,
  { clippingNorm, gridSteps }: { clippingNorm: number; gridSteps: number },
): Int32Array<ArrayBuffer> {
  checkPositive({ clippingNorm });
  checkInteger('gridSteps', gridSteps, `[1, ${2 ** 24}]`);
  const [largest, relativeNorm] = norm(vector);
  let scale = gridSteps / Math.max(relativeNorm, clippingNorm / largest);
  for (;;) {
    // Truncation moves every coordinate towards zero, so it never makes the norm longer.
    const steps = new Int32Array(vector.length);
    for (let i = 0; i < steps.length; i += 1) steps[i] = Math.trunc((vector[i]! / largest) * scale);
    // Integers below 2^53 add without rounding, and this sum is near 2^48 at most.
    const squares = steps.reduce((sum, value) => sum + value * value, 0);
    if (squares <= gridSteps * gridSteps) return steps;
    // Only the rounding of the norm can lead here.
    scale *= 1 - 2 ** -40;
  }
}

/** The L2 norm as a product: its largest magnitude (1 where all are 0) and the norm over that. No square overflows. */
function norm(vector: ArrayLike<number>): [largest: number, relativeNorm: number] {
  checkFinite('vector', vector);
  let largest = 0;
  for (let index = 0; index < vector.length; index += 1) largest = Math.max(largest, Math.abs(vector[index]!));
  if (largest === 0) return [1, 0];
  let squares = 0;
  for (let index = 0; index < vector.length; index += 1) squares += (vector[index]! / largest) ** 2;
  return [largest, Math.sqrt(squares)];
}
