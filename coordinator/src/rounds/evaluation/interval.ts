/** Confidence of every interval that is published. */
export const Z_95 = 1.959963984540054;

/** Counts of rows, with the stddev of the noise on each; 0 for none. */
export type NoisedCells = { cells: readonly number[]; noiseStddev: number };

export type Interval = { value: number; lower: number; upper: number };

/**
 * The values in [0, 1] about an estimate at which `excess` is not positive.
 * @param excess rises away from the estimate, where it is not positive
 */
export function intervalWithin(excess: (value: number) => number, estimate: number): Omit<Interval, 'value'> {
  return { lower: edge(excess, estimate, 0), upper: edge(excess, estimate, 1) };
}

/** Where the interval ends between a point in it and the end of the range, which may itself be in it. */
function edge(excess: (value: number) => number, inside: number, outside: number): number {
  if (excess(outside) <= 0) return outside;
  let within = inside;
  let beyond = outside;
  // Halving fifty times is exact to the last digits of a double.
  for (let i = 0; i < 50; i += 1) {
    const middle = (within + beyond) / 2;
    if (excess(middle) <= 0) within = middle;
    else beyond = middle;
  }
  return within;
}

/** Stddevs of its noise that a count must exceed before anything is divided by it. */
const READABLE_STDDEVS = 3;

/** Whether so many rows are more than noise could make of none. */
export function isReadable(count: number, noiseStddev: number): boolean {
  return count >= 1 && count > READABLE_STDDEVS * noiseStddev;
}

/**
 * Mean over rows that are counted in cells, each row having its cell's value, with a 95% interval for the mean over the
 * population that the rows were drawn from; `null` where the noise could account for all rows.
 *
 * With counts c of cells of values x, and noise of stddev s on each, D(m) = sum c (x - m) has mean zero at the true mean
 * m, and variance n v(m) + s^2 sum (x - m)^2 over draws of the n rows and of the noise. The interval is all m with
 * D(m)^2 <= z^2 Var D(m): honest where the number of rows is noisy as well (Fieller 1954), and with v(m) = m (1 - m) it
 * is Wilson's where there is no noise.
 *
 * @param options.values `[cells]`, each in [0, 1]
 * @param options.variance of one row's value, given the mean
 */
export function meanInterval({
  cells,
  values,
  noiseStddev,
  variance,
}: NoisedCells & {
  values: readonly number[];
  variance: (mean: number) => number;
}): Interval | null {
  const rows = sum(cells);
  if (!isReadable(rows, noiseStddev * Math.sqrt(cells.length))) return null;
  const estimate = sum(cells.map((count, i) => count * values[i]!)) / rows;
  const value = clamp(estimate);
  const excess = (mean: number): number => {
    // Asked a hundred times for one interval: a loop, where a callback would make an array each time.
    let noise = 0;
    for (const x of values) noise += (x - mean) ** 2;
    return (rows * (value - mean)) ** 2 - Z_95 ** 2 * (rows * variance(mean) + noiseStddev ** 2 * noise);
  };
  return { value, ...intervalWithin(excess, value) };
}

/** Variance of what is 0 or 1, and no smaller than that of anything between. */
function bernoulliVariance(mean: number): number {
  return mean * (1 - mean);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Share of rows that are right, with its interval; `right` is the share of each cell's. */
export function accuracyOf(
  { cells, noiseStddev }: NoisedCells,
  right: readonly number[],
): { accuracy: number | null; accuracyLower: number | null; accuracyUpper: number | null } {
  const accuracy = meanInterval({ cells, values: right, noiseStddev, variance: bernoulliVariance });
  return {
    accuracy: accuracy?.value ?? null,
    accuracyLower: accuracy?.lower ?? null,
    accuracyUpper: accuracy?.upper ?? null,
  };
}

/** Rows in all cells, as they are published. */
export function rowsOf(cells: readonly number[]): number {
  return Math.max(0, Math.round(sum(cells)));
}

export function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
