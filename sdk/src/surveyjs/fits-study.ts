import { checkAnswer, type Manifest, ManifestMismatchError, type Question } from '@chorale/protocol';
import type { AnswerSource, SurveyJsMapping } from './mapping.ts';

/**
 * Checks that a mapping was made for a study: the same id, the same questions, and answers that they take.
 * @throws ManifestMismatchError naming what differs.
 */
export function checkMapping(mapping: SurveyJsMapping, { id, survey }: Pick<Manifest, 'id' | 'survey'>): void {
  if (mapping.study !== id) throw new ManifestMismatchError(`the mapping is for the study ${mapping.study}, not ${id}`);
  const questions = new Map((survey?.questions ?? []).map((question) => [question.id, question]));
  for (const asked of questions.keys())
    if (!Object.hasOwn(mapping.questions, asked))
      throw new ManifestMismatchError(`the mapping lacks question ${asked}`);
  for (const [asked, source] of Object.entries(mapping.questions)) {
    const question = questions.get(asked);
    if (question === undefined) throw new ManifestMismatchError(`the study has no question ${asked}`);
    if (!gives(source, question))
      throw new ManifestMismatchError(
        `${asked}: its mapping does not give what a question of type ${question.type} takes`,
      );
  }
}

/** Whether what is read from the source can answer the question. */
function gives(source: AnswerSource, question: Question): boolean {
  switch (source.kind) {
    case 'number':
      return question.type === 'scale' || question.type === 'number';
    case 'item':
      return question.type === 'yesno';
    case 'listed':
      return source.answers.every(([, answer]) => takes(question, answer)) && takes(question, source.other ?? null);
  }
}

function takes(question: Question, answer: string | boolean | null): boolean {
  try {
    checkAnswer(question, answer);
    return true;
  } catch {
    return false;
  }
}
