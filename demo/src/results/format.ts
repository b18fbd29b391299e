import type { Estimate, QuestionResult } from '@chorale/protocol';

/** How a question's numbers are written: shares in percent, the rest on the scale they were asked on. */
export type NumberStyle = { format: (value: number) => string; axis: (value: number) => string; label: string };

const shares: NumberStyle = {
  format: (value) => `${(100 * value).toFixed(1)}%`,
  axis: (value) => `${Math.round(100 * value)}%`,
  label: 'share of those who answer',
};
const scores: NumberStyle = { format: signed, axis: signed, label: 'promoters minus detractors' };

/** @param unit of a number question, such as EUR. */
export function numberStyle({ report, range: [minimum, maximum] }: QuestionResult, unit?: string): NumberStyle {
  if (report === 'favourable' || report === 'distribution') return shares;
  if (report === 'enps') return scores;
  const digits = maximum - minimum > 100 ? 0 : 2;
  return {
    format: (value) => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    axis: (value) => value.toLocaleString('en', { maximumFractionDigits: digits }),
    label: unit === undefined ? 'mean answer' : `mean, ${unit}`,
  };
}

function signed(value: number): string {
  const whole = Math.round(value);
  return `${whole > 0 ? '+' : whole < 0 ? '−' : ''}${Math.abs(whole)}`;
}

/** `62.1% (57.0% to 67.2%)`. */
export function withInterval({ value, lower, upper }: Estimate, { format }: NumberStyle): string {
  return `${format(value)} (${format(lower)} to ${format(upper)})`;
}

/** An epsilon with two decimals at most. */
export function formatEpsilon(epsilon: number): string {
  return epsilon.toLocaleString('en', { maximumFractionDigits: 2 });
}
