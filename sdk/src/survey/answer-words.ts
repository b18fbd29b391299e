import {
  type Answer,
  type Answers,
  type Letter,
  namedLetters,
  type Question,
  type QuestionChannel,
  type SurveyChannels,
} from '@chorale/protocol';
import type { SentAnswer } from '../storage/device-store.ts';

/** What answers are called in a language; the study's own texts stay as its manifest has them. */
export type AnswerWords = {
  yes: string;
  no: string;
  noAnswer: string;
  /** Of the two halves of a favourable share. */
  below: (point: number) => string;
  atLeast: (point: number) => string;
  detractor: string;
  passive: string;
  promoter: string;
  /** What noise puts far outside a scale. */
  countsAs: (value: string) => string;
  anyOf: (names: readonly string[]) => string;
  number: (value: number) => string;
};

const englishWords: AnswerWords = {
  yes: 'Yes',
  no: 'No',
  noAnswer: 'No answer',
  below: (point) => `Below ${point}`,
  atLeast: (point) => `${point} or more`,
  detractor: 'Detractors (0-6)',
  passive: 'Passives (7-8)',
  promoter: 'Promoters (9-10)',
  countsAs: (value) => `Counts as ${value}`,
  anyOf: (names) => names.join(' or '),
  number: String,
};

/** What became of one answer, in other words than those it was stored with. */
export function sentInWords(
  row: SentAnswer,
  { answers, channels, words }: { answers: Answers; channels: SurveyChannels; words: AnswerWords },
): SentAnswer {
  const spec = channels.byQuestion.get(row.question);
  if (spec === undefined) return row;
  const raw = rawInWords(spec.question, answers[row.question], words);
  if (row.state === 'not-drawn' || row.channelInput === undefined || row.letter === undefined) return { ...row, raw };
  return {
    ...row,
    raw,
    input: inputInWords(spec, row.channelInput, words),
    sent: letterInWords(spec, row.letter, words),
  };
}

/** A raw answer as its employee would read it. */
export function rawInWords(question: Question, answer: Answer | undefined, words = englishWords): string {
  if (answer === null || answer === undefined) return words.noAnswer;
  switch (question.type) {
    case 'yesno':
      return answer === true ? words.yes : words.no;
    case 'choice':
      return question.options.find((option) => option.id === answer)?.label ?? String(answer);
    case 'number':
      return withUnit(question, Number(answer), words);
    case 'scale': {
      const point = words.number(Number(answer));
      const label =
        answer === question.minimum
          ? question.minimumLabel
          : answer === question.maximum
            ? question.maximumLabel
            : undefined;
      return label === undefined ? point : `${label} (${point})`;
    }
  }
}

/** What an answer counts as before noise: the letter, or the grid point, that a channel's input stands for. */
export function inputInWords(spec: QuestionChannel, input: number, words = englishWords): string {
  if (spec.kind === 'shares') {
    const letter = spec.letters[input];
    return letter === undefined ? `letter ${input}` : letterName(spec, letter, words);
  }
  if (input === 0) return words.noAnswer;
  // Inputs 1 .. inputs - 1 are the grid's points, evenly over [-1, 1].
  return onScale(spec, (2 * (input - 1)) / (spec.channel.inputs - 2) - 1, words);
}

/** What a letter that was sent says. A mean's letter counts as a value that noise puts far outside the scale. */
export function letterInWords(spec: QuestionChannel, letter: number, words = englishWords): string {
  if (spec.kind === 'shares') {
    return words.anyOf(namedLetters(spec, letter).map((named) => letterName(spec, named, words)));
  }
  if (letter === 0) return words.noAnswer;
  return words.countsAs(onScale(spec, spec.channel.decode[letter] ?? Number.NaN, words));
}

function letterName(
  { question, letters, noAnswer }: QuestionChannel & { kind: 'shares' },
  letter: Letter,
  words: AnswerWords,
): string {
  if (letter === letters[noAnswer]) return words.noAnswer;
  if (question.type === 'choice') return letter.label;
  const point = question.type === 'scale' ? (question.favourableFrom ?? 0) : 0;
  switch (letter.id) {
    case 'yes':
      return words.yes;
    case 'no':
      return words.no;
    case 'other':
      return words.below(point);
    case 'favourable':
      return words.atLeast(point);
    case 'detractor':
    case 'passive':
    case 'promoter':
      return words[letter.id];
    default:
      return words.number(Number(letter.id));
  }
}

function onScale({ question }: QuestionChannel & { kind: 'mean' }, t: number, words: AnswerWords): string {
  const { minimum, maximum } = question;
  return withUnit(question, Number((minimum + ((t + 1) / 2) * (maximum - minimum)).toPrecision(4)), words);
}

function withUnit(question: Question, value: number, words: AnswerWords): string {
  const unit = question.type === 'number' ? question.unit : undefined;
  return unit === undefined ? words.number(value) : `${words.number(value)} ${unit}`;
}
