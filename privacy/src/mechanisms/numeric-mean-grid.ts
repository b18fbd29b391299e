import { exponential } from './truth-weight.ts';

/** Which mechanism a mean uses, and its alphabet. */
export interface GridChoice {
  readonly mechanism: 'duchi-with-no-answer' | 'hybrid-with-no-answer';
  /** Output cells of the piecewise part; 0 for Duchi alone. */
  readonly cells: number;
  /** How many neighbouring cells are likely. */
  readonly window: number;
  /** Grid points less one: cells - window, or 1 for Duchi alone. */
  readonly steps: number;
  /** How often the piecewise part is drawn, given a value. */
  readonly piecewiseShare: number;
}

const largestCells = 129;

/**
 * The choice with the smallest worst-case variance of one decoded answer, among Duchi alone and all hybrids of up to
 * 129 cells. The same in every engine: no transcendental function of the platform is used.
 */
export function chooseGrid(epsilon: number, noAnswerEpsilonShare: number): GridChoice {
  const ratio = exponential(epsilon);
  const valueRatio = exponential(epsilon * (1 - noAnswerEpsilonShare));
  const noneRatio = exponential(epsilon * noAnswerEpsilonShare);
  // Pr[a value | an answer]; every second moment below is divided by it.
  const valueShare = 1 - (noneRatio - 1) / (ratio * noneRatio - 1);

  // Duchi answers +-D with D = (e^eps + 1) / (e^eps - 1), so that its second moment is D^2 at every t.
  const duchiMoment = ((ratio + 1) / (ratio - 1)) ** 2;
  let best: GridChoice = { mechanism: 'duchi-with-no-answer', cells: 0, window: 0, steps: 1, piecewiseShare: 0 };
  let bestVariance = duchiMoment / valueShare;

  for (let cells = 2; cells <= largestCells; cells += 1) {
    for (let window = 1; window < cells; window += 1) {
      const steps = cells - window;
      const low = 1 / (window * ratio + steps);
      const excess = low * (ratio - 1);
      // No answer draws cells uniformly, so a likely cell must not exceed 1 / cells by more than e^(eps - eps1).
      if (low * ratio * cells > valueRatio * (1 - 1e-9)) continue;

      // A cell x from the middle decodes to s x with s = 2 / (steps excess window). With sum x^2 = N (N^2 - 1) / 12
      // over N cells in the middle, and the window's middle at t steps / 2, the second moment at a grid point is
      //   s^2 [ low N (N^2 - 1) / 12 + excess (w (w^2 - 1) / 12 + w (t steps / 2)^2) ] = base + t^2 / (excess w).
      const scale = 2 / (steps * excess * window);
      const base = (scale * scale * (low * cells * (cells * cells - 1) + excess * window * (window * window - 1))) / 12;
      // Mixing so that the coefficient of t^2 becomes 1 makes the variance equal at all grid points.
      const piecewiseShare = valueShare * excess * window;
      if (piecewiseShare >= 1) continue;
      // Rounding to the grid adds at most (spacing / 2)^2 = 1 / steps^2.
      const variance = (piecewiseShare * base + (1 - piecewiseShare) * duchiMoment) / valueShare + 1 / steps ** 2;
      if (variance < bestVariance) {
        bestVariance = variance;
        best = { mechanism: 'hybrid-with-no-answer', cells, window, steps, piecewiseShare };
      }
    }
  }
  return best;
}

/** The grid point at or below t and how far t is towards the next one; t = 1 is all the way from the last but one. */
export function locate(t: number, steps: number): [point: number, fraction: number] {
  const position = ((t + 1) / 2) * steps;
  const point = Math.min(Math.floor(position), steps - 1);
  return [point, position - point];
}
