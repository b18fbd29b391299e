import { checkInteger, checkPositive } from '../numerics/checks.ts';
import { type Guarantee, pureGuarantee, type PureSteps } from './guarantee.ts';
import { composedEpsilon } from './lattice-composition.ts';

/**
 * The composition of integers with discrete Laplace noise, Pr[k] proportional to e^(-|k| / laplaceScale), replace-one:
 * exact.
 *
 * @param laplaceScale finite and > 0
 * @param sensitivity by how much replacing one record may change the integer; integer from 1 to 2^20
 * @param steps integer >= 1; each release may depend on the ones before
 * @param delta in [0, 1); 0 asks for a pure guarantee
 * @param privacyUnit `employee` unless given
 * @throws {RangeError} outside these ranges
 */
export function accountDiscreteLaplace({
  laplaceScale,
  sensitivity,
  ...steps
}: Omit<PureSteps, 'epsilonPerStep'> & { laplaceScale: number; sensitivity: number }): Guarantee {
  checkPositive({ laplaceScale });
  checkInteger('sensitivity', sensitivity, `[1, ${2 ** 20}]`);
  const epsilonPerStep = sensitivity / laplaceScale;
  return pureGuarantee({ ...steps, epsilonPerStep }, 'loss-distribution', () =>
    latticeEpsilon(epsilonPerStep, sensitivity, steps),
  );
}

/**
 * An epsilon for which `steps` Laplace mechanisms of scale sensitivity / epsilonPerStep are (epsilon, delta)-private:
 * exact for one step, an upper bound otherwise. Arguments are checked by the callers.
 */
export function laplaceEpsilon({ epsilonPerStep, ...composed }: PureSteps): number {
  const { steps, delta } = composed;
  // One step: delta(epsilon) = 1 - e^((epsilon - epsilonPerStep) / 2), solved for epsilon.
  if (steps === 1) return Math.max(0, epsilonPerStep + 2 * Math.log1p(-delta));
  // The composed losses spread over some sqrt(steps) times the single ones; a million points take a tenth of a second.
  const cells = Math.max(2, Math.min(1_000, Math.floor(150_000 / Math.sqrt(steps))));
  return latticeEpsilon(epsilonPerStep, cells, composed);
}

/*
 * With e = epsilonPerStep, as a function of x = e^epsilon the delta of a Laplace mechanism is convex, and 1 - sqrt(x e^-e)
 * from x = e^-e to e^e. Connecting its values at the losses l_i = -e + i h by straight lines bounds it from above, and
 * that is the delta of a distribution on these losses: the neighbour's probability of l_i is the change of slope there,
 * the true data's e^l_i times it. The slope between l_i and l_i + h is -e^(-(l_i + e) / 2) / (e^(h/2) + 1); before the
 * first it is -1, after the last 0. The change in between simplifies to e^(-(l_i + e) / 2) tanh(h / 4).
 *
 * The discrete Laplace mechanism of scale s and sensitivity D has exactly this distribution, with e = D / s and D cells:
 * at k in 0 .. D its loss is (D - 2 k) / s, with probability e^(-k / s) tanh(1 / (2 s)), more at the two ends.
 *
 * @see Doroshenko et al., Connect the dots: tighter discrete approximations of privacy loss distributions, PETS 2022
 */
function latticeEpsilon(
  epsilonPerStep: number,
  cells: number,
  { steps, delta }: { steps: number; delta: number },
): number {
  const spacing = (2 * epsilonPerStep) / cells;
  const probabilities = new Float64Array(cells + 1).map(
    (_, index) => Math.exp((index * spacing) / 2 - epsilonPerStep) * Math.tanh(spacing / 4),
  );
  probabilities[0] = Math.exp(-epsilonPerStep) / (1 + Math.exp(-spacing / 2));
  probabilities[cells] = 1 / (1 + Math.exp(-spacing / 2));
  return composedEpsilon([probabilities, -epsilonPerStep, spacing], steps, delta);
}
