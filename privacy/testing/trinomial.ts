import { logGamma } from '../src/numerics/beta-distribution.ts';
import type { RandomSource } from '../src/sampling/random.ts';

/** Sums a function over all outcomes of a trinomial draw, weighted by probability: an exact expectation. */
export function trinomialMean(
  trials: number,
  [first, second, third]: readonly [number, number, number],
  value: (counts: [number, number, number]) => number,
): number {
  const logFactorial = Array.from({ length: trials + 1 }, (_, count) => logGamma(count + 1));
  const term = (count: number, probability: number): number =>
    count === 0 ? 0 : count * Math.log(probability) - logFactorial[count]!;
  let sum = 0;
  let weight = 0;
  for (let a = 0; a <= trials; a += 1) {
    for (let b = 0; a + b <= trials; b += 1) {
      const c = trials - a - b;
      const log = logFactorial[trials]! + term(a, first) + term(b, second) + term(c, third);
      // What is left out has a probability far below what is asserted.
      if (!(log > -25)) continue;
      const probability = Math.exp(log);
      weight += probability;
      sum += probability * value([a, b, c]);
    }
  }
  return sum / weight;
}

/** Counts of `trials` independent draws. */
export function multinomial(trials: number, probabilities: readonly number[], random: RandomSource): number[] {
  const counts = probabilities.map(() => 0);
  for (let trial = 0; trial < trials; trial += 1) {
    let rest = (random.nextUint32() / 2 ** 32) * probabilities.reduce((sum, probability) => sum + probability, 0);
    let index = 0;
    while (index < probabilities.length - 1 && rest >= probabilities[index]!) {
      rest -= probabilities[index]!;
      index += 1;
    }
    counts[index]! += 1;
  }
  return counts;
}
