import { html, type TemplateResult } from 'lit';
import type { Words } from './words.ts';

/** What cannot be undone, by the start of its texts' keys. */
export type Action = 'withdraw' | 'erase';
export type ActionStep = 'ask' | 'confirm' | 'keep';

/** A card that says what an action does and what it cannot do, and asks once more before it is done. */
export function confirmedAction(
  action: Action,
  { confirming, words, onStep }: { confirming: boolean; words: Words; onStep: (step: ActionStep) => void },
): TemplateResult {
  return html`
    <section class="card stack" part="card" aria-labelledby="${action}-title">
      <h2 id="${action}-title">${words.text(`${action}.title`)}</h2>
      <p>${words.text(`${action}.text`)}</p>
      ${
        confirming
          ? html`<div class="row actions">
              <button
                type="button"
                class="danger"
                part="button"
                id="${action}-confirm"
                @click=${() => onStep('confirm')}
              >
                ${words.text(`${action}.confirm`)}
              </button>
              <button type="button" part="button" @click=${() => onStep('keep')}>
                ${words.text(`${action}.keep`)}
              </button>
            </div>`
          : html`<div class="actions">
              <button type="button" class="danger" part="button" id="${action}" @click=${() => onStep('ask')}>
                ${words.text(`${action}.ask`)}
              </button>
            </div>`
      }
    </section>
  `;
}
