/**
 * Where a condition changes, between a number at which it holds and one at which it fails, by halving: the end at which it
 * fails.
 */
export function halve(
  condition: (x: number) => boolean,
  [holds, fails]: readonly [holds: number, fails: number],
  halvings = 60,
): number {
  for (let halving = 0; halving < halvings; halving += 1) {
    const middle = (holds + fails) / 2;
    if (condition(middle)) holds = middle;
    else fails = middle;
  }
  return fails;
}

/** As `halve`, for a condition that holds near 0 and fails far out. */
export function halveOutward(condition: (x: number) => boolean): number {
  let holds = 1;
  while (!condition(holds)) holds /= 2;
  let fails = holds * 2;
  for (; condition(fails); fails *= 2) holds = fails;
  return halve(condition, [holds, fails]);
}

/**
 * Where a falling function is 0 or less, by at most twice the aim: by secants with the Illinois rule, which keeps both
 * ends moving. From an end without a finite value it is halved.
 *
 * @param low where it is above 0
 * @param high where it is not
 * @param aim > 0
 * @param isNear whether the ends are near enough to stop, at the upper one
 */
export function fallingRoot(
  f: (x: number) => number,
  [low, high]: readonly [low: number, high: number],
  aim: number,
  isNear: (low: number, high: number) => boolean,
): number {
  // What is searched is where f + aim is 0.
  let above = f(low) + aim;
  let below = f(high) + aim;
  let lastMoved = 0;
  for (let iteration = 0; iteration < 200 && !isNear(low, high); iteration += 1) {
    const secant = high - ((high - low) * below) / (below - above);
    const middle = secant > low && secant < high ? secant : (low + high) / 2;
    const value = f(middle) + aim;
    if (Math.abs(value) < aim) return middle;
    if (value > 0) {
      if (lastMoved === 1) below /= 2;
      low = middle;
      above = value;
    } else {
      if (lastMoved === -1) above /= 2;
      high = middle;
      below = value;
    }
    lastMoved = Math.sign(value);
  }
  return high;
}
