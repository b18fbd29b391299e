import type { Guarantee } from '@chorale/protocol';
import { formatDelta, oddsFactor } from '@chorale/sdk/elements/views';
import { html, type TemplateResult } from 'lit';

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
