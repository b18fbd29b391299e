import { html, type TemplateResult } from 'lit';
import type { LedgerBalance } from '../ledger.ts';
import { ledgerSection } from './ledger-meters.ts';
import type { Words } from './words.ts';

/** In the place of questions that nobody may answer any more: that the study is closed, and what that cost this device. */
export function closedView({
  charged,
  balances,
  words,
}: {
  /** A report was made here before that was known, and refused. */
  charged: boolean;
  balances: readonly LedgerBalance[];
  words: Words;
}): TemplateResult {
  return html`
    <div class="notice" part="notice" role="status">
      <h2 id="closed" tabindex="-1">${words.text('error.STUDY_CLOSED.title')}</h2>
      <p>${words.text('error.STUDY_CLOSED.advice')}</p>
      <p>${words.text(charged ? 'closed.charged' : 'closed.uncharged')}</p>
    </div>
    ${ledgerSection(balances, words)}
  `;
}
