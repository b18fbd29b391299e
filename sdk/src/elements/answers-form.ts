import type { Answer, Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { errorSummary, type FieldError } from './error-summary.ts';
import { questionField } from './question-field.ts';
import type { Words } from './words.ts';

export type AnswersFormOptions = {
  questions: readonly Question[];
  answers: Readonly<Record<string, Answer>>;
  /** What was typed into number questions, which may not be a number yet. */
  texts: Readonly<Record<string, string>>;
  errors: readonly FieldError[];
  saved: boolean;
  words: Words;
  fieldId: (question: Question) => string;
  onAnswer: (question: Question, answer: Answer) => void;
  onText: (question: Question, text: string) => void;
  onSubmit: () => void;
};

/**
 * All questions, each of which may stay empty, and the button that sends. No form: a sandboxed frame may forbid those, and
 * nothing is submitted anywhere.
 */
export function answersForm(options: AnswersFormOptions): TemplateResult {
  const { questions, answers, texts, errors, saved, words, fieldId, onAnswer, onText, onSubmit } = options;
  const count = questions.filter(({ id }) => (answers[id] ?? null) !== null).length;
  const submitOnEnter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    onSubmit();
  };
  return html`
    <div class="stack" part="form" role="form" @keydown=${submitOnEnter} aria-labelledby="questions">
      ${errors.length === 0 ? nothing : errorSummary(errors, words)}
      <h2 id="questions" class="visually-hidden" tabindex="-1">${words.text('form.title')}</h2>
      ${questions.map((question, i) =>
        questionField({
          question,
          id: fieldId(question),
          position: i + 1,
          total: questions.length,
          value: answers[question.id] ?? null,
          text: texts[question.id] ?? '',
          error: errors.find(({ field }) => field === fieldId(question))?.message,
          words,
          onAnswer: (answer) => onAnswer(question, answer),
          onText: (text) => onText(question, text),
        }),
      )}
      <div class="card save-bar" part="card">
        <button type="button" class="primary" part="button primary" @click=${onSubmit}>
          ${words.text(count === 0 ? 'form.sendEmpty' : 'form.send')}
        </button>
        <span class="soft small">${words.text('form.answered', { count, total: questions.length })}</span>
        <span class="soft small" role="status">${saved ? words.text('form.saved') : ''}</span>
      </div>
    </div>
  `;
}
