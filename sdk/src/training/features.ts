import { type Feature, featureInputs, inputSize, limits, type TrainingTask } from '@chorale/protocol';
import { type CellEncoder, finder, isMissing, normalizeName, parseNumber, unknown } from './cells.ts';
import { CsvError, type CsvProblem, maximumProblems } from './csv-error.ts';
import { labelColumn, type Labels } from './labels.ts';
import { clampedWarning, type RecordsWarning } from './records-warning.ts';
import type { Table } from './table.ts';

/** Records as the model reads them; they stay in the tab. Structured-clonable. */
export type EncodedRecords = {
  /** `[rows, inputSize]`, row-major, each in [-1, 1]. */
  inputs: Float32Array;
  /** `[rows]`: 1 for the positive value, or the category's position; or floats, numbers scaled to [-1, 1]. */
  labels: Labels;
  /** `[rows]`, whose row each is, numbered as they first appear; only where the task names a column for it. */
  employees?: Uint32Array | undefined;
  rows: number;
  warnings: RecordsWarning[];
};

/** Which column of the file holds a feature or the label; others are found by name. */
export type ColumnMapping = Readonly<Record<string, string>>;

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
  const { column } = task.label;
  const { labels, encode, warnings: ofLabels } = labelColumn(task.label, table.rows.length);
  const employees = task.employeeColumn === undefined ? undefined : new Uint32Array(table.rows.length);
  const more = employees === undefined ? [] : [{ column: task.employeeColumn!, encode: employeeEncoder(employees) }];
  const { inputs, rows, warnings } = encodeColumns(task, table, { mapping, more: [{ column, encode }, ...more] });
  return {
    inputs,
    labels,
    ...(employees === undefined ? {} : { employees }),
    rows,
    warnings: [...warnings, ...ofLabels()],
  };
}

/** As `encodeTable`, for rows whose label is not known: what a trained model scores. */
export function encodeInputs(task: TrainingTask, table: Table): Omit<EncodedRecords, 'labels'> {
  return encodeColumns(task, table, { mapping: {}, more: [] });
}

type ColumnEncoder = { column: string; encode: CellEncoder };

function encodeColumns(
  task: TrainingTask,
  table: Table,
  { mapping, more }: { mapping: ColumnMapping; more: readonly ColumnEncoder[] },
): Omit<EncodedRecords, 'labels'> {
  const width = inputSize(task);
  const rows = table.rows.length;
  const wanted = [...task.features, ...more].map(({ column }) => column);
  const positions = findColumns(wanted, table.columns, mapping);
  if (rows === 0) throw new CsvError([{ message: 'the table has no rows' }]);

  const inputs = new Float32Array(rows * width);
  const clamped = new Map<string, number>();
  const encoders: ColumnEncoder[] = [];
  let offset = 0;
  for (const feature of task.features) {
    encoders.push({ column: feature.column, encode: featureEncoder({ feature, inputs, offset, width, clamped }) });
    offset += featureInputs(feature);
  }
  encoders.push(...more);

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
  const moved = [...clamped].map(([column, count]) => clampedWarning(column, count));
  return { inputs, rows, warnings: [...moved, ...constantWarnings(task.features, inputs, rows)] };
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
  const put = (row: number, input: number, value: number): undefined => {
    inputs[row * width + offset + input] = value;
  };
  /** Its last input tells that a cell was empty. */
  const putMissing = (row: number): undefined => put(row, featureInputs(feature) - 1, 1);
  switch (feature.type) {
    case 'number': {
      const { column, minimum, maximum, missing } = feature;
      const scaled = (value: number): number => (2 * (value - minimum)) / (maximum - minimum) - 1;
      return ({ text, row }) => {
        if (missing !== undefined && isMissing(text)) {
          put(row, 0, scaled(missing));
          return putMissing(row);
        }
        const value = parseNumber(text);
        if (typeof value === 'string') return value;
        if (value < minimum || value > maximum) clamped.set(column, (clamped.get(column) ?? 0) + 1);
        return put(row, 0, scaled(Math.min(maximum, Math.max(minimum, value))));
      };
    }
    case 'ordinal': {
      const { levels, missing } = feature;
      const find = finder(levels);
      const scaled = (level: number): number => (2 * level) / (levels.length - 1) - 1;
      return ({ text, row }) => {
        const level = find(text);
        if (level !== undefined) return put(row, 0, scaled(level));
        if (missing === undefined || !isMissing(text)) return unknown(text, levels);
        put(row, 0, scaled(levels.indexOf(missing)));
        return putMissing(row);
      };
    }
    case 'category': {
      const { categories, other, missing } = feature;
      const find = finder(categories);
      return ({ text, row }) => {
        const category = find(text);
        if (category !== undefined) return put(row, category, 1);
        if (missing === true && isMissing(text)) return putMissing(row);
        if (other === true && text !== '') return put(row, categories.length, 1);
        return unknown(text, categories);
      };
    }
  }
}

function employeeEncoder(employees: Uint32Array): CellEncoder {
  const known = new Map<string, { number: number; rows: number }>();
  return ({ text, row }) => {
    if (text === '') return 'the cell is empty';
    const employee = known.get(text) ?? { number: known.size, rows: 0 };
    known.set(text, employee);
    employee.rows += 1;
    employees[row] = employee.number;
    return employee.rows > limits.rowsPerEmployee
      ? `more than ${limits.rowsPerEmployee} rows of one employee`
      : undefined;
  };
}

/** Columns of one value, whose weights mean no more than the bias does. One row alone has no others. */
function constantWarnings(features: readonly Feature[], inputs: Float32Array, rows: number): RecordsWarning[] {
  if (rows < 2) return [];
  const width = inputs.length / rows;
  let offset = 0;
  const constant = features.filter((feature) => {
    const start = offset;
    offset += featureInputs(feature);
    for (let i = width; i < inputs.length; i += width) {
      for (let input = start; input < offset; input += 1) if (inputs[i + input] !== inputs[input]) return false;
    }
    return true;
  });
  if (constant.length === 0) return [];
  const column = constant.map((feature) => feature.column).join(', ');
  return [
    { type: 'constant', column, rows, message: `${column}: every row says the same, so nothing is learned from it` },
  ];
}
