import type { Guarantee } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';

/** The largest factor by which a report or update can be likelier under one record than under another. */
export function oddsFactor(epsilon: number): string {
  const factor = Math.exp(epsilon);
  if (factor < 10) return factor.toFixed(1);
  if (factor < 1e6) return Math.round(factor).toLocaleString('en');
  return `10^${Math.floor(Math.log10(factor))}`;
}

/** What accumulated guarantees mean, a sentence a privacy unit. */
export function guaranteeText(guarantees: readonly Guarantee[]): string {
  return guarantees
    .map(
      ({ privacyUnit, epsilon, delta }) =>
        `Everything that one ${privacyUnit} sent is at most ${oddsFactor(epsilon)} times likelier than with any other ` +
        `${privacyUnit === 'site' ? 'rows at that site' : 'row in that employee’s place'}${delta === 0 ? '' : `, except with probability ${formatDelta(delta)}`}.`,
    )
    .join(' ');
}

/** `10⁻⁵`, or the number itself where it is no power of ten. */
export function formatDelta(delta: number): string {
  if (delta === 0) return '0';
  const exponent = Math.round(Math.log10(delta));
  if (Math.abs(delta / 10 ** exponent - 1) > 1e-9) return String(delta);
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  return `10${exponent < 0 ? '⁻' : ''}${[...String(Math.abs(exponent))].map((digit) => digits[Number(digit)]).join('')}`;
}

/** What one unit has spent that took part as often as it could, as figures of a list. */
export function spentFigures(guarantees: readonly Guarantee[]): TemplateResult[] {
  return guarantees.map(
    ({ privacyUnit, epsilon, delta }) =>
      html`<div>
        <dt>Spent by one ${privacyUnit} at most</dt>
        <dd>ε = ${epsilon.toFixed(2)} <span class="margin">δ = ${formatDelta(delta)}</span></dd>
      </div>`,
  );
}
