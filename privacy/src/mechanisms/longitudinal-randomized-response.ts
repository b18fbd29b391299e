import { checkIn, checkPositiveInteger } from '../numerics/checks.ts';
import { realizeEpsilon, weightTotal } from './channel.ts';
import type { SupportProbabilities } from './frequency-mechanism.ts';
import { randomizedResponse, shareVariance, type Population, type RandomizedResponse } from './randomized-response.ts';
import { ceilDivide, fixedExp, fixedOne } from '../numerics/exponential.ts';
import type { RandomSource } from '../sampling/random.ts';

/**
 * Randomized response in two steps, for a question that is asked again and again: a permanent letter, drawn once for
 * each answer and kept (see `memoizedLetters`), and fresh noise on that letter in every report.
 *
 * Each answer that a person ever gives costs `epsilon` once, however many reports are made of it; answers add up. The
 * promise is about what the answers are: that an answer changed, and when, may show.
 */
export interface LongitudinalRandomizedResponse extends MemoizedSteps, SupportProbabilities {
  readonly mechanism: 'longitudinal-randomized-response';
  /** How many letters its alphabet has, "no answer" included where there is one. */
  readonly options: number;
}

/** The two steps of a memoized randomizer and what each of them promises, replace-one on the answer. */
export interface MemoizedSteps {
  /** Asked for any number of reports of one answer. */
  readonly epsilon: number;
  /** Of any number of reports of one answer: that of the permanent letter, which all of them are made of. */
  readonly realizedEpsilon: number;
  /** Asked for a single report. */
  readonly firstReportEpsilon: number;
  /** Of a single report: that of the integer weights of both steps together, never above `firstReportEpsilon`. */
  readonly realizedFirstReportEpsilon: number;
  readonly neighboringRelation: 'replace-one';
  /** Draws an answer's permanent letter: once for every answer, and then kept. */
  readonly permanent: RandomizedResponse;
  /** Draws a report from a permanent letter: anew for every report. */
  readonly instantaneous: RandomizedResponse;
  /**
   * One report, with the same work for every letter.
   *
   * @param permanentLetter what `permanent` once drew for the answer
   * @throws {RangeError} for a letter outside its alphabet, before anything is drawn
   */
  report(permanentLetter: number, random?: RandomSource): number;
}

/** What the two steps are asked for. */
export interface MemoizedEpsilons {
  /** For any number of reports of one answer, in (1e-6, 20]. */
  readonly epsilon: number;
  /** For a single report, in [1e-6, epsilon). */
  readonly firstReportEpsilon: number;
}

/**
 * Longitudinal randomized response (L-GRR). One report is as accurate as randomized response at `firstReportEpsilon`;
 * the mean over many waves approaches randomized response at `epsilon`.
 *
 * @param options integer in [2, 1024]
 * @throws {RangeError} outside the ranges
 * @see Arcolezi, Couchot, Al Bouna and Xiao, Improving the utility of locally differentially private protocols for
 *   longitudinal and multidimensional frequency estimates, Digital Communications and Networks 2022: its
 *   closed form leaves out k - 1 and k - 2 ways to the same report, and so it adds more noise than was asked for
 */
export function longitudinalRandomizedResponse({
  options,
  ...epsilons
}: { options: number } & MemoizedEpsilons): LongitudinalRandomizedResponse {
  const [steps, p, q] = memoizedSteps(options, epsilons);
  return {
    mechanism: 'longitudinal-randomized-response',
    options,
    ...steps,
    p,
    q,
    pairWithTruth: 0,
    pairWithoutTruth: 0,
  };
}

/** The steps over `options` letters, and the chance that a report says the true letter or a certain other one. */
export function memoizedSteps(
  options: number,
  { epsilon, firstReportEpsilon }: MemoizedEpsilons,
): [steps: MemoizedSteps, p: number, q: number] {
  const permanent = randomizedResponse({ options, epsilon });
  checkIn('firstReportEpsilon', firstReportEpsilon, `[1e-6, ${epsilon})`);
  const k = BigInt(options);
  const keep = permanent.weight(0, 0);
  const lie = permanent.weight(0, 1);

  // With n = 2^64, weights (keep, lie) of the permanent and (keep2, lie2) of the second step, a report has
  //   P = keep keep2 + (k - 1) lie lie2 and Q = keep lie2 + lie keep2 + (k - 2) lie lie2,
  // so that P + (k - 1) Q = n^2 and P - Q = (keep - lie) (keep2 - lie2). P <= r Q with r = e^eps1 therefore asks for
  //   keep2 - lie2 <= n^2 (r - 1) / ((r + k - 1) (keep - lie)) = gap, and with keep2 + (k - 1) lie2 = n for
  //   lie2 >= (n - gap) / k: gap is rounded down and lie2 up, towards less loss.
  const ratio = fixedExp(firstReportEpsilon);
  const gap = (weightTotal ** 2n * (ratio - fixedOne)) / ((ratio + (k - 1n) * fixedOne) * (keep - lie));
  const smallestLie = weightTotal >> 40n;
  const needed = gap < weightTotal ? ceilDivide(weightTotal - gap, k) : 0n;
  const secondLie = needed > smallestLie ? needed : smallestLie;

  // The second step is randomized response at the largest epsilon with no less than these lies: the double below the
  // smallest one that bounds their ratio.
  const bound = realizeEpsilon(40, [weightTotal - (k - 1n) * secondLie, secondLie]);
  const instantaneous = randomizedResponse({ options, epsilon: Math.min(20, bound * (1 - 2 ** -52)) });

  const [keep2, lie2] = [instantaneous.weight(0, 0), instantaneous.weight(0, 1)];
  const support = keep * keep2 + (k - 1n) * lie * lie2;
  const other = keep * lie2 + lie * keep2 + (k - 2n) * lie * lie2;
  const steps: MemoizedSteps = {
    epsilon,
    realizedEpsilon: permanent.realizedEpsilon,
    firstReportEpsilon,
    realizedFirstReportEpsilon: realizeEpsilon(firstReportEpsilon, [support, other]),
    neighboringRelation: 'replace-one',
    permanent,
    instantaneous,
    report: (permanentLetter, random) => instantaneous.privatize(permanentLetter, random),
  };
  return [steps, Number(support) / 2 ** 128, Number(other) / 2 ** 128];
}

/** How likely a step supports a letter that is true, and one that is not. */
type Step = Pick<SupportProbabilities, 'p' | 'q'>;

/**
 * Variance of a share estimated from the mean support over several reports of each respondent, every one made of the
 * same permanent letter. The first step's noise stays however many reports there are.
 *
 * It holds for any two steps that treat each letter's support by itself, unary encodings included.
 *
 * @param share the letter's true share, in [0, 1], the same in all waves
 * @param respondents > 0; need not be an integer
 * @param reports of each respondent, integer >= 1
 * @param population `fixed` counts the mechanism's noise alone; `independent` also the drawing of respondents
 * @throws {RangeError} outside these ranges
 */
export function longitudinalShareVariance({
  permanent,
  instantaneous,
  share,
  respondents,
  reports,
  population,
}: {
  permanent: Step;
  instantaneous: Step;
  share: number;
  respondents: number;
  reports: number;
  population: Population;
}): number {
  checkPositiveInteger({ reports });
  const { p, q } = permanent;
  // Given the permanent letters, reports estimate their share, each by itself; p - q of it is that of the answers.
  const ofLetters = { channel: instantaneous, share: share * p + (1 - share) * q, respondents: respondents * reports };
  return (
    shareVariance({ channel: permanent, share, respondents, population }) +
    shareVariance({ ...ofLetters, population: 'fixed' }) / (p - q) ** 2
  );
}
