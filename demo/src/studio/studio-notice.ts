import { html, nothing, type TemplateResult } from 'lit';
import { oversightError } from '../oversight/oversight-error.ts';
import { publishNotice } from '../oversight/publish-notice.ts';

/** What became of the last thing that was asked for. */
export type Notice =
  | { type: 'none' }
  | { type: 'failed'; error: unknown }
  | { type: 'doubt' }
  | { type: 'submitted'; title: string }
  | { type: 'imported'; name: string }
  | { type: 'unread'; name: string; message: string }
  | { type: 'published'; id: string; hash: string; attribute: string };

/** @param answers to a doubt whether a study is worth submitting */
export function studioNotice(
  notice: Notice,
  { onSure, onBack }: { onSure: () => void; onBack: () => void },
): TemplateResult | typeof nothing {
  switch (notice.type) {
    case 'none':
      return nothing;
    case 'failed':
      return html`<div id="failed" tabindex="-1">${oversightError(notice.error)}</div>`;
    case 'doubt':
      return html`<div class="notice warn" id="doubt" tabindex="-1" role="alert">
        <p><strong>Some of these questions would tell nothing useful.</strong></p>
        <p>People would give up some of their privacy for it. The forecast below says what would help.</p>
        <div class="row actions">
          <button type="button" class="danger" @click=${onSure}>Submit all the same</button>
          <button type="button" @click=${onBack}>Go back to the study</button>
        </div>
      </div>`;
    case 'submitted':
      return html`<div class="notice good" id="submitted" tabindex="-1" role="status">
        <p><strong>${notice.title} waits for approval.</strong></p>
        <p>
          Another person, a privacy officer, sees exactly this manifest on <a href="/officer">the officer’s page</a>.
        </p>
      </div>`;
    case 'imported':
      return html`<div class="notice good" id="read" tabindex="-1" role="status">
        <p>${notice.name} is read into the form below.</p>
      </div>`;
    case 'unread':
      return html`<div class="notice fail" id="read" tabindex="-1" role="alert">
        <p><strong>${notice.name} is no manifest of a study.</strong> The form stays as it was.</p>
        <p>${notice.message}</p>
      </div>`;
    case 'published':
      return publishNotice(notice);
  }
}
