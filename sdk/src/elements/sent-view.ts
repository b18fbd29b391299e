import { html, nothing, type TemplateResult } from 'lit';
import type { LedgerBalance } from '../ledger.ts';
import type { Receipt, SentAnswer } from '../storage/device-store.ts';
import { type Action, type ActionStep, confirmedAction } from './confirmed-action.ts';
import { exchangeView, oddsText } from './exchange-view.ts';
import { ledgerSection } from './ledger-meters.ts';
import type { Words } from './words.ts';

export type SentViewOptions = {
  receipt: Receipt;
  sent: readonly SentAnswer[];
  balances: readonly LedgerBalance[];
  /** The report was sent before this visit. */
  again: boolean;
  /** Of which action the question whether to do it is open. */
  confirming: Action | null;
  /** The coordinator is being asked to delete the report. */
  withdrawing: boolean;
  words: Words;
  onAction: (action: Action, step: ActionStep) => void;
  /** The receipt as a file. */
  onDownload: () => void;
};

/** After sending: raw beside sent, the odds, the receipt, the ledger, taking the report back, and erasing. */
export function sentView(options: SentViewOptions): TemplateResult {
  const { receipt, sent, balances, words } = options;
  return html`
    <div class="stack">
      ${sentNotice(options)}
      ${
        sent.length === 0
          ? html`<div class="notice" part="notice"><p>${words.text('sent.erased')}</p></div>`
          : exchangeView(sent, words)
      }
      <section class="card stack" part="card" aria-labelledby="odds">
        <h2 id="odds">${words.text('odds.title')}</h2>
        ${oddsText(receipt.epsilon, words)}
      </section>
      ${receiptSection(options)} ${ledgerSection(balances, words)} ${withdrawSection(options)}
      ${sent.length === 0 ? nothing : eraseSection(options)}
    </div>
  `;
}

function sentNotice({ receipt, again, words }: SentViewOptions): TemplateResult {
  if (receipt.withdrawal === 'withdrawn') {
    return html`<div class="notice good" part="notice" role="status">
      <h2 id="sent" tabindex="-1">${words.text('withdraw.done')}</h2>
      <p>${words.text('withdraw.doneText')}</p>
    </div>`;
  }
  return html`<div class="notice good" part="notice" role="status">
    <h2 id="sent" tabindex="-1">${words.text(again ? 'sent.againTitle' : 'sent.title')}</h2>
    <p>${words.text(again ? 'sent.againText' : 'sent.text')}</p>
    <slot name="sent"></slot>
  </div>`;
}

function receiptSection({ receipt, words, onDownload }: SentViewOptions): TemplateResult {
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
        <button type="button" part="button" @click=${onDownload}>${words.text('receipt.download')}</button>
      </div>
    </section>
  `;
}

/** Taking the report back, as long as that was not asked for, or what became of it. */
function withdrawSection({
  receipt,
  confirming,
  withdrawing,
  words,
  onAction,
}: SentViewOptions): TemplateResult | null {
  if (withdrawing) {
    return html`<div class="notice" part="notice" role="status" id="withdrawing" tabindex="-1">
      <p>${words.text('withdraw.asking')}</p>
    </div>`;
  }
  if (receipt.withdrawal === 'released') {
    return html`<div class="notice warn" part="notice" role="status">
      <h2 id="withdraw-released" tabindex="-1">${words.text('withdraw.released')}</h2>
      <p>${words.text('withdraw.releasedText')}</p>
    </div>`;
  }
  if (receipt.withdrawal !== 'possible') return null;
  const onStep = (step: ActionStep): void => onAction('withdraw', step);
  return confirmedAction('withdraw', { confirming: confirming === 'withdraw', words, onStep });
}

function eraseSection({ confirming, words, onAction }: SentViewOptions): TemplateResult {
  const onStep = (step: ActionStep): void => onAction('erase', step);
  return confirmedAction('erase', { confirming: confirming === 'erase', words, onStep });
}

/** After erasing: what stays. */
export function erasedView({
  balances,
  withdrawn,
  words,
}: {
  balances: readonly LedgerBalance[];
  withdrawn: boolean;
  words: Words;
}): TemplateResult {
  return html`
    <div class="stack">
      <div class="notice good" part="notice" role="status">
        <h2 id="erased" tabindex="-1">${words.text('erase.done')}</h2>
        <p>${words.text(withdrawn ? 'withdraw.doneText' : 'erase.doneText')}</p>
      </div>
      ${ledgerSection(balances, words)}
    </div>
  `;
}
