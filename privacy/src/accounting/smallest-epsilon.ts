/**
 * The smallest epsilon >= 0 with delta(epsilon) <= delta: from above, by a relative 1e-11 in delta or 1e-14 in epsilon.
 *
 * @param deltaAt falling; at `largest` not above delta
 */
export function smallestEpsilon({
  deltaAt,
  delta,
  largest,
}: {
  deltaAt: (epsilon: number) => number;
  delta: number;
  largest: number;
}): number {
  // The logarithm of delta is almost a parabola, so that secants find its zero fast; the Illinois rule keeps both ends
  // moving, and an end without a logarithm is halved away from. Aiming a little below makes the answer private.
  const excessAt = (epsilon: number): number => Math.log(deltaAt(epsilon) / delta) + 5e-12;
  let low = 0;
  let lowExcess = excessAt(low);
  if (!(lowExcess > 5e-12)) return 0;
  let high = largest;
  let highExcess = excessAt(high);
  let lastMoved = 0;
  for (let iteration = 0; iteration < 200 && high - low > 1e-14 * high; iteration += 1) {
    const secant = high - ((high - low) * highExcess) / (highExcess - lowExcess);
    const middle = secant > low && secant < high ? secant : (low + high) / 2;
    const excess = excessAt(middle);
    if (Math.abs(excess) < 5e-12) return middle;
    if (excess > 0) {
      if (lastMoved === 1) highExcess /= 2;
      low = middle;
      lowExcess = excess;
    } else {
      if (lastMoved === -1) lowExcess /= 2;
      high = middle;
      highExcess = excess;
    }
    lastMoved = Math.sign(excess);
  }
  return high;
}
