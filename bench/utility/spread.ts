export type Spread = { mean: number; standardError: number };

/** @param values at least two */
export function meanAndError(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** ".8123 (.0012)" */
export function unsigned({ mean, standardError }: Spread): string {
  return `${fraction(mean)} (${fraction(standardError)})`;
}

/** "-.0123 (.0012)" */
export function signed({ mean, standardError }: Spread): string {
  return `${mean < 0 ? '-' : '+'}${fraction(Math.abs(mean))} (${fraction(standardError)})`;
}

function fraction(value: number): string {
  return value.toFixed(4).replace(/^0/, '');
}
