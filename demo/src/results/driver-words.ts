import type { DriverPair, StudyDrivers } from '@chorale/protocol';
import { capitalized } from '../measures.ts';
import { formatEpsilon } from './format.ts';
import { suppressedText } from './suppressed.ts';

/** What may be said of one pair: whether and which way answers move together, never why. */
export function driverWords(pair: DriverPair): string {
  if (pair.state === 'suppressed') {
    return pair.reason === 'too-uncertain' ? 'too noisy to say yet' : suppressedText(pair.reason);
  }
  if (!pair.significant) return 'cannot be told from chance and noise';
  return pair.correlation > 0 ? 'moves with it' : 'moves the other way';
}

/** The same as a sentence, for who does not read correlations. */
export function driverSentence(pair: DriverPair): string {
  const words = capitalized(driverWords(pair));
  if (pair.state === 'suppressed' || !pair.significant) return `${words}.`;
  return `${words}: who is high here tends to be ${pair.correlation > 0 ? 'high there, too' : 'low there'}.`;
}

/** A correlation as it is written: two decimals and a sign. */
export function formatCorrelation(correlation: number): string {
  const hundredths = Math.round(100 * correlation);
  const sign = hundredths > 0 ? '+' : hundredths < 0 ? '−' : '';
  return `${sign}${(Math.abs(hundredths) / 100).toFixed(2)}`;
}

type Unavailable = StudyDrivers & { state: 'unavailable' };

/** Why a study has no correlations, and what it would take. */
export function refusalSentences({
  reason,
  asked,
  questionsPerDevice,
  epsilonForAll,
  minimumGroupSize,
}: Unavailable): string[] {
  switch (reason) {
    case 'sampled':
      return [
        `Each device answers ${questionsPerDevice} of the ${asked} questions, drawn by chance, so that each answer carries less noise. Those who happened to draw two given questions are a set of people that no other number is about: a number of their own could, beside the others, single out fewer than ${minimumGroupSize}.`,
        `It would take a study in which every device answers every question: an epsilon of ${formatEpsilon(epsilonForAll / asked)} for each question in it, so ${formatEpsilon(epsilonForAll)} for these ${asked}. Such a study asks few.`,
      ];
    case 'too-few-questions':
      return ['It takes two questions whose answers can be high or low, and this study has fewer.'];
    case 'deleted':
      return ['The reports of this study were deleted by a version that did not count which answers came together.'];
  }
}
