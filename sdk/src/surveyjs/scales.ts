import { limits } from '@chorale/protocol';
import type { ItemValue, QuestionMatrixModel, QuestionRatingModel } from 'survey-core';
import { listed } from './choices.ts';
import { areScalePoints, namedValues, type NamedValue } from './items.ts';
import { type Mapped, type MapOptions, type Outcome, type ScaleReport, textOf } from './mapped.ts';

/** A scale, where the points are whole numbers that follow one another; else a choice. */
export function ratingOf(question: QuestionRatingModel, options: MapOptions): Outcome {
  const points = namedValues(question.autoGenerate ? question.visibleRateValues : question.rateValues);
  if (points === null) return 'options-unfit';
  const [minimumLabel, maximumLabel] = [question.minRateDescription, question.maxRateDescription];
  return scaleOrChoice({ text: textOf(question), items: points, minimumLabel, maximumLabel, ...options });
}

/** One question for each row. */
export function matrixOf(question: QuestionMatrixModel, options: MapOptions): Outcome {
  const columns = namedValues(question.columns as ItemValue[]);
  const rows = namedValues(question.rows as ItemValue[]);
  if (columns === null || rows === null || rows.length === 0) return 'options-unfit';
  if (question.cellType === 'checkbox') return 'several-choices';
  const mapped: Mapped[] = [];
  for (const { value, text } of rows) {
    const row = scaleOrChoice({ text: `${textOf(question)}: ${text}`, items: columns, ...options });
    if (!Array.isArray(row)) return row;
    mapped.push(...row.map((one) => ({ ...one, row: String(value), part: String(value) })));
  }
  return mapped;
}

function scaleOrChoice(options: {
  text: string;
  items: NamedValue[];
  minimumLabel?: string;
  maximumLabel?: string;
  report?: ScaleReport | undefined;
}): Outcome {
  const { text, items } = options;
  if (!areScalePoints(items)) return listed({ text, items });
  if (items.length > limits.options) return 'options-unfit';
  const minimum = Number(items[0]!.value);
  const maximum = minimum + items.length - 1;
  const minimumLabel = options.minimumLabel || ownText(items[0]!);
  const maximumLabel = options.maximumLabel || ownText(items.at(-1)!);
  return [
    {
      question: {
        type: 'scale',
        text,
        minimum,
        maximum,
        ...(minimumLabel === '' ? {} : { minimumLabel }),
        ...(maximumLabel === '' ? {} : { maximumLabel }),
        ...(options.report ?? usualReport(minimum, maximum)),
      },
      source: { kind: 'number' },
    },
  ];
}

/** eNPS for the scale 0 to 10; else whether the answer is in the upper two fifths, such as 4 or 5 of 5. */
function usualReport(minimum: number, maximum: number): ScaleReport {
  if (minimum === 0 && maximum === 10) return { report: 'enps' };
  return { report: 'favourable', favourableFrom: minimum + Math.ceil(0.6 * (maximum - minimum)) };
}

/** What a point is called, if not by its number. */
function ownText({ value, text }: NamedValue): string {
  return text === String(value) ? '' : text;
}
