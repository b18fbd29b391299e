import type { Answer, Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import type { Words } from './words.ts';

export type FieldOptions = {
  question: Question;
  /** Of the control that an error summary links to, and that takes focus. */
  id: string;
  /** Place among the questions, from 1. */
  position: number;
  total: number;
  /** What is chosen or typed so far; a number may be text that is not one yet. */
  value: Answer;
  text: string;
  error: string | undefined;
  words: Words;
  onAnswer: (answer: Answer) => void;
  onText: (text: string) => void;
};

/** One question as a card: a group of radios or a number input, each of which may stay empty. */
export function questionField(options: FieldOptions): TemplateResult {
  const { question, position, total, value, words } = options;
  const count = html`<span class="hint">${words.text('question.position', { position, total })}</span>`;
  if (question.type === 'number') {
    return html`<div class="card" part="card question">${numberField(options, count)}</div>`;
  }
  return html`
    <div class="card" part="card question">
      <fieldset>
        <legend class="question-legend">${count}<bdi>${question.text}</bdi></legend>
        <div class="stack tight">
          ${radios(options)}
          <button
            type="button"
            class="quiet clear"
            part="button"
            ?hidden=${value === null}
            @click=${() => options.onAnswer(null)}
          >
            ${words.text('question.clear')}<span class="visually-hidden">: ${question.text}</span>
          </button>
        </div>
      </fieldset>
    </div>
  `;
}

function radios({ question, id, value, words, onAnswer }: FieldOptions): TemplateResult {
  const radio = (answer: Exclude<Answer, null>, label: unknown, first: boolean, extra: unknown = nothing) => html`
    <label class="option" part="option">
      <input
        type="radio"
        name=${question.id}
        id=${first ? id : nothing}
        .checked=${value === answer}
        @change=${() => onAnswer(answer)}
      />
      <span><bdi>${label}</bdi>${extra}</span>
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
              words.number(point),
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
      return html`<div class="scale two">
        ${radio(true, words.text('answer.yes'), true)}${radio(false, words.text('answer.no'), false)}
      </div>`;
    case 'choice':
      return html`<div class="list">
        ${question.options.map((option, i) => radio(option.id, option.label, i === 0))}
      </div>`;
    case 'number':
      throw new TypeError('a number has no radios');
  }
}

/** What an end of the scale means, said with its radio. */
function endLabel(label: string | undefined): TemplateResult | typeof nothing {
  return label === undefined ? nothing : html`<span class="visually-hidden">, ${label}</span>`;
}

function numberField(
  { question, id, text, error, words, onText }: FieldOptions,
  count: TemplateResult,
): TemplateResult {
  if (question.type !== 'number') throw new TypeError('only a number has an input');
  const { minimum, maximum, unit } = question;
  return html`
    <div class="field">
      <label for=${id} class="question-legend">${count}<bdi>${question.text}</bdi></label>
      <span class="hint" id="${id}-hint"
        >${unit === undefined ? '' : `${words.text('question.unit', { unit })} `}${words.text('question.bounds', { minimum, maximum })}</span
      >
      ${
        error === undefined
          ? nothing
          : html`<span class="field-error" id="${id}-error"
              ><span class="visually-hidden">${words.text('form.error')} </span>${error}</span
            >`
      }
      <input
        type="text"
        inputmode="decimal"
        autocomplete="off"
        id=${id}
        name=${question.id}
        .value=${text}
        aria-invalid=${error === undefined ? 'false' : 'true'}
        aria-describedby="${id}-hint${error === undefined ? '' : ` ${id}-error`}"
        @input=${(event: InputEvent) => onText((event.target as HTMLInputElement).value)}
      />
    </div>
  `;
}
