import type { Question, QuestionForecast } from './forecast.ts';
import { estimateShares } from '../estimation/estimate-shares.ts';
import { randomizedResponse, shareVariance } from '../mechanisms/randomized-response.ts';

const targetMargin = 0.05;

/** The forecast of one option's share; without a share, of the share that is hardest to estimate. */
export function shareForecast({
  question,
  report,
  epsilon,
  share,
}: {
  question: Question;
  report: 'favourable' | 'distribution';
  epsilon: number;
  share: number | undefined;
}): QuestionForecast {
  const channel = randomizedResponse({ options: answerLetters(question, report) + 1, epsilon });
  const { mechanism, realizedEpsilon, p, q } = channel;
  const noAnswer = channel.options - 1;
  const shares = share === undefined ? worstShares : [share];

  return {
    mechanism,
    realizedEpsilon,
    p,
    q,
    targetMargin,
    describe: (margin) => `${(100 * margin).toFixed(1)} points`,

    standardError(asked, respondents) {
      const variance = (f: number): number =>
        shareVariance({ channel, share: f, respondents: asked, population: 'fixed' }) +
        // Those asked are drawn from all respondents without replacement.
        (respondents > asked ? ((f * (1 - f)) / asked) * ((respondents - asked) / (respondents - 1)) : 0);
      return Math.sqrt(Math.max(...shares.map(variance)));
    },

    margin95(asked) {
      const margin = (f: number): number => {
        // What is expected when everybody answers: the letter itself, all others together, and q of "no answer".
        // The estimate looks at this letter and at "no answer" only, so the others may share one place.
        const counts = Array.from({ length: channel.options }, () => 0);
        const support = asked * (q + f * (p - q));
        counts[0] = support;
        counts[noAnswer] = asked * q;
        counts[1] = (counts[1] ?? 0) + asked - support - asked * q;
        const [estimate] = estimateShares({ channel, counts, noAnswer, confidence: 0.95 }).shares;
        return (estimate!.upper - estimate!.lower) / 2;
      };
      return Math.max(...shares.map(margin));
    },
  };
}

// Errors are quadratic in the share to a good approximation, so that twentieths find the worst one closely.
const worstShares = Array.from({ length: 21 }, (_, index) => index / 20);

function answerLetters(question: Question, report: 'favourable' | 'distribution'): number {
  switch (question.type) {
    case 'yesno':
      return 2;
    case 'scale':
    case 'choice': {
      const { options } = question;
      if (!Number.isInteger(options) || options < 2 || options > 1023) {
        throw new RangeError(`options must be an integer in [2, 1023], got ${options}`);
      }
      return report === 'favourable' ? 2 : options;
    }
    case 'number':
      throw new RangeError(`report must be mean for a number, got ${report}`);
    default:
      throw new RangeError(
        `question must be scale, choice, yesno or number, got ${(question as { type: string }).type}`,
      );
  }
}
