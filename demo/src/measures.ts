import type { Evaluation, Label } from '@chorale/protocol';

/** How well a model did: the one number to look at, its 95% interval, and one to hold beside it. */
export type Measured = {
  value: number | null;
  lower: number | null;
  upper: number | null;
  beside: number | null;
  rows: number;
};

/** What these numbers are called for a study's label, and how they are written. */
export type MeasureStyle = {
  name: string;
  besideName: string;
  /** What they mean, in sentences. */
  meaning: string;
  format: (value: number | null) => string;
  /** What the number can be. */
  range: [number, number];
  /** What a guess would get that reads no input, where it is the same for all rows. */
  guess: number | null;
};

export function measured(evaluation: Evaluation): Measured {
  const { rows } = evaluation;
  switch (evaluation.label) {
    case 'binary': {
      const { auc, aucLower, aucUpper, accuracy } = evaluation;
      return { rows, value: auc, lower: aucLower, upper: aucUpper, beside: accuracy };
    }
    case 'category': {
      const { accuracy, accuracyLower, accuracyUpper, mostFrequent } = evaluation;
      return { rows, value: accuracy, lower: accuracyLower, upper: accuracyUpper, beside: mostFrequent };
    }
    case 'number': {
      const { error, errorLower, errorUpper, spread } = evaluation;
      return { rows, value: error, lower: errorLower, upper: errorUpper, beside: spread };
    }
  }
}

export function measureStyle(label: Label): MeasureStyle {
  switch (label.type) {
    case undefined:
    case 'binary':
      return {
        name: 'AUC',
        besideName: 'accuracy',
        meaning:
          'AUC is the chance that the model scores a random positive row above a random negative one: 0.5 is a coin toss ' +
          '(dashed line), 1 is perfect. The band is its 95% interval. Accuracy counts a score of one half or more as positive.',
        format: threeDigits,
        range: [0, 1],
        guess: 0.5,
      };
    case 'category':
      return {
        name: 'accuracy',
        besideName: 'most frequent',
        meaning:
          'Accuracy is the share of rows whose likeliest category by the model is theirs; the band is its 95% interval. ' +
          'Most frequent is what always naming the most frequent category would get right.',
        format: threeDigits,
        range: [0, 1],
        guess: null,
      };
    case 'number': {
      const scale = label.maximum - label.minimum;
      return {
        name: 'mean error',
        besideName: 'mean guess',
        meaning:
          `Mean error is how far the model’s guess of ${label.column} is off on average, whichever way; the band is its ` +
          '95% interval. Mean guess is how far off naming the mean for everybody would be. Less is better.',
        format: (value) => (value === null ? 'not known' : rounded(value, scale)),
        range: [0, scale],
        guess: null,
      };
    }
  }
}

/** A number with as many digits as its scale calls for. */
export function rounded(value: number, scale: number): string {
  const digits = Math.max(0, Math.ceil(2 - Math.log10(scale)));
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function capitalized(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function threeDigits(value: number | null): string {
  return value === null ? 'not known' : value.toFixed(3);
}
