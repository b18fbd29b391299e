import type { Estimate, QuestionResult } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';

/** How a question's numbers are written: shares in percent, the rest on the scale they were asked on. */
export type NumberStyle = {
  format: (value: number) => string;
  /** A distance on the same scale, such as a margin: never signed. */
  width: (distance: number) => string;
  /** What such a distance counts; may be empty. */
  unit: string;
  axis: (value: number) => string;
  label: string;
};

const shares: NumberStyle = {
  format: (value) => `${(100 * value).toFixed(1)}%`,
  width: (distance) => (100 * distance).toFixed(1),
  unit: 'points',
  axis: (value) => `${Math.round(100 * value)}%`,
  label: 'share of those who answer',
};
const scores: NumberStyle = {
  format: signed,
  width: (distance) => distance.toFixed(0),
  unit: 'points',
  axis: signed,
  label: 'promoters minus detractors',
};

/** @param unit of a number question, such as EUR. */
export function numberStyle(
  { report, range: [minimum, maximum] }: Pick<QuestionResult, 'report' | 'range'>,
  unit?: string,
): NumberStyle {
  if (report === 'favourable' || report === 'distribution') return shares;
  if (report === 'enps') return scores;
  const digits = maximum - minimum > 100 ? 0 : 2;
  const format = (value: number): string =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return {
    format,
    width: format,
    unit: unit ?? '',
    axis: (value) => value.toLocaleString('en', { maximumFractionDigits: digits }),
    label: unit === undefined ? 'mean answer' : `mean, ${unit}`,
  };
}

function signed(value: number): string {
  const whole = Math.round(value);
  return `${whole > 0 ? '+' : whole < 0 ? '−' : ''}${Math.abs(whole)}`;
}

/** `62.1% (57.0% to 67.2%)`. */
export function withInterval({ value, lower, upper }: Estimate, { format }: NumberStyle): TemplateResult {
  return figure(`${format(value)} (${format(lower)} to ${format(upper)})`);
}

/** Digits and signs in the order that they are written here, in a page laid out from right to left too. */
export function figure(text: string): TemplateResult {
  return html`<bdi dir="ltr">${text}</bdi>`;
}

/** An epsilon with two decimals at most. */
export function formatEpsilon(epsilon: number): string {
  return epsilon.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** A moment to the minute, in UTC: the same for all who compare what they printed. */
export function inUtc(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
