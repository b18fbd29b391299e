import { checkIn, checkOneOf, checkPositiveInteger } from '../numerics/checks.ts';
import { meanForecast } from './forecast-mean.ts';
import { halve } from '../numerics/search.ts';
import { scoreForecast } from './forecast-score.ts';
import { shareForecast } from './forecast-share.ts';
import { questionSampling } from '../mechanisms/question-sampling.ts';

/** What is asked. */
export type Question =
  | { readonly type: 'scale' | 'choice'; readonly options: number; readonly minimum?: number | undefined }
  | { readonly type: 'yesno' }
  | { readonly type: 'number'; readonly minimum: number; readonly maximum: number };

/** What the answers are for; it decides the mechanism. */
export type QuestionReport = 'favourable' | 'distribution' | 'mean' | 'enps';

/** What to plan. */
export interface PlanOptions {
  readonly question: Question;
  readonly report: QuestionReport;
  /** For the whole report, in [1e-6, 20]. */
  readonly epsilon: number;
  /** How many people send a report, integer >= 1. */
  readonly respondents: number;
  /** How many such questions share epsilon, 1 unless given. */
  readonly questions?: number | undefined;
  /** The true share assumed, for means the position from 0 to 1 on the scale, for eNPS the promoters; the worst case without. */
  readonly share?: number | undefined;
  /** A mechanism's name, to insist on it: any for a share, the one that fits for a mean. */
  readonly mechanism?: string | undefined;
  /** Results of fewer respondents are not shown. */
  readonly minimumGroupSize?: number | undefined;
}

/** What to expect of a question before it is asked. */
export interface Plan {
  readonly mechanism: string;
  /** Of one question's channel; a device answers as many questions as fit into epsilon. */
  readonly realizedEpsilon: number;
  /** Pr[option | it is true], where the mechanism has it. */
  readonly p: number | null;
  /** Pr[option | another is true], where the mechanism has it. */
  readonly q: number | null;
  /** The mechanism's own error for these respondents, all answering: a share as a fraction, a mean or score on its scale. */
  readonly standardError: number;
  /** Half of the 95% interval that results would show; infinite where they could show none. */
  readonly margin95: number;
  /** Fewest respondents for a margin of 0.05 (shares), a tenth of the scale (means) or 10 points (eNPS). */
  readonly minimumRespondents: number;
  /** The margin to aim for. */
  readonly targetMargin: number;
  /** How many of the respondents answer this question, on average. */
  readonly asked: number;
  /** `hidden` where fewer answer than are shown; `readable` within the target margin, `rough` within twice that. */
  readonly verdict: 'hidden' | 'readable' | 'rough' | 'too-noisy';
}

/** One question's forecast, as a function of how many respondents it gets. */
export interface QuestionForecast {
  readonly mechanism: string;
  readonly realizedEpsilon: number;
  readonly p: number | null;
  readonly q: number | null;
  /** For so many; `drawing` is the part that drawing them from all respondents adds to the variance of answers. */
  readonly standardError: (asked: number, drawing: number) => number;
  readonly margin95: (asked: number) => number;
  /** The margin to aim for. */
  readonly targetMargin: number;
}

/**
 * Forecasts a question's error, from the same estimators that results are made with.
 *
 * "No answer" is a letter of every channel, and where epsilon does not pay for all questions each device answers a
 * random few. The standard error is the mechanism's own, for a fixed population; the margin counts respondents as
 * independent draws who all answer.
 *
 * @throws {RangeError} for an argument out of range, a report that the question cannot give, or a mechanism that is
 *   unknown or cannot give this report
 */
export function planQuestion(options: PlanOptions): Plan {
  const { question, report, epsilon, respondents, questions = 1, share, mechanism, minimumGroupSize = 1 } = options;
  checkPositiveInteger({ respondents, minimumGroupSize });
  checkIn('epsilon', epsilon, '[1e-6, 20]');
  if (share !== undefined) checkIn('share', share, '[0, 1]');
  const { questionsPerDevice, epsilonPerQuestion } = questionSampling({ questions, epsilon });
  checkOneOf('question', question.type, ...Object.keys(reportsOf));
  checkOneOf(`report of a ${question.type}`, report, ...reportsOf[question.type]);
  const { standardError, margin95, ...forecast } =
    report === 'mean'
      ? meanForecast({ question, epsilon: epsilonPerQuestion, position: share })
      : report === 'enps'
        ? scoreForecast({ epsilon: epsilonPerQuestion, share })
        : shareForecast({ question, report, epsilon: epsilonPerQuestion, share, mechanism });
  if (mechanism !== undefined) checkOneOf('mechanism', mechanism, forecast.mechanism);

  // Each question is asked of n r / D respondents on average.
  const askedPart = questionsPerDevice / questions;
  const asked = respondents * askedPart;
  const { targetMargin } = forecast;
  const margin = margin95(asked);
  let fewest: number | undefined;
  return {
    ...forecast,
    // Those asked are drawn without replacement.
    standardError: standardError(asked, (respondents - asked) / Math.max(1, respondents - 1)),
    margin95: margin,
    // The costly part, which not everybody reads.
    get minimumRespondents() {
      fewest ??= fewestRespondents((candidate) => margin95(candidate * askedPart) <= targetMargin);
      return fewest;
    },
    asked,
    verdict:
      asked < minimumGroupSize
        ? 'hidden'
        : margin <= targetMargin
          ? 'readable'
          : margin <= 2 * targetMargin
            ? 'rough'
            : 'too-noisy',
  };
}

/** What each type of question can be for. */
const reportsOf: Readonly<Record<Question['type'], readonly QuestionReport[]>> = {
  scale: ['favourable', 'distribution', 'mean', 'enps'],
  choice: ['favourable', 'distribution'],
  yesno: ['favourable', 'distribution'],
  number: ['mean'],
};

const mostRespondents = 2 ** 40;

// The fewest with an acceptable margin; it is acceptable from there on, save for a step where intervals stop being
// exact. Infinite where not even a trillion would do.
function fewestRespondents(acceptable: (respondents: number) => boolean): number {
  let enough = 1;
  for (; !acceptable(enough); enough *= 2) if (enough > mostRespondents) return Infinity;
  // As many halvings as leave whole numbers.
  const isTooFew = (respondents: number): boolean => !acceptable(respondents);
  return halve(isTooFew, [enough / 2, enough], Math.log2(enough) - 1);
}
