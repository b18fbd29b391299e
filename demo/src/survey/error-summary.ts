import { html, type TemplateResult } from 'lit';

/** Everything that is wrong with a form, linked to its fields; it takes focus when it appears. */
export function errorSummary(errors: readonly { field: string; message: string }[]): TemplateResult {
  return html`
    <div class="error-summary stack tight" role="alert" tabindex="-1" aria-labelledby="error-summary-title">
      <h2 id="error-summary-title">There is a problem</h2>
      <ul>
        ${errors.map(({ field, message }) => html`<li><a href="#${field}" @click=${(event: Event) => focusField(event, field)}>${message}</a></li>`)}
      </ul>
    </div>
  `;
}

function focusField(event: Event, field: string): void {
  event.preventDefault();
  const control = document.getElementById(field);
  control?.focus();
  control?.scrollIntoView({ block: 'center' });
}
