import { html, nothing, type TemplateResult } from 'lit';
import type { LedgerBalance } from '../ledger.ts';
import type { Receipt, SentAnswer } from '../storage/device-store.ts';
import { exchangeView, oddsText } from './exchange-view.ts';
import { ledgerMeters } from './ledger-meters.ts';
import type { Words } from './words.ts';

export type SentViewOptions = {
  receipt: Receipt;
  sent: readonly SentAnswer[];
  balances: readonly LedgerBalance[];
  /** The report was sent before this visit. */
  again: boolean;
  /** The question whether to erase is open. */
  confirming: boolean;
  words: Words;
  onErase: (step: 'ask' | 'confirm' | 'keep') => void;
};

/** After sending: raw beside sent, the odds, the receipt, the ledger, and erasing. */
export function sentView(options: SentViewOptions): TemplateResult {
  const { receipt, sent, balances, again, words } = options;
  return html`
    <div class="stack">
      <div class="notice good" part="notice" role="status">
        <h2 id="sent" tabindex="-1">${words.text(again ? 'sent.againTitle' : 'sent.title')}</h2>
        <p>${words.text(again ? 'sent.againText' : 'sent.text')}</p>
        <slot name="sent"></slot>
      </div>
      ${
        sent.length === 0
          ? html`<div class="notice" part="notice"><p>${words.text('sent.erased')}</p></div>`
          : exchangeView(sent, words)
      }
      <section class="card stack" part="card" aria-labelledby="odds">
        <h2 id="odds">${words.text('odds.title')}</h2>
        ${oddsText(receipt.epsilon, words)}
      </section>
      ${receiptSection(receipt, words)} ${ledgerSection(balances, words)}
      ${sent.length === 0 ? nothing : eraseSection(options)}
    </div>
  `;
}

function receiptSection(receipt: Receipt, words: Words): TemplateResult {
  const sentAt = new Date(receipt.sentAt);
  return html`
    <section class="card stack" part="card receipt" aria-labelledby="receipt">
      <h2 id="receipt">${words.text('receipt.title')}</h2>
      <dl class="facts">
        <dt>${words.text('receipt.study')}</dt>
        <dd><bdi>${receipt.title}</bdi></dd>
        <dt>${words.text('receipt.version')}</dt>
        <dd><code dir="ltr">${receipt.manifest}</code></dd>
        <dt>${words.text('receipt.fingerprint')}</dt>
        <dd>
          ${receipt.reportHash === null ? words.text('receipt.erased') : html`<code dir="ltr">${receipt.reportHash}</code>`}
        </dd>
        <dt>${words.text('receipt.loss')}</dt>
        <dd>${words.text('receipt.lossText', { epsilon: words.decimals(receipt.epsilon, 3) })}</dd>
        <dt>${words.text('receipt.sentAt')}</dt>
        <dd><time datetime=${receipt.sentAt}>${words.time(sentAt)}</time></dd>
      </dl>
      <div class="actions">
        <button type="button" part="button" @click=${() => download(receipt)}>${words.text('receipt.download')}</button>
      </div>
    </section>
  `;
}

/** Hands the receipt over as a file; it does not leave the browser. */
function download(receipt: Receipt): void {
  const file = new Blob([`${JSON.stringify(receipt, null, 2)}\n`], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `chorale-receipt-${receipt.study}.json`;
  link.click();
  // The download has its own hold on the file by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function eraseSection({ confirming, words, onErase }: SentViewOptions): TemplateResult {
  return html`
    <section class="card stack" part="card" aria-labelledby="erase-title">
      <h2 id="erase-title">${words.text('erase.title')}</h2>
      <p>${words.text('erase.text')}</p>
      ${
        confirming
          ? html`<div class="row actions">
              <button type="button" class="danger" part="button" id="erase-confirm" @click=${() => onErase('confirm')}>
                ${words.text('erase.confirm')}
              </button>
              <button type="button" part="button" @click=${() => onErase('keep')}>${words.text('erase.keep')}</button>
            </div>`
          : html`<div class="actions">
              <button type="button" class="danger" part="button" id="erase" @click=${() => onErase('ask')}>
                ${words.text('erase.ask')}
              </button>
            </div>`
      }
    </section>
  `;
}

/** After erasing: what stays. */
export function erasedView(balances: readonly LedgerBalance[], words: Words): TemplateResult {
  return html`
    <div class="stack">
      <div class="notice good" part="notice" role="status">
        <h2 id="erased" tabindex="-1">${words.text('erase.done')}</h2>
        <p>${words.text('erase.doneText')}</p>
      </div>
      ${ledgerSection(balances, words)}
    </div>
  `;
}

function ledgerSection(balances: readonly LedgerBalance[], words: Words): TemplateResult {
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
