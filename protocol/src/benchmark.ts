import * as v from 'valibot';
import { Identifier, type Question, Text } from './question.ts';

/** A value of somebody else for one estimate of one question: an industry, another year, another company. */
export const Benchmark = v.strictObject({
  question: Identifier,
  /** Which estimate: an option's or scale point's id; not needed where the question has one. */
  estimate: v.optional(Identifier),
  /** A share in [0, 1], a score in [-100, 100] or a mean on the question's scale. */
  value: v.pipe(v.number(), v.finite()),
  /** Who measured it. */
  source: Text,
  year: v.pipe(v.number(), v.integer(), v.minValue(1900), v.maxValue(2200)),
});
export type Benchmark = v.InferOutput<typeof Benchmark>;

/** Ids of a question's estimates, in the order in which results show them. */
export function estimateIds(question: Question): string[] {
  switch (question.report) {
    case 'favourable':
      return [question.type === 'yesno' ? 'yes' : 'favourable'];
    case 'enps':
      return ['enps'];
    case 'mean':
      return ['mean'];
    case 'distribution':
      if (question.type === 'choice') return question.options.map(({ id }) => id);
      return Array.from({ length: question.maximum - question.minimum + 1 }, (_, i) => String(question.minimum + i));
  }
}

/** Lowest and highest value that a question's estimates can truly have. */
export function estimateRange(question: Question): [number, number] {
  if (question.report === 'enps') return [-100, 100];
  return question.report === 'mean' ? [question.minimum, question.maximum] : [0, 1];
}

/** Whether every benchmark is of one estimate that the survey has, at a value that this can have. */
export function benchmarksFit({
  questions,
  benchmarks = [],
}: {
  questions: readonly Question[];
  benchmarks?: readonly Benchmark[] | undefined;
}): boolean {
  return benchmarks.every(({ question: id, estimate, value }) => {
    const question = questions.find((asked) => asked.id === id);
    if (question === undefined) return false;
    const ids = estimateIds(question);
    const [lowest, highest] = estimateRange(question);
    return (estimate === undefined ? ids.length === 1 : ids.includes(estimate)) && value >= lowest && value <= highest;
  });
}
