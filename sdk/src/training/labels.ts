import type { Label } from '@chorale/protocol';
import { type CellEncoder, finder, parseNumber, unknown } from './cells.ts';
import { clampedWarning, type RecordsWarning } from './records-warning.ts';

export type Labels = Uint8Array | Float32Array;

type LabelColumn = {
  /** `[rows]`, filled by `encode`. */
  labels: Labels;
  encode: CellEncoder;
  /** What is to be said of the column once all rows are encoded. */
  warnings: () => RecordsWarning[];
};

/** Where a study's labels go, of so many rows. */
export function labelColumn(label: Label, rows: number): LabelColumn {
  switch (label.type) {
    case undefined:
    case 'binary':
      return namedLabels(label.column, [label.negative, label.positive], rows);
    case 'category':
      return namedLabels(label.column, label.categories, rows);
    case 'number':
      return numberLabels(label, rows);
  }
}

/** Whether labels are what the study's label makes of cells. */
export function areLabelsOf(label: Label, labels: Labels): boolean {
  if (label.type === 'number')
    return labels instanceof Float32Array && labels.every((value) => value >= -1 && value <= 1);
  const names = label.type === 'category' ? label.categories.length : 2;
  return labels instanceof Uint8Array && labels.every((value) => value < names);
}

function namedLabels(column: string, names: readonly string[], rows: number): LabelColumn {
  const labels = new Uint8Array(rows);
  const find = finder(names);
  const encode: CellEncoder = ({ text, row }) => {
    const position = find(text);
    if (position === undefined) return unknown(text, names);
    labels[row] = position;
    return undefined;
  };
  return { labels, encode, warnings: () => oneLabelWarnings(column, labels, names[labels[0] ?? 0]!) };
}

function numberLabels({ column, minimum, maximum }: Label & { type: 'number' }, rows: number): LabelColumn {
  const labels = new Float32Array(rows);
  let clamped = 0;
  const encode: CellEncoder = ({ text, row }) => {
    const value = parseNumber(text);
    if (typeof value === 'string') return value;
    if (value < minimum || value > maximum) clamped += 1;
    labels[row] = (2 * (Math.min(maximum, Math.max(minimum, value)) - minimum)) / (maximum - minimum) - 1;
    return undefined;
  };
  return {
    labels,
    encode,
    warnings: () => [
      ...(clamped === 0 ? [] : [clampedWarning(column, clamped)]),
      ...oneLabelWarnings(column, labels, 'the same number'),
    ],
  };
}

function oneLabelWarnings(column: string, labels: Labels, only: string): RecordsWarning[] {
  if (labels.some((label) => label !== labels[0])) return [];
  return [
    {
      type: 'one-label',
      column,
      rows: labels.length,
      message: `${column}: every row says ${only}, so the model learns little from them`,
    },
  ];
}
