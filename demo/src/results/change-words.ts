import type { EstimateChange } from '@chorale/protocol';
import { capitalized } from '../measures.ts';
import type { NumberStyle } from './format.ts';

/** What became of an estimate, in one word. */
export function direction({ change, significant }: EstimateChange): 'rose' | 'fell' | 'no significant change' {
  if (!significant) return 'no significant change';
  return change > 0 ? 'rose' : 'fell';
}

/** `rose significantly, by 4.2 points (1.3 to 7.1)`, or `no significant change (−2.0 to +4.1 points)`. */
export function changeWords(change: EstimateChange, style: NumberStyle): string {
  const { lower, upper } = change;
  const unit = style.unit === '' ? '' : ` ${style.unit}`;
  const word = direction(change);
  if (word === 'no significant change') {
    return `${word} (${signedWidth(lower, style)} to ${signedWidth(upper, style)}${unit})`;
  }
  const [near, far] = word === 'rose' ? [lower, upper] : [-upper, -lower];
  return `${word} significantly, by ${style.width(Math.abs(change.change))}${unit} (${style.width(near)} to ${style.width(far)})`;
}

/** A sentence for all numbers of a question: those that changed first, each with what it changed by. */
export function changesSentence(changes: readonly EstimateChange[], style: NumberStyle): string {
  const [only] = changes;
  if (changes.length === 1 && only !== undefined) return `${capitalized(changeWords(only, style))}.`;
  const changed = changes.filter(({ significant }) => significant);
  if (changed.length === 0) return 'No significant change in any answer.';
  const rest = changed.length === changes.length ? '' : '; no significant change in the others';
  return `${changed.map((change) => `“${change.label}” ${changeWords(change, style)}`).join(', ')}${rest}.`;
}

function signedWidth(distance: number, style: NumberStyle): string {
  return `${distance < 0 ? '−' : '+'}${style.width(Math.abs(distance))}`;
}
