import type { Draft } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';

type Options = {
  drafts: readonly Draft[];
  /** Name of whoever is signed in. */
  name: string;
  onOpen: (draft: Draft) => void;
  onPublish: (draft: Draft) => void;
  onDiscard: (draft: Draft) => void;
};

/** Studies that are proposed and not published yet, and what each waits for. */
export function draftList({ drafts, name, onOpen, onPublish, onDiscard }: Options): TemplateResult | typeof nothing {
  if (drafts.length === 0) return nothing;
  return html`
    <section class="stack" aria-labelledby="drafts-title">
      <h2 id="drafts-title">Drafts</h2>
      ${drafts.map((draft) => {
        const { manifest, proposer, approval } = draft;
        const mayPublish = approval !== null && (name === proposer || name === approval.approver);
        return html`
          <article class="card stack tight" aria-labelledby="draft-${manifest.id}">
            <h3 id="draft-${manifest.id}">${manifest.title}</h3>
            <p>
              ${
                approval === null
                  ? html`<span class="badge">Waiting for approval</span> Proposed by ${proposer}: a privacy officer has
                      to approve it.`
                  : html`<span class="badge stays">Approved</span> by ${approval.approver}.`
              }
            </p>
            <div class="row actions">
              ${
                mayPublish
                  ? html`<button type="button" class="primary" @click=${() => onPublish(draft)}>
                      Publish<span class="visually-hidden"> ${manifest.title}</span>
                    </button>`
                  : nothing
              }
              <button type="button" @click=${() => onOpen(draft)}>
                Edit<span class="visually-hidden"> ${manifest.title}</span>
              </button>
              <button type="button" class="danger" @click=${() => onDiscard(draft)}>
                Discard<span class="visually-hidden"> ${manifest.title}</span>
              </button>
            </div>
          </article>
        `;
      })}
    </section>
  `;
}
