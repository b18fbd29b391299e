import type { Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { type Issues, numberField, selectField, textField } from './fields.ts';
import { kinds, purposesOf, withPurpose, withType } from './question-kind.ts';
import { identifierOf } from './study-form.ts';

export type QuestionCardOptions = {
  question: Question;
  /** From 0. */
  position: number;
  total: number;
  issues: Issues;
  /** Takes the place of the question. */
  onChange: (question: Question) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
};

/** One question as it is designed. */
export function questionCard(options: QuestionCardOptions): TemplateResult {
  const { question, position, total, issues, onChange, onMove, onRemove } = options;
  const path = `survey.questions.${position}`;
  const own = issues.filter((issue) => issue.path === path);
  const common = { issues };
  const spoken = `question ${position + 1}`;
  return html`
    <fieldset class="card stack question-card">
      <legend class="visually-hidden">Question ${position + 1}</legend>
      <div class="row spread">
        <h3 aria-hidden="true">Question ${position + 1}</h3>
        <div class="row">
          <button type="button" ?disabled=${position === 0} @click=${() => onMove(-1)} aria-label="Move ${spoken} up">
            ↑
          </button>
          <button
            type="button"
            ?disabled=${position === total - 1}
            @click=${() => onMove(1)}
            aria-label="Move ${spoken} down"
          >
            ↓
          </button>
          <button
            type="button"
            class="danger"
            ?disabled=${total === 1}
            @click=${onRemove}
            aria-label="Remove ${spoken}"
          >
            Remove
          </button>
        </div>
      </div>
      ${own.map(({ message }) => html`<p class="field-error">${message}</p>`)}
      <div class="wide">
        ${textField({
          ...common,
          path: `${path}.text`,
          label: 'What is asked',
          value: question.text,
          onText: (text) => onChange({ ...question, text }),
        })}
      </div>
      <div class="columns">
        ${selectField({
          ...common,
          path: `${path}.type`,
          label: 'Kind',
          value: question.type,
          options: kinds,
          onPick: (type) => onChange(withType(question, type)),
        })}
        ${selectField({
          ...common,
          path: `${path}.report`,
          label: 'What it is for',
          hint: 'The mechanism follows from this.',
          value: question.report,
          options: purposesOf(question.type),
          onPick: (report) => onChange(withPurpose(question, report)),
        })}
      </div>
      ${details(options, path)}
    </fieldset>
  `;
}

function details({ question, issues, onChange }: QuestionCardOptions, path: string): TemplateResult | typeof nothing {
  const common = { issues };
  switch (question.type) {
    case 'yesno':
      return nothing;
    case 'scale':
      return html`<div class="columns">
        ${numberField({
          ...common,
          path: `${path}.minimum`,
          label: 'Lowest point',
          step: '1',
          value: question.minimum,
          onNumber: (minimum) => onChange({ ...question, minimum }),
        })}
        ${numberField({
          ...common,
          path: `${path}.maximum`,
          label: 'Highest point',
          step: '1',
          value: question.maximum,
          onNumber: (maximum) => onChange({ ...question, maximum }),
        })}
        ${
          question.report === 'favourable'
            ? numberField({
                ...common,
                path: `${path}.favourableFrom`,
                label: 'Favourable from',
                step: '1',
                value: question.favourableFrom ?? Number.NaN,
                onNumber: (favourableFrom) => onChange({ ...question, favourableFrom }),
              })
            : nothing
        }
        ${textField({
          ...common,
          path: `${path}.minimumLabel`,
          label: 'What the lowest means',
          value: question.minimumLabel ?? '',
          onText: (label) => onChange(withLabel(question, 'minimumLabel', label)),
        })}
        ${textField({
          ...common,
          path: `${path}.maximumLabel`,
          label: 'What the highest means',
          value: question.maximumLabel ?? '',
          onText: (label) => onChange(withLabel(question, 'maximumLabel', label)),
        })}
      </div>`;
    case 'number':
      return html`<div class="columns">
        ${numberField({
          ...common,
          path: `${path}.minimum`,
          label: 'Least',
          hint: 'Answers beyond count as this.',
          value: question.minimum,
          onNumber: (minimum) => onChange({ ...question, minimum }),
        })}
        ${numberField({
          ...common,
          path: `${path}.maximum`,
          label: 'Most',
          hint: 'A narrower range has less noise.',
          value: question.maximum,
          onNumber: (maximum) => onChange({ ...question, maximum }),
        })}
        ${textField({
          ...common,
          path: `${path}.unit`,
          label: 'Unit',
          value: question.unit ?? '',
          onText: (unit) => onChange(withLabel(question, 'unit', unit)),
        })}
      </div>`;
    case 'choice':
      return html`
        <div class="field">
          <label for="${path}.options">Options<span class="hint">One a line.</span></label>
          <textarea
            id="${path}.options"
            rows=${Math.max(3, question.options.length + 1)}
            .value=${question.options.map(({ label }) => label).join('\n')}
            @change=${(event: Event) => {
              const { value } = event.target as HTMLTextAreaElement;
              onChange({ ...question, options: optionsOf(value, question.options) });
            }}
          ></textarea>
        </div>
      `;
  }
}

/** Without the key where there is nothing to say. */
function withLabel<Q extends Question>(question: Q, key: 'minimumLabel' | 'maximumLabel' | 'unit', text: string): Q {
  const changed = { ...question, [key]: text };
  if (text === '') Reflect.deleteProperty(changed, key);
  return changed;
}

/** An option that is there already keeps its id: answers are counted by it. */
function optionsOf(text: string, known: readonly { id: string; label: string }[]): { id: string; label: string }[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.map((label, i) => {
    return known.find((option) => option.label === label) ?? { id: identifierOf(label) || `option-${i + 1}`, label };
  });
}
