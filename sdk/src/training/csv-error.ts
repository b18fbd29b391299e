import { ChoraleError } from '@chorale/protocol';

/**
 * One thing that is wrong with a table, and where. It names no cell's content: errors end up in logs, and
 * contents are employees' data.
 */
export type CsvProblem = {
  message: string;
  column?: string;
  /** Data row, from 1, the header not counted. */
  row?: number;
  /** Line of the file, from 1. */
  line?: number;
};

/** The first problems are reported together; a file with more is not worth a longer list. */
export const maximumProblems = 20;

/** A table that cannot be used, with everything that is wrong with it. */
export class CsvError extends ChoraleError {
  readonly problems: readonly CsvProblem[];

  /** @param problems at least one */
  constructor(problems: readonly CsvProblem[]) {
    const [first] = problems;
    if (first === undefined) throw new RangeError('problems must hold at least one problem, got none');
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    super('CSV_INVALID', `${describe(first)}${more}`);
    this.name = 'CsvError';
    this.problems = problems;
  }
}

function describe({ row, line, column, message }: CsvProblem): string {
  const place = [
    row === undefined ? undefined : `row ${row}`,
    line === undefined ? undefined : `line ${line}`,
    column === undefined ? undefined : `column ${column}`,
  ].filter((part) => part !== undefined);
  return place.length === 0 ? message : `${place.join(', ')}: ${message}`;
}
