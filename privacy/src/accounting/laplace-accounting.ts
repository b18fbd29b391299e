import { convolutionPower, epsilonOfLosses, longestDistribution } from './loss-distribution.ts';

/**
 * An epsilon for which `steps` Laplace mechanisms of scale sensitivity / epsilonPerStep are (epsilon, delta)-private:
 * exact for one step, an upper bound otherwise, infinite for too many steps. Arguments are checked by the callers.
 *
 * @see Doroshenko et al., Connect the dots: tighter discrete approximations of privacy loss distributions, PETS 2022
 */
export function laplaceEpsilon({
  epsilonPerStep,
  steps,
  delta,
}: {
  epsilonPerStep: number;
  steps: number;
  delta: number;
}): number {
  // One step: delta(epsilon) = 1 - e^((epsilon - epsilonPerStep) / 2), solved for epsilon.
  if (steps === 1) return Math.max(0, epsilonPerStep + 2 * Math.log1p(-delta));
  const cells = Math.min(mostCells, Math.floor(longestDistribution / steps));
  if (cells < fewestCells) return Infinity;

  // As a function of x = e^epsilon, delta is convex, and 1 - sqrt(x e^-e) from x = e^-e to e^e. Connecting its values
  // at the losses l_i = -e + i h by straight lines bounds it from above, and that is the delta of a distribution on
  // these losses: the neighbour's probability of l_i is the change of slope there, the true data's e^l_i times it.
  // The slope between l_i and l_i + h is -e^(-(l_i + e) / 2) / (e^(h/2) + 1); before the first it is -1, after the
  // last 0. The change in between simplifies to e^(-(l_i + e) / 2) tanh(h / 4).
  const spacing = (2 * epsilonPerStep) / cells;
  const lossAt = (index: number, count: number): number => index * spacing - count * epsilonPerStep;
  const single = new Float64Array(cells + 1).map((_, index) => {
    const loss = lossAt(index, 1);
    return Math.exp((loss - epsilonPerStep) / 2) * Math.tanh(spacing / 4);
  });
  single[0] = Math.exp(-epsilonPerStep) / (1 + Math.exp(-spacing / 2));
  single[cells] = 1 / (1 + Math.exp(-spacing / 2));
  const probabilities = convolutionPower(single, steps);
  return epsilonOfLosses({ probabilities, lossAt: (index) => lossAt(index, steps) }, delta);
}

const mostCells = 1_000;
const fewestCells = 4;
