/** How many of a study's questions a device answers, and at what epsilon each. */
export interface QuestionSampling {
  readonly questionsPerDevice: number;
  readonly epsilonPerQuestion: number;
}

// Below about this epsilon a question, halving the respondents costs less than halving their epsilon.
const epsilonWorthSplitting = 2.5;

/**
 * Whether to split epsilon over questions or questions over devices.
 *
 * @param questions integer >= 1
 * @param epsilon finite and > 0, for the whole report
 * @throws {RangeError} outside these ranges
 * @see Wang et al., Collecting and analyzing multidimensional data with local differential privacy, ICDE 2019,
 *   equation 12
 */
export function questionSampling({ questions, epsilon }: { questions: number; epsilon: number }): QuestionSampling {
  if (!Number.isSafeInteger(questions) || questions < 1) {
    throw new RangeError(`questions must be an integer >= 1, got ${questions}`);
  }
  if (!(epsilon > 0 && epsilon < Infinity)) throw new RangeError(`epsilon must be finite and > 0, got ${epsilon}`);
  const questionsPerDevice = Math.max(1, Math.min(questions, Math.floor(epsilon / epsilonWorthSplitting)));
  return { questionsPerDevice, epsilonPerQuestion: epsilon / questionsPerDevice };
}
