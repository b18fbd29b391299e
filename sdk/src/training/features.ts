import { type Feature, inputSize, type TrainingTask } from '@chorale/protocol';
import { CsvError, type CsvProblem, maximumProblems } from './csv-error.ts';
import type { Table } from './table.ts';

/** Something about the data that a person should know before training; not an error. */
export type RecordsWarning = { type: 'clamped' | 'one-label'; column: string; rows: number; message: string };

/** Records as the model reads them; they stay in the tab. Structured-clonable. */
export type EncodedRecords = {
  /** `[rows, inputSize]`, row-major, each in [-1, 1]. */
  inputs: Float32Array;
  /** `[rows]`, 1 for the positive label. */
  labels: Uint8Array;
  rows: number;
  warnings: RecordsWarning[];
};

/** Which column of the file holds a feature or the label; others are found by name. */
export type ColumnMapping = Readonly<Record<string, string>>;

type Cell = { text: string; row: number };
type CellEncoder = (cell: Cell) => string | undefined;

/**
 * Encodes a table by the task's public constants, all rows or none.
 *
 * Columns and categories are found by name, case, spaces, underscores and hyphens aside.
 * @throws CsvError with up to `maximumProblems` problems.
 */
export function encodeTable(
  task: TrainingTask,
  table: Table,
  { mapping = {} }: { mapping?: ColumnMapping } = {},
): EncodedRecords {
  const width = inputSize(task);
  const rows = table.rows.length;
  const positions = findColumns([...task.features.map((f) => f.column), task.label.column], table.columns, mapping);
  if (rows === 0) throw new CsvError([{ message: 'the table has no rows' }]);

  const inputs = new Float32Array(rows * width);
  const labels = new Uint8Array(rows);
  const clamped = new Map<string, number>();
  const encoders: { column: string; encode: CellEncoder }[] = [];
  let offset = 0;
  for (const feature of task.features) {
    encoders.push({ column: feature.column, encode: featureEncoder({ feature, inputs, offset, width, clamped }) });
    offset += feature.type === 'category' ? feature.categories.length : 1;
  }
  encoders.push({ column: task.label.column, encode: labelEncoder(task.label, labels) });

  const problems: CsvProblem[] = [];
  for (let row = 0; row < rows && problems.length < maximumProblems; row += 1) {
    const cells = table.rows[row]!;
    const line = table.lines?.[row];
    const place = { row: row + 1, ...(line === undefined ? {} : { line }) };
    if (cells.length !== table.columns.length) {
      problems.push({ ...place, message: `${table.columns.length} cells expected, got ${cells.length}` });
      continue;
    }
    for (const { column, encode } of encoders) {
      const message = encode({ text: cells[positions.get(column)!]!.trim(), row });
      if (message !== undefined && problems.length < maximumProblems) problems.push({ ...place, column, message });
    }
  }
  if (problems.length > 0) throw new CsvError(problems);
  return { inputs, labels, rows, warnings: [...clampedWarnings(clamped), ...labelWarnings(task.label, labels)] };
}

/** The same name, written differently. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, '');
}

function findColumns(
  wanted: readonly string[],
  columns: readonly string[],
  mapping: ColumnMapping,
): Map<string, number> {
  const positions = new Map<string, number>();
  const problems: CsvProblem[] = [];
  for (const column of wanted) {
    const source = mapping[column] ?? column;
    const exact = columns.indexOf(source);
    const alike = columns.flatMap((name, i) => (normalizeName(name) === normalizeName(source) ? [i] : []));
    const found = exact >= 0 ? [exact] : alike;
    if (found.length === 1) positions.set(column, found[0]!);
    else
      problems.push({
        column: source,
        message: found.length === 0 ? 'the column is missing' : 'several columns have this name',
      });
  }
  // All of them at once, whatever their number: whoever exports the file again needs the whole list.
  if (problems.length > 0) throw new CsvError(problems);
  return positions;
}

function featureEncoder({
  feature,
  inputs,
  offset,
  width,
  clamped,
}: {
  feature: Feature;
  inputs: Float32Array;
  offset: number;
  width: number;
  clamped: Map<string, number>;
}): CellEncoder {
  switch (feature.type) {
    case 'number': {
      const { column, minimum, maximum } = feature;
      return ({ text, row }) => {
        if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text))
          return text === '' ? 'the cell is empty' : 'not a number';
        const value = Number(text);
        if (value < minimum || value > maximum) clamped.set(column, (clamped.get(column) ?? 0) + 1);
        inputs[row * width + offset] =
          (2 * (Math.min(maximum, Math.max(minimum, value)) - minimum)) / (maximum - minimum) - 1;
        return undefined;
      };
    }
    case 'ordinal': {
      const find = finder(feature.levels);
      return ({ text, row }) => {
        const level = find(text);
        if (level === undefined) return unknown(text, feature.levels);
        inputs[row * width + offset] = (2 * level) / (feature.levels.length - 1) - 1;
        return undefined;
      };
    }
    case 'category': {
      const find = finder(feature.categories);
      return ({ text, row }) => {
        const category = find(text);
        if (category === undefined) return unknown(text, feature.categories);
        inputs[row * width + offset + category] = 1;
        return undefined;
      };
    }
  }
}

function labelEncoder({ negative, positive }: TrainingTask['label'], labels: Uint8Array): CellEncoder {
  const find = finder([negative, positive]);
  return ({ text, row }) => {
    const label = find(text);
    if (label === undefined) return unknown(text, [negative, positive]);
    labels[row] = label;
    return undefined;
  };
}

/** Position of a name in a list: as written, or else the one that differs in writing only. */
function finder(names: readonly string[]): (text: string) => number | undefined {
  const exact = new Map(names.map((name, i) => [name, i]));
  const alike = new Map<string, number | undefined>();
  for (const [i, name] of names.entries()) {
    const key = normalizeName(name);
    alike.set(key, alike.has(key) ? undefined : i);
  }
  return (text) => exact.get(text) ?? alike.get(normalizeName(text));
}

function unknown(text: string, names: readonly string[]): string {
  return text === '' ? 'the cell is empty' : `unknown value; known are ${names.join(', ')}`;
}

function clampedWarnings(clamped: ReadonlyMap<string, number>): RecordsWarning[] {
  return [...clamped].map(([column, rows]) => ({
    type: 'clamped',
    column,
    rows,
    message: `${column}: ${rows === 1 ? '1 value was' : `${rows} values were`} outside the study's bounds and moved to them`,
  }));
}

function labelWarnings({ column, positive, negative }: TrainingTask['label'], labels: Uint8Array): RecordsWarning[] {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives > 0 && positives < labels.length) return [];
  const only = positives === 0 ? negative : positive;
  return [
    {
      type: 'one-label',
      column,
      rows: labels.length,
      message: `${column}: every row says ${only}, so the model learns little from them`,
    },
  ];
}
