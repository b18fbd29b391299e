import type { Question } from '@chorale/protocol';

/** What can be asked, and what each kind can be for. */
export const kinds = [
  ['scale', 'A scale'],
  ['yesno', 'Yes or no'],
  ['choice', 'One of several'],
  ['number', 'A number'],
] as const;

const purposes = {
  favourable: ['favourable', 'The share of favourable answers'],
  distribution: ['distribution', 'The share of every answer'],
  mean: ['mean', 'The mean'],
  enps: ['enps', 'The eNPS, on a scale from 0 to 10'],
} as const;

export function purposesOf(type: Question['type']): readonly (readonly [string, string])[] {
  switch (type) {
    case 'scale':
      return [purposes.favourable, purposes.mean, purposes.distribution, purposes.enps];
    case 'yesno':
      return [purposes.favourable];
    case 'choice':
      return [purposes.distribution];
    case 'number':
      return [purposes.mean];
  }
}

/** The same question as another kind, with what such a one needs. */
export function withType({ id, text }: Question, type: string): Question {
  switch (type) {
    case 'yesno':
      return { type, id, text, report: 'favourable' };
    case 'choice': {
      const options = [
        { id: 'first', label: 'First' },
        { id: 'second', label: 'Second' },
      ];
      return { type, id, text, options, report: 'distribution' };
    }
    case 'number':
      return { type, id, text, minimum: 0, maximum: 100, report: 'mean' };
    default:
      return { type: 'scale', id, text, minimum: 1, maximum: 5, report: 'favourable', favourableFrom: 4 };
  }
}

/** The same question for another purpose. */
export function withPurpose(question: Question, report: string): Question {
  if (question.type !== 'scale') return question;
  const { favourableFrom, ...scale } = question;
  switch (report) {
    case 'favourable':
      return { ...scale, report, favourableFrom: favourableFrom ?? Math.max(scale.minimum + 1, scale.maximum - 1) };
    case 'enps':
      return { ...scale, report, minimum: 0, maximum: 10 };
    case 'mean':
    case 'distribution':
      return { ...scale, report };
    default:
      return question;
  }
}
