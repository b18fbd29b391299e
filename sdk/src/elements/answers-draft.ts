import type { Answer, Answers, Question } from '@chorale/protocol';
import { parseAmount } from './number-answer.ts';

/** What somebody has answered so far, before any of it is sent. */
export class AnswersDraft {
  answers: Readonly<Record<string, Answer>> = {};
  /** What was typed into number questions, which may not be a number yet. */
  texts: Readonly<Record<string, string>> = {};
  /** Whether this device has kept the last change. */
  isSaved = false;

  /** Goes on from what an earlier visit kept; from nothing where it is `null`. */
  restore(saved: Answers | null): void {
    this.answers = { ...saved };
    const amounts = Object.entries(this.answers).filter(([, answer]) => typeof answer === 'number');
    this.texts = Object.fromEntries(amounts.map(([id, answer]) => [id, String(answer)]));
  }

  replace(answers: Answers): void {
    this.answers = { ...answers };
    this.isSaved = false;
  }

  answer({ id }: Question, answer: Answer): void {
    this.replace({ ...this.answers, [id]: answer });
  }

  type(question: Question, text: string): void {
    this.texts = { ...this.texts, [question.id]: text };
    this.answer(question, amountOf(text) ?? null);
  }

  /** Questions that must be put right before anything is sent: only typed numbers can be wrong. */
  wrongOf(questions: readonly Question[]): Question[] {
    return questions.filter(({ id, type }) => type === 'number' && amountOf(this.texts[id] ?? '') === undefined);
  }
}

/** `undefined` for what is not a number yet: submitting says so. */
function amountOf(text: string): number | null | undefined {
  try {
    return parseAmount(text);
  } catch {
    return undefined;
  }
}
