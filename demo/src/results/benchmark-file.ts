import { ChoraleError } from '@chorale/protocol';
import { readCsv } from '@chorale/sdk/training';

/**
 * Rows of a file of benchmarks: a JSON array, or a CSV with the columns question, estimate (where a question has several),
 * value, source and year. What the rows must be is the coordinator's to say.
 * @throws ChoraleError `CSV_INVALID` for what is neither
 */
export async function readBenchmarks(file: File): Promise<object[]> {
  if (/\.json$/i.test(file.name)) return rowsOfJson(await file.text());
  const { columns, rows } = await readCsv(file);
  const names = columns.map((column) => column.trim().toLowerCase());
  return rows.map((cells) => Object.fromEntries(cells.flatMap((cell, i) => entryOf(names[i]!, cell.trim()))));
}

function rowsOfJson(text: string): object[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new ChoraleError('CSV_INVALID', 'the file is no JSON', { cause });
  }
  if (!Array.isArray(content)) throw new ChoraleError('CSV_INVALID', 'the file must hold a list of benchmarks');
  return content;
}

/** An empty cell is none; what is no number stays text, so that it is refused with its row. */
function entryOf(name: string, cell: string): [string, string | number][] {
  if (cell === '') return [];
  const isNumber = (name === 'value' || name === 'year') && Number.isFinite(Number(cell));
  return [[name, isNumber ? Number(cell) : cell]];
}
