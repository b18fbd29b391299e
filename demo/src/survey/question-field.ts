import type { Answer, Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';

export type FieldOptions = {
  question: Question;
  /** Place among the questions, from 1. */
  position: number;
  total: number;
  /** What is chosen or typed so far; a number may be text that is not one yet. */
  value: Answer;
  text: string;
  error: string | undefined;
  onAnswer: (answer: Answer) => void;
  onText: (text: string) => void;
};

/** Id of the control that an error summary links to. */
export function fieldId(question: Question): string {
  return `answer-${question.id}`;
}

/** One question as a card: a group of radios or a number input, each of which may stay empty. */
export function questionField(options: FieldOptions): TemplateResult {
  const { question, position, total, value } = options;
  const count = html`<span class="hint">Question ${position} of ${total}</span>`;
  if (question.type === 'number') return html`<div class="card">${numberField(options, count)}</div>`;
  return html`
    <div class="card">
      <fieldset>
        <legend class="question-legend">${count}${question.text}</legend>
        <div class="stack tight">
          ${radios(options)}
          <button type="button" class="quiet clear" ?hidden=${value === null} @click=${() => options.onAnswer(null)}>
            Clear<span class="visually-hidden"> the answer to: ${question.text}</span>
          </button>
        </div>
      </fieldset>
    </div>
  `;
}

function radios({ question, value, onAnswer }: FieldOptions): TemplateResult {
  const radio = (answer: Exclude<Answer, null>, label: unknown, first: boolean, extra: unknown = nothing) => html`
    <label class="option">
      <input
        type="radio"
        name=${question.id}
        id=${first ? fieldId(question) : nothing}
        .checked=${value === answer}
        @change=${() => onAnswer(answer)}
      />
      <span>${label}${extra}</span>
    </label>
  `;
  switch (question.type) {
    case 'scale': {
      const points = Array.from({ length: question.maximum - question.minimum + 1 }, (_, i) => question.minimum + i);
      return html`
        <div class="scale ${points.length > 7 ? 'long' : ''}">
          ${points.map((point, i) =>
            radio(
              point,
              point,
              i === 0,
              i === 0
                ? endLabel(question.minimumLabel)
                : i === points.length - 1
                  ? endLabel(question.maximumLabel)
                  : nothing,
            ),
          )}
        </div>
        <div class="ends" aria-hidden="true">
          <span>${question.minimumLabel}</span><span>${question.maximumLabel}</span>
        </div>
      `;
    }
    case 'yesno':
      return html`<div class="scale two">${radio(true, 'Yes', true)}${radio(false, 'No', false)}</div>`;
    case 'choice':
      return html`<div class="list">${question.options.map(({ id, label }, i) => radio(id, label, i === 0))}</div>`;
    case 'number':
      throw new TypeError('a number has no radios');
  }
}

/** What an end of the scale means, said with its radio. */
function endLabel(label: string | undefined): TemplateResult | typeof nothing {
  return label === undefined ? nothing : html`<span class="visually-hidden">, ${label}</span>`;
}

function numberField({ question, text, error, onText }: FieldOptions, count: TemplateResult): TemplateResult {
  if (question.type !== 'number') throw new TypeError('only a number has an input');
  const id = fieldId(question);
  const bounds = `${question.minimum.toLocaleString('en')} to ${question.maximum.toLocaleString('en')}`;
  return html`
    <div class="field">
      <label for=${id} class="question-legend">${count}${question.text}</label>
      <span class="hint" id="${id}-hint"
        >${question.unit === undefined ? '' : `In ${question.unit}. `}An amount beyond ${bounds} counts as the nearer
        end.</span
      >
      ${error === undefined ? nothing : html`<span class="field-error" id="${id}-error"><span class="visually-hidden">Error: </span>${error}</span>`}
      <input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        id=${id}
        .value=${text}
        aria-invalid=${error === undefined ? 'false' : 'true'}
        aria-describedby="${id}-hint${error === undefined ? '' : ` ${id}-error`}"
        @input=${(event: InputEvent) => onText((event.target as HTMLInputElement).value)}
      />
    </div>
  `;
}
