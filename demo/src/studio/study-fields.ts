import { html, type TemplateResult } from 'lit';
import { type Issues, numberField, textField } from './fields.ts';
import type { StudyForm } from './study-form.ts';
import './waves-select.ts';

export type StudyFieldsOptions = {
  form: StudyForm;
  issues: Issues;
  onChange: (form: StudyForm) => void;
  /** A manifest file to start from. */
  onFile: (file: File) => void;
  /** A published study to start from. */
  onWave: (study: string) => void;
};

/** What a study is called, where it starts from, and what it may cost. */
export function studyFields({ form, issues, onChange, onFile, onWave }: StudyFieldsOptions): TemplateResult {
  const common = { issues };
  const pick = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file !== undefined) onFile(file);
    input.value = '';
  };
  return html`
    <section class="card stack" aria-labelledby="study-title">
      <h2 id="study-title">Study</h2>
      <div class="columns">
        <div class="field">
          <label for="import"
            >Start from a manifest file<span class="hint">JSON, such as of the wave before.</span></label
          >
          <input type="file" id="import" accept="application/json,.json" @change=${pick} />
        </div>
        <studio-waves .onPick=${onWave}></studio-waves>
      </div>
      <div class="wide">
        ${textField({
          ...common,
          path: 'title',
          label: 'Title',
          value: form.title,
          onText: (title) => onChange({ ...form, title }),
        })}
        ${textField({
          ...common,
          path: 'description',
          label: 'Description',
          hint: 'What it is for, and who reads the results. May stay empty.',
          value: form.description,
          onText: (description) => onChange({ ...form, description }),
        })}
      </div>
      <div class="columns">
        ${textField({
          ...common,
          path: 'id',
          label: 'Identifier',
          hint: 'In addresses; made of the title where it is empty. Never used twice.',
          value: form.id,
          onText: (id) => onChange({ ...form, id }),
        })}
        ${numberField({
          ...common,
          path: 'survey.epsilon',
          label: 'Privacy loss ε of a whole report',
          hint: 'Shared by all questions.',
          step: '0.1',
          value: form.epsilon,
          onNumber: (epsilon) => onChange({ ...form, epsilon }),
        })}
        ${numberField({
          ...common,
          path: 'publishing.minimumGroupSize',
          label: 'Fewest people behind a number',
          step: '1',
          value: form.minimumGroupSize,
          onNumber: (minimumGroupSize) => onChange({ ...form, minimumGroupSize }),
        })}
        ${numberField({
          ...common,
          path: 'publishing.maximumMargin',
          label: 'Widest margin shown',
          hint: 'As a share of the scale, at most 0.5.',
          step: '0.05',
          value: form.maximumMargin,
          onNumber: (maximumMargin) => onChange({ ...form, maximumMargin }),
        })}
        ${numberField({
          ...common,
          path: 'retention.reportDays',
          label: 'Days that reports are kept',
          hint: 'After the study is closed; results stay. Empty: until somebody deletes them.',
          step: '1',
          value: form.reportDays,
          onNumber: (reportDays) => onChange({ ...form, reportDays }),
        })}
      </div>
      <label class="check">
        <input
          type="checkbox"
          .checked=${form.simulated}
          @change=${(event: Event) => onChange({ ...form, simulated: (event.target as HTMLInputElement).checked })}
        />
        <span>Its answers are made up</span>
      </label>
    </section>
  `;
}
