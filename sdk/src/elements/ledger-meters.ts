import { html, nothing, type TemplateResult } from 'lit';
import type { LedgerBalance } from '../ledger.ts';
import { formatDelta } from './privacy-figures.ts';
import type { Words } from './words.ts';

/** A device's ledger as meters, with the figures in words beside them. */
export function ledgerMeters(balances: readonly LedgerBalance[], words: Words): TemplateResult {
  return html`
    ${balances.map(({ privacyUnit, spent, limit, delta }) => {
      const unit = words.text(`ledger.${privacyUnit}`);
      const text = words.text('ledger.spent', { spent: words.decimals(spent, 2), limit: words.decimals(limit, 2) });
      return html`
        <div class="stack tight">
          <div class="row spread">
            <span>${unit}</span>
            <strong class="number">${text}</strong>
          </div>
          <svg
            class="meter"
            role="meter"
            aria-valuemin="0"
            aria-valuemax=${limit}
            aria-valuenow=${Math.min(spent, limit)}
            aria-label="${unit}: ${text}"
          >
            <rect width="${limit === 0 ? 0 : (100 * Math.min(spent, limit)) / limit}%" height="100%" />
          </svg>
          <span class="small soft">${words.text('ledger.delta', { delta: formatDelta(delta) })}</span>
        </div>
      `;
    })}
    ${balances.length === 0 ? nothing : html`<p class="small soft">${words.text('ledger.text')}</p>`}
  `;
}

/** What a device has spent, as a card: as an employee's, and as a site's where it was one. */
export function ledgerSection(balances: readonly LedgerBalance[], words: Words): TemplateResult {
  return html`
    <section class="card stack" part="card ledger" aria-labelledby="ledger">
      <h2 id="ledger">${words.text('ledger.title')}</h2>
      ${ledgerMeters(
        balances.filter(({ privacyUnit, spent }) => privacyUnit === 'employee' || spent > 0),
        words,
      )}
    </section>
  `;
}
