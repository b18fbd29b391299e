import { checkInteger } from '../numerics/checks.ts';
import type { Question, QuestionForecast } from './forecast.ts';
import { estimateMean } from '../estimation/estimate-mean.ts';
import { numericMean, type NumericMean } from '../mechanisms/numeric-mean.ts';
import { numericMeanVariance, worstNumericMeanVariance } from '../mechanisms/numeric-mean-variance.ts';

/** The forecast of a mean on the question's own scale; without a position, of the one that is hardest to estimate. */
export function meanForecast({
  question,
  epsilon,
  position,
}: {
  question: Question;
  epsilon: number;
  /** From 0, the minimum, to 1, the maximum. */
  position: number | undefined;
}): QuestionForecast {
  const { minimum, maximum } = scaleOf(question);
  const channel = numericMean({ epsilon });
  const half = (maximum - minimum) / 2;
  const positions = position === undefined ? [0, 0.25, 0.5, 0.75, 1] : [position];
  const t = position === undefined ? 0 : 2 * position - 1;
  const noise = position === undefined ? worstNumericMeanVariance(channel) : numericMeanVariance(channel, t);

  const { mechanism, realizedEpsilon } = channel;

  return {
    mechanism,
    realizedEpsilon,
    p: null,
    q: null,
    targetMargin: (maximum - minimum) / 10,

    // The mechanism's error where everybody gives the same answer, and where not all are asked that of drawing those who
    // are from answers at both ends: 1 - t^2, at t = 0 in the worst case.
    standardError: (asked, drawing) => half * Math.sqrt((noise + (1 - t * t) * drawing) / asked),

    margin95(asked) {
      const margin = (part: number): number => {
        const counts = expectedOutputs(channel, part).map((probability) => probability * asked);
        const { lower, upper } = estimateMean({ channel, counts, minimum, maximum, confidence: 0.95 });
        return (upper - lower) / 2;
      };
      return Math.max(...positions.map(margin));
    },
  };
}

// How likely each output is where a part of the people answer the maximum and all others the minimum: of all
// populations with this mean the one whose draws vary most.
function expectedOutputs(channel: NumericMean, part: number): number[] {
  const top = channel.inputs - 1;
  return Array.from(
    { length: channel.outputs },
    (_, output) => part * channel.probability(top, output) + (1 - part) * channel.probability(1, output),
  );
}

// What ends a scale may have `estimateMean` checks.
function scaleOf(question: Question): { minimum: number; maximum: number } {
  if (question.type === 'number') return question;
  const { options, minimum = 1 } = question as Extract<Question, { type: 'scale' }>;
  checkInteger('options', options, '[2, Infinity)');
  return { minimum, maximum: minimum + options - 1 };
}
