import { html, type TemplateResult } from 'lit';
import type { Words } from './words.ts';

/** Something wrong with a field, by the id of its control. */
export type FieldError = { field: string; message: string };

/** Everything that is wrong with a form, linked to its fields; it takes focus when it appears. */
export function errorSummary(errors: readonly FieldError[], words: Words): TemplateResult {
  return html`
    <div
      class="error-summary stack tight"
      part="error"
      role="alert"
      id="errors"
      tabindex="-1"
      aria-labelledby="errors-title"
    >
      <h2 id="errors-title">${words.text('form.problem')}</h2>
      <ul>
        ${errors.map(({ field, message }) => html`<li><a href="#${field}" @click=${(event: Event) => focusField(event, field)}>${message}</a></li>`)}
      </ul>
    </div>
  `;
}

/** The page's address knows nothing of ids within the element. */
function focusField(event: Event, field: string): void {
  event.preventDefault();
  const root = (event.currentTarget as HTMLElement).getRootNode() as ShadowRoot;
  const control = root.getElementById(field);
  control?.focus();
  control?.scrollIntoView({ block: 'center' });
}
