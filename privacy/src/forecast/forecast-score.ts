import type { QuestionForecast } from './forecast.ts';
import { estimateContrast } from '../estimation/estimate-contrast.ts';
import { chooseSmallChannel, expectedReports } from './expected-reports.ts';

/** Points of the score, which runs from -100 to 100. */
const targetMargin = 10;

/** Promoters, passives, detractors and "no answer". */
const weights = [100, 0, -100, 0];

/**
 * The forecast of an eNPS: promoters less detractors, in points from -100 to 100; without a share of promoters, of half
 * promoters and half detractors, where people differ as much as they can.
 */
export function scoreForecast({
  epsilon,
  share = 0.5,
}: {
  epsilon: number;
  /** Of promoters; the others are taken for detractors. */
  share: number | undefined;
}): QuestionForecast {
  const channel = chooseSmallChannel({ options: weights.length, epsilon });
  const { mechanism, realizedEpsilon, p, q, pairWithTruth } = channel;

  return {
    mechanism,
    realizedEpsilon,
    p,
    q,
    targetMargin,

    // w of a report is +1 where it supports promoters and -1 where it supports detractors; the truth is one of both, so
    //   E w = (p - q) t  and  E w^2 = p + q - 2 pairWithTruth,  t being +1 or -1 for everybody.
    standardError(asked, drawing) {
      const noise = (p + q - 2 * pairWithTruth) / (p - q) ** 2 - 1;
      return 100 * Math.sqrt((noise + 4 * share * (1 - share) * drawing) / asked);
    },

    margin95(asked) {
      const { lower, upper } = estimateContrast({
        ...expectedReports(channel, [share, 0, 1 - share], asked),
        weights,
        confidence: 0.95,
      });
      return (upper - lower) / 2;
    },
  };
}
