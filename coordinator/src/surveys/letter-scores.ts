import type { QuestionChannel } from '@chorale/protocol';

/** A question whose letters have an order. */
export type ScoredChannel = QuestionChannel & { kind: 'shares' };

/**
 * What one report says of somebody's true answer, on average over the noise: whether there is one, its value, and the
 * square of that; nothing of all three where there is none.
 */
export type Scores = readonly [answered: number, value: number, square: number];

/** Whether answers to a question can be high or low: those to a choice cannot, and of a mean the spread is not reported. */
export function isScored(spec: QuestionChannel): spec is ScoredChannel {
  return spec.kind === 'shares' && spec.question.type !== 'choice';
}

/**
 * The values of a question's answers, without "no answer": 0 and 1 where a share is reported, -1, 0 and 1 for an eNPS, the
 * points of a scale. A correlation is the same on any scale.
 */
export function letterValues({ question, letters, noAnswer }: ScoredChannel): number[] {
  const answers = letters.slice(0, noAnswer);
  switch (question.report) {
    case 'enps':
      return answers.map(({ id }) => (id === 'promoter' ? 1 : id === 'detractor' ? -1 : 0));
    case 'favourable':
      return [0, 1];
    case 'distribution':
    case 'mean':
      return answers.map(({ id }) => Number(id));
  }
}

/**
 * Unbiased scores of a report: a letter is supported with probability p where it is true and q where it is not, so that
 * (supported - q) / (p - q) is on average 1 or 0, whatever else the report supports.
 */
export function outputScores(spec: ScoredChannel, output: number): Scores {
  const { channel, letters, noAnswer } = spec;
  const { p, q } = channel;
  const supported = new Float64Array(letters.length);
  channel.addSupport(output, supported);
  const isTrue = Array.from(supported, (one) => (one - q) / (p - q));
  const sum = (weigh: (value: number) => number): number =>
    letterValues(spec).reduce((total, value, letter) => total + weigh(value) * isTrue[letter]!, 0);
  return [1 - isTrue[noAnswer]!, sum((value) => value), sum((value) => value * value)];
}
