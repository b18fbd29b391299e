import type { ManifestIssue } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';

/** What is wrong, by the path in the manifest. */
export type Issues = readonly ManifestIssue[];

type Field = {
  /** Path of the value in the manifest: what is wrong with it is said here. */
  path: string;
  label: string;
  hint?: string;
  issues: Issues;
};

/** Id of the control that edits the value at a path. */
export function fieldId(path: string): string {
  return `at-${path.replaceAll('.', '-')}`;
}

export function textField(field: Field & { value: string; onText: (text: string) => void }): TemplateResult {
  return framed(
    field,
    ({ id, described, invalid }) => html`
      <input
        type="text"
        id=${id}
        autocomplete="off"
        .value=${field.value}
        aria-invalid=${invalid}
        aria-describedby=${described ?? nothing}
        @input=${(event: InputEvent) => {
          field.onText((event.target as HTMLInputElement).value);
        }}
      />
    `,
  );
}

/** A number; what is typed and is none is `NaN`, which no manifest may hold. */
export function numberField(
  field: Field & { value: number; step?: string; onNumber: (value: number) => void },
): TemplateResult {
  return framed(
    field,
    ({ id, described, invalid }) => html`
      <input
        type="number"
        id=${id}
        step=${field.step ?? 'any'}
        .value=${Number.isNaN(field.value) ? '' : String(field.value)}
        aria-invalid=${invalid}
        aria-describedby=${described ?? nothing}
        @input=${(event: InputEvent) => {
          const { valueAsNumber } = event.target as HTMLInputElement;
          field.onNumber(valueAsNumber);
        }}
      />
    `,
  );
}

export function selectField(
  field: Field & {
    value: string;
    options: readonly (readonly [value: string, label: string])[];
    onPick: (value: string) => void;
  },
): TemplateResult {
  return framed(
    field,
    ({ id, described }) => html`
      <select
        id=${id}
        aria-describedby=${described ?? nothing}
        .value=${field.value}
        @change=${(event: Event) => {
          field.onPick((event.target as HTMLSelectElement).value);
        }}
      >
        ${field.options.map(([value, label]) => html`<option value=${value} ?selected=${value === field.value}>${label}</option>`)}
      </select>
    `,
  );
}

function framed(
  { path, label, hint, issues }: Field,
  control: (ids: { id: string; described: string | undefined; invalid: 'true' | 'false' }) => TemplateResult,
): TemplateResult {
  const id = fieldId(path);
  const issue = issues.find((one) => one.path === path);
  const described = [...(hint === undefined ? [] : [`${id}-hint`]), ...(issue === undefined ? [] : [`${id}-error`])];
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${hint === undefined ? nothing : html`<span class="hint" id="${id}-hint">${hint}</span>`}
      ${issue === undefined ? nothing : html`<span class="field-error" id="${id}-error">${issue.message}</span>`}
      ${control({
        id,
        described: described.length === 0 ? undefined : described.join(' '),
        invalid: issue === undefined ? 'false' : 'true',
      })}
    </div>
  `;
}
