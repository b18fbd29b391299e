import { html, type TemplateResult } from 'lit';

/** Files of what the page shows, each stamped with what its numbers are of, and the page on paper. */
export function exportButtons(kind: 'studies' | 'series', id: string): TemplateResult {
  const address = `/api/v1/${kind}/${encodeURIComponent(id)}/export`;
  return html`
    <div class="exports" role="group" aria-label="Take away">
      <a class="button" href="${address}.csv" download>Numbers as CSV</a>
      <a class="button" href="${address}.json" download>Numbers as JSON</a>
      <button type="button" @click=${() => print()}>Print</button>
    </div>
  `;
}
