import type { Answers, Manifest } from '@chorale/protocol';
import type { Chorale, LedgerBalance, Receipt, SentAnswer } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { ledgerMeters } from '../ledger-meter.ts';
import { employeeTraining } from './employee-training.ts';
import { exchangeView, oddsText } from './exchange-view.ts';

export type SentViewOptions = {
  chorale: Chorale;
  manifest: Manifest;
  /** Raw answers, as this browser keeps them. */
  answers: Answers;
  receipt: Receipt;
  sent: readonly SentAnswer[];
  balances: readonly LedgerBalance[];
  /** The report was sent before this visit. */
  again: boolean;
  confirming: boolean;
  onErase: (step: 'ask' | 'confirm' | 'keep') => void;
};

/** After sending: raw beside sent, the odds, the receipt, the ledger, and erasing. */
export function sentView(options: SentViewOptions): TemplateResult {
  const { manifest, receipt, sent, balances, again } = options;
  // The training panel has the ledger, and keeps it fresh.
  const trains = manifest.training?.clients === 'employee' && sent.length > 0;
  return html`
    <div class="stack">
      <div class="notice good" role="status">
        <h2 id="sent-title" tabindex="-1">${again ? 'You have answered already' : 'Thank you, your voice is in'}</h2>
        <p>
          ${
            again
              ? 'One person answers once. This is what your browser sent, and nothing more will be.'
              : html`It counts once, even if it was sent twice on the way.
                  <a href="/results?study=${manifest.id}">See the results</a>.`
          }
        </p>
      </div>
      ${
        sent.length === 0
          ? html`<div class="notice">
              <p>Your raw answers were erased from this browser, so they cannot be shown beside what was sent.</p>
            </div>`
          : exchangeView(sent)
      }
      <section class="card stack" aria-labelledby="odds-title">
        <h2 id="odds-title">What anybody can learn from it</h2>
        ${oddsText(receipt.epsilon)}
      </section>
      <section class="card stack" aria-labelledby="receipt-title">
        <h2 id="receipt-title">Receipt</h2>
        <dl class="facts">
          <dt>Study</dt>
          <dd>${receipt.title}</dd>
          <dt>Version of the study</dt>
          <dd><code title=${receipt.manifest}>${short(receipt.manifest)}</code></dd>
          <dt>Fingerprint of the report</dt>
          <dd><code>${receipt.reportHash ?? 'erased'}</code></dd>
          <dt>Privacy loss</dt>
          <dd>ε = ${receipt.epsilon.toFixed(3)}, for everything in it together</dd>
          <dt>Sent</dt>
          <dd>
            <time datetime=${receipt.sentAt}
              >${new Date(receipt.sentAt).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' })}</time
            >
          </dd>
        </dl>
      </section>
      ${trains ? nothing : ledgerSection(balances)}
      ${sent.length === 0 ? nothing : html`${employeeTraining(options)} ${eraseSection(options)}`}
    </div>
  `;
}

function eraseSection({ confirming, onErase }: SentViewOptions): TemplateResult {
  return html`
    <section class="card stack" aria-labelledby="erase-title">
      <h2 id="erase-title">Erase your answers here</h2>
      <p>
        Erasing deletes your raw answers from this browser. It cannot call back the report that was sent, and the ledger
        keeps what it cost: what is known cannot be made unknown. Your invitation stays used, and the receipt is kept.
      </p>
      ${
        confirming
          ? html`<div class="row actions">
              <button type="button" class="danger" id="erase-confirm" @click=${() => onErase('confirm')}>
                Erase for good
              </button>
              <button type="button" @click=${() => onErase('keep')}>Keep them</button>
            </div>`
          : html`<div class="actions">
              <button type="button" class="danger" id="erase" @click=${() => onErase('ask')}>Erase my answers</button>
            </div>`
      }
    </section>
  `;
}

/** After erasing: what stays. */
export function erasedView(balances: readonly LedgerBalance[]): TemplateResult {
  return html`
    <div class="notice good" role="status">
      <h2 id="erased-title" tabindex="-1">Your answers are erased from this browser</h2>
      <p>The report that was sent stays counted, and the ledger stays as it was.</p>
    </div>
    ${ledgerSection(balances)}
  `;
}

function ledgerSection(balances: readonly LedgerBalance[]): TemplateResult {
  return html`
    <section class="card stack" aria-labelledby="ledger-title">
      <h2 id="ledger-title">Your ledger</h2>
      ${ledgerMeters(balances.filter(({ privacyUnit, spent }) => privacyUnit === 'employee' || spent > 0))}
    </section>
  `;
}

/** Enough of a hash to compare by eye; the whole of it is in the tooltip. */
function short(hash: string): string {
  return hash.length > 22 ? `${hash.slice(0, 19)}…` : hash;
}
