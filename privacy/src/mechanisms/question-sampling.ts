import { checkIn, checkInteger } from '../numerics/checks.ts';

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
  checkInteger('questions', questions, '[1, Infinity)');
  checkIn('epsilon', epsilon, '(0, Infinity)');
  const questionsPerDevice = Math.max(1, Math.min(questions, Math.floor(epsilon / epsilonWorthSplitting)));
  const quotient = epsilon / questionsPerDevice;
  // A quotient that was rounded up would add up to more than epsilon. Of its product every term here is exact: 24 bits
  // times a small integer, a difference of near numbers, the other 29 bits times the integer.
  const high = Math.fround(quotient);
  const excess = high * questionsPerDevice - epsilon + (quotient - high) * questionsPerDevice;
  return { questionsPerDevice, epsilonPerQuestion: excess > 0 ? quotient * (1 - 2 ** -52) : quotient };
}
