import { checkInteger, checkOneOf } from '../numerics/checks.ts';
import type { Question, QuestionForecast } from './forecast.ts';
import { estimateShares } from '../estimation/estimate-shares.ts';
import { chooseSmallChannel, expectedReports } from './expected-reports.ts';
import type { FrequencyMechanism } from '../mechanisms/frequency-mechanism.ts';
import { localHashing } from '../mechanisms/local-hashing.ts';
import { randomizedResponse, shareVariance } from '../mechanisms/randomized-response.ts';
import { subsetSelection } from '../mechanisms/subset-selection.ts';
import { unaryEncoding } from '../mechanisms/unary-encoding.ts';

const targetMargin = 0.05;

type MakeMechanism = (alphabet: { options: number; epsilon: number }) => FrequencyMechanism<unknown>;

/** The mechanisms of shares by name, for those who insist on one. */
const shareMechanisms: Readonly<Record<string, MakeMechanism>> = {
  'randomized-response': randomizedResponse,
  'subset-selection': subsetSelection,
  'optimized-unary-encoding': unaryEncoding,
  'optimal-local-hashing': localHashing,
};

/** The forecast of one option's share; without a share, of the share that is hardest to estimate. */
export function shareForecast({
  question,
  report,
  epsilon,
  share,
  mechanism: insisted,
}: {
  question: Question;
  report: 'favourable' | 'distribution';
  epsilon: number;
  share: number | undefined;
  /** One of `shareMechanisms`; the best one whose report is one small integer unless it is given. */
  mechanism: string | undefined;
}): QuestionForecast {
  if (insisted !== undefined) checkOneOf('mechanism', insisted, ...Object.keys(shareMechanisms));
  const options = answerLetters(question, report) + 1;
  const channel = (shareMechanisms[insisted ?? ''] ?? chooseSmallChannel)({ options, epsilon });
  const { mechanism, realizedEpsilon, p, q } = channel;
  // Errors are quadratic in the share to a good approximation, so that twentieths find the worst one closely.
  const shares = share === undefined ? Array.from({ length: 21 }, (_, index) => index / 20) : [share];

  return {
    mechanism,
    realizedEpsilon,
    p,
    q,
    targetMargin,

    standardError(asked, drawing) {
      const variance = (f: number): number =>
        shareVariance({ channel, share: f, respondents: asked, population: 'fixed' }) +
        ((f * (1 - f)) / asked) * drawing;
      return Math.sqrt(Math.max(...shares.map(variance)));
    },

    margin95(asked) {
      const margin = (f: number): number => {
        // Of this letter and of "no answer": the estimate looks at no others.
        const [estimate] = estimateShares({ ...expectedReports(channel, [f], asked), confidence: 0.95 }).shares;
        return (estimate!.upper - estimate!.lower) / 2;
      };
      return Math.max(...shares.map(margin));
    },
  };
}

// A number has no report of shares.
function answerLetters(question: Question, report: 'favourable' | 'distribution'): number {
  const options = 'options' in question ? question.options : 2;
  checkInteger('options', options, '[2, 1023]');
  return report === 'favourable' ? 2 : options;
}
