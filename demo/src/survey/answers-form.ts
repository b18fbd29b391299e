import type { Answer, Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { errorSummary } from './error-summary.ts';
import { parseAmount } from './number-answer.ts';
import { fieldId, questionField } from './question-field.ts';

/** Something wrong with a field, by the id of its control. */
export type FieldError = { field: string; message: string };

export type AnswersFormOptions = {
  questions: readonly Question[];
  answers: Readonly<Record<string, Answer>>;
  /** What was typed into number questions, which may not be a number yet. */
  texts: Readonly<Record<string, string>>;
  errors: readonly FieldError[];
  saved: boolean;
  onAnswer: (id: string, answer: Answer) => void;
  onText: (id: string, text: string) => void;
  onSubmit: () => void;
};

/** All questions, each of which may stay empty, and the button that sends. */
export function answersForm(options: AnswersFormOptions): TemplateResult {
  const { questions, answers, texts, errors, saved, onAnswer, onText, onSubmit } = options;
  const answered = questions.filter(({ id }) => (answers[id] ?? null) !== null).length;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return html`
    <form class="stack" novalidate @submit=${submit} aria-labelledby="questions-title">
      ${errors.length === 0 ? nothing : errorSummary(errors)}
      <h2 id="questions-title" class="visually-hidden" tabindex="-1">Questions</h2>
      ${questions.map((question, i) =>
        questionField({
          question,
          position: i + 1,
          total: questions.length,
          value: answers[question.id] ?? null,
          text: texts[question.id] ?? '',
          error: errors.find(({ field }) => field === fieldId(question))?.message,
          onAnswer: (answer) => onAnswer(question.id, answer),
          onText: (text) => onText(question.id, text),
        }),
      )}
      <div class="card save-bar">
        <button class="primary">Send ${answered === 0 ? 'without answers' : 'my answers'}</button>
        <span class="soft small">${answered} of ${questions.length} answered. Any may stay empty.</span>
        <span class="soft small" role="status">${saved ? 'Saved in this browser.' : ''}</span>
      </div>
    </form>
  `;
}

/** Fields that must be put right before anything is sent: only typed numbers can be wrong. */
export function findErrors(questions: readonly Question[], texts: Readonly<Record<string, string>>): FieldError[] {
  return questions.flatMap((question) => {
    if (question.type !== 'number') return [];
    try {
      parseAmount(texts[question.id] ?? '');
      return [];
    } catch (error) {
      return [{ field: fieldId(question), message: (error as Error).message }];
    }
  });
}
