import { inputNames, limits, type TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { CsvError } from './csv-error.ts';
import { readCsv } from './csv.ts';
import { encodeInputs, encodeTable } from './features.ts';
import { tableFromRecords } from './table.ts';
import { attritionTask } from './testing/attrition-task.ts';

const task: TrainingTask = {
  ...attritionTask,
  features: [
    { type: 'number', column: 'Age', minimum: 20, maximum: 60 },
    { type: 'ordinal', column: 'JobLevel', levels: ['Low', 'Medium', 'Very_High'] },
    { type: 'category', column: 'Unit', categories: ['Sales', 'Research'] },
  ],
  label: { column: 'Left', positive: 'Yes', negative: 'No' },
};

async function problemsOf(text: string, mapping = {}, of = task): Promise<unknown> {
  const error = await readCsv(text)
    .then((table) => encodeTable(of, table, { mapping }))
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CsvError);
  return (error as CsvError).problems;
}

test('numbers, levels and categories become inputs, the label 0 or 1', async () => {
  const table = await readCsv(
    'Left,Unit,Age,JobLevel,extra\nYes,Research,30,Medium,x\nNo,Sales,60,Low,y\nNo,Sales,40,Very_High,z',
  );
  expect(encodeTable(task, table)).toEqual({
    inputs: Float32Array.from([-0.5, 0, 0, 1, 1, -1, 1, 0, 0, 1, 1, 0]),
    labels: Uint8Array.from([1, 0, 0]),
    rows: 3,
    warnings: [],
  });
});

/** A file of a row for each of these employees. */
const fileOf = (...employees: string[]): string =>
  ['Left,Unit,Age,JobLevel,employee', ...employees.map((name) => `Yes,Sales,30,Medium,${name}`)].join('\n');

test('[B7] rows are numbered by whose they are, and no cell that says it may be empty', async () => {
  const asked = { ...task, employeeColumn: 'Employee' };
  expect(encodeTable(asked, await readCsv(fileOf('b7', 'a1', 'b7', 'c')))).toMatchObject({
    employees: Uint32Array.from([0, 1, 0, 2]),
    rows: 4,
  });
  expect(encodeTable(task, await readCsv(fileOf('b7', 'a1'))).employees).toBeUndefined();
  expect(await problemsOf(fileOf('b7', ''), {}, asked)).toEqual([
    { row: 2, line: 3, column: 'Employee', message: 'the cell is empty' },
  ]);
  const many = Array.from({ length: limits.rowsPerEmployee }, () => 'a');
  expect(encodeTable(asked, await readCsv(fileOf(...many, 'b'))).rows).toBe(limits.rowsPerEmployee + 1);
  expect(await problemsOf(fileOf(...many, 'b', 'a'), {}, asked)).toEqual([
    { row: 102, line: 103, column: 'Employee', message: 'more than 100 rows of one employee' },
  ]);
});

test('columns and values are found whatever their case, spaces, underscores and hyphens', () => {
  const table = tableFromRecords([
    { age: 40, 'job level': 'very high', UNIT: 'sales', left: 'yes' },
    { age: 40, 'job level': 'low', UNIT: 'research', left: 'NO' },
  ]);
  expect([...encodeTable(task, table).inputs]).toEqual([0, 1, 1, 0, 0, -1, 0, 1]);
});

test('a mapping names the columns that are called otherwise', async () => {
  const table = await readCsv('years,JobLevel,Unit,gone\n20,Low,Sales,Yes\n20,Low,Sales,No');
  expect([...encodeTable(task, table, { mapping: { Age: 'years', Left: 'gone' } }).labels]).toEqual([1, 0]);
});

test('all missing columns are listed at once', async () => {
  expect(await problemsOf('Unit,Age\nSales,30')).toEqual([
    { column: 'JobLevel', message: 'the column is missing' },
    { column: 'Left', message: 'the column is missing' },
  ]);
  expect(await problemsOf('Unit,Age,JobLevel,Left\nSales,30,Low,Yes', { Age: 'years' })).toEqual([
    { column: 'years', message: 'the column is missing' },
  ]);
});

test('two columns of the same name are refused', async () => {
  expect(await problemsOf('Age,Unit,Job Level,Job_Level,Left\n30,Sales,Low,Low,Yes')).toEqual([
    { column: 'JobLevel', message: 'several columns have this name' },
  ]);
});

test('every problem names row, line and column, and none the content of a cell', async () => {
  const text =
    'Age,JobLevel,Unit,Left\n30,Low,Sales,Yes\n\n"4\n0",Low,Sales,No\n,Peak,Legal,maybe\n30,Low\n0x1F,Low,Sales,No';
  expect(await problemsOf(text)).toEqual([
    { row: 2, line: 4, column: 'Age', message: 'not a number' },
    { row: 3, line: 6, column: 'Age', message: 'the cell is empty' },
    { row: 3, line: 6, column: 'JobLevel', message: 'unknown value; known are Low, Medium, Very_High' },
    { row: 3, line: 6, column: 'Unit', message: 'unknown value; known are Sales, Research' },
    { row: 3, line: 6, column: 'Left', message: 'unknown value; known are No, Yes' },
    { row: 4, line: 7, message: '4 cells expected, got 2' },
    { row: 5, line: 8, column: 'Age', message: 'not a number' },
  ]);
});

test('at most twenty problems are collected', async () => {
  const text = `Age,JobLevel,Unit,Left\n${'x,x,x,Yes\n'.repeat(50)}`;
  expect(await problemsOf(text)).toHaveLength(20);
});

test('a table without rows is refused', async () => {
  expect(await problemsOf('Age,JobLevel,Unit,Left\n')).toEqual([{ message: 'the table has no rows' }]);
});

test('numbers outside the bounds are moved to them, and counted', async () => {
  const { inputs, warnings } = encodeTable(
    task,
    await readCsv('Age,JobLevel,Unit,Left\n19,Low,Sales,Yes\n1e3,Medium,Research,No\n60,Low,Sales,No'),
  );
  expect([inputs[0], inputs[4], inputs[8]]).toEqual([-1, 1, 1]);
  expect(warnings).toEqual([
    {
      type: 'clamped',
      column: 'Age',
      rows: 2,
      message: "Age: 2 values were outside the study's bounds and moved to them",
    },
  ]);
});

test.each([
  ['Yes', 'Yes'],
  ['No', 'No'],
])('rows that all say %s are a warning', async (label) => {
  const { warnings } = encodeTable(
    task,
    await readCsv(`Age,JobLevel,Unit,Left\n30,Low,Sales,${label}\n31,Medium,Research,${label}`),
  );
  expect(warnings).toEqual([
    {
      type: 'one-label',
      column: 'Left',
      rows: 2,
      message: `Left: every row says ${label}, so the model learns little from them`,
    },
  ]);
});

const encodeLabels = (label: TrainingTask['label'], cells: string[]) =>
  encodeTable(
    { ...task, label },
    tableFromRecords(
      cells.map((Left, i) => ({ Age: 30 + i, JobLevel: i % 2 === 0 ? 'low' : 'medium', Unit: 'sales', Left })),
    ),
  );
const labelWarnings = (records: ReturnType<typeof encodeLabels>) =>
  records.warnings.filter(({ column }) => column === 'Left').map(({ type, rows }) => [type, rows]);

test('a label of several categories is its position, found as other names are', () => {
  const label = { type: 'category', column: 'Left', categories: ['Very low', 'middling', 'high'] } as const;
  const records = encodeLabels({ ...label, categories: [...label.categories] }, ['HIGH', 'very_low', 'middling']);
  expect(records.labels).toEqual(Uint8Array.from([2, 0, 1]));
  expect(labelWarnings(records)).toEqual([]);
  expect(labelWarnings(encodeLabels({ ...label, categories: [...label.categories] }, ['high', 'high']))).toEqual([
    ['one-label', 2],
  ]);
  expect(() => encodeLabels({ ...label, categories: [...label.categories] }, ['none'])).toThrow(CsvError);
});

test('a label that is a number is clamped to its bounds and scaled', () => {
  const label = { type: 'number', column: 'Left', minimum: 1000, maximum: 5000 } as const;
  const records = encodeLabels(label, ['1000', '4000', '9000', '-1']);
  expect(records.labels).toEqual(Float32Array.from([-1, 0.5, 1, -1]));
  expect(labelWarnings(records)).toEqual([['clamped', 2]]);
  expect(labelWarnings(encodeLabels(label, ['2000', '2000']))).toEqual([['one-label', 2]]);
  for (const cell of ['', 'NaN', 'many', 'Infinity']) expect(() => encodeLabels(label, [cell])).toThrow(CsvError);
});

const warningsOf = async (csv: string) => encodeTable(task, await readCsv(`Age,JobLevel,Unit,Left\n${csv}`)).warnings;

test('columns in which every row says the same are one warning, unless there is one row only', async () => {
  expect(await warningsOf('30,Low,Sales,Yes\n30,Medium,Sales,No')).toEqual([
    {
      type: 'constant',
      column: 'Age, Unit',
      rows: 2,
      message: 'Age, Unit: every row says the same, so nothing is learned from it',
    },
  ]);
  expect((await warningsOf('30,Low,Sales,Yes')).map(({ type }) => type)).toEqual(['one-label']);
});

const withGaps: TrainingTask = {
  ...task,
  features: [
    { type: 'number', column: 'Age', minimum: 20, maximum: 60, missing: 40 },
    { type: 'ordinal', column: 'JobLevel', levels: ['Low', 'NA', 'High'], missing: 'High' },
    { type: 'category', column: 'Unit', categories: ['Sales', 'Research'], other: true, missing: true },
  ],
};

test('an empty cell becomes the public constant and says so, a category off the list is "other"', async () => {
  const encode = async (row: string) => {
    const table = await readCsv(`Age,JobLevel,Unit,Left\n${row}\n20,Low,Sales,No`);
    return Array.from(encodeTable(withGaps, table).inputs.subarray(0, 8));
  };
  expect(withGaps.features.flatMap(inputNames)).toEqual([
    'Age',
    'Age is missing',
    'JobLevel',
    'JobLevel is missing',
    'Unit = Sales',
    'Unit = Research',
    'Unit = other',
    'Unit is missing',
  ]);
  expect(await encode('60,Low,Research,Yes')).toEqual([1, 0, -1, 0, 0, 1, 0, 0]);
  expect(await encode('60,Low,Finance,Yes')).toEqual([1, 0, -1, 0, 0, 0, 1, 0]);
  for (const empty of ['', 'NA', 'n/a', 'NaN', 'null']) {
    expect((await encode(`${empty},Low,Sales,Yes`)).slice(0, 2)).toEqual([0, 1]);
    expect((await encode(`20,Low,${empty},Yes`)).slice(4)).toEqual([0, 0, 0, 1]);
  }
  expect((await encode('20,,Sales,Yes')).slice(2, 4)).toEqual([1, 1]);
  // A level that is called so is that level.
  expect((await encode('20,NA,Sales,Yes')).slice(2, 4)).toEqual([0, 0]);
});

test('what is no number is refused even where cells may be empty', async () => {
  const table = await readCsv('Age,JobLevel,Unit,Left\nold,Low,Sales,Yes');
  expect(() => encodeTable(withGaps, table)).toThrow(CsvError);
});

test('rows without a label have the inputs of rows with one', async () => {
  const rows = 'Age,JobLevel,Unit\n30,Medium,Research\n60,Low,Sales';
  const labelled = 'Age,JobLevel,Unit,Left\n30,Medium,Research,Yes\n60,Low,Sales,No';
  const { inputs, rows: count } = encodeInputs(task, await readCsv(rows));
  expect(inputs).toEqual(encodeTable(task, await readCsv(labelled)).inputs);
  expect(count).toBe(2);
  expect(() => encodeInputs(task, tableFromRecords([{ Age: 'old', JobLevel: 'Low', Unit: 'Sales' }]))).toThrow(
    CsvError,
  );
});
