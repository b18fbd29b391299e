import type { LedgerBalance } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { formatDelta } from './guarantee.ts';

/** A device's ledger as meters, with the figures in words beside them. */
export function ledgerMeters(balances: readonly LedgerBalance[]): TemplateResult {
  return html`
    ${balances.map(({ privacyUnit, spent, limit, delta }) => {
      const text = `ε ${spent.toFixed(2)} of ${limit.toFixed(2)} spent`;
      return html`
        <div class="stack tight">
          <div class="row spread">
            <span>${privacyUnit === 'employee' ? 'For one employee' : 'For this site as a whole'}</span>
            <strong class="number">${text}</strong>
          </div>
          <svg
            class="meter"
            role="meter"
            aria-valuemin="0"
            aria-valuemax=${limit}
            aria-valuenow=${Math.min(spent, limit)}
            aria-label="${privacyUnit}: ${text}"
          >
            <rect width="${limit === 0 ? 0 : (100 * Math.min(spent, limit)) / limit}%" height="100%" />
          </svg>
          <span class="small soft">at δ = ${formatDelta(delta)}</span>
        </div>
      `;
    })}
    ${
      balances.length === 0
        ? nothing
        : html`<p class="small soft">
            The ledger lives in this browser and counts everything it has sent, over all studies. It is written before
            anything leaves, and nothing leaves that would go past the limit.
          </p>`
    }
  `;
}
