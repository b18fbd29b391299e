import { sha256 } from '@chorale/protocol';
import type { Batch } from './engines/engine.ts';

// So many digests are under way at once that WebCrypto's threads stay busy, and not a whole file's.
const concurrentDigests = 256;

/** Rows with, if a task asks for it, whose each is: `[rows]`, numbered as they first appear. */
export type SiteRows = Batch & { employees?: Uint32Array | undefined };

/**
 * Which rows never train, `[rows]`, 1 for held back: those whose hash of seed and position, as a fraction
 * of its range, is below `holdout`. It depends on no content, and is the same at every visit. With `employees` it is the
 * employee's position that counts, so that all rows of one are in one part.
 * @param holdout share of rows, in (0, 1).
 */
export async function heldBackRows({
  rows,
  employees,
  holdout,
  seed,
}: {
  rows: number;
  employees?: Uint32Array | undefined;
  holdout: number;
  seed: number;
}): Promise<Uint8Array> {
  if (employees !== undefined) {
    const heldBack = await heldBackRows({ rows: employeesOf({ rows, employees }), holdout, seed });
    return Uint8Array.from(employees, (employee) => heldBack[employee]!);
  }
  const heldBack = new Uint8Array(rows);
  for (let start = 0; start < rows; start += concurrentDigests) {
    const block = Array.from({ length: Math.min(concurrentDigests, rows - start) }, async (_, i) => {
      const digest = await sha256(`${seed}\n${start + i}`);
      const word = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
      heldBack[start + i] = word / 2 ** 32 < holdout ? 1 : 0;
    });
    await Promise.all(block);
  }
  return heldBack;
}

/** How many employees there are. */
export function employeesOf({ rows, employees }: Pick<SiteRows, 'rows' | 'employees'>): number {
  return employees === undefined ? rows : employees.reduce((most, employee) => Math.max(most, employee + 1), 0);
}

/**
 * Splits records into rows that train and rows that only evaluate, each in their order. Of an employee who is held back
 * the first row evaluates and the others do nothing: a histogram is charged for one row of each.
 */
export async function splitRecords(
  records: SiteRows,
  { holdout, seed }: { holdout: number; seed: number },
): Promise<{ training: SiteRows; heldBack: SiteRows }> {
  const { employees } = records;
  const mask = await heldBackRows({ rows: records.rows, employees, holdout, seed });
  const training = [...mask.keys()].filter((row) => mask[row] === 0);
  const seen = new Set<number>();
  const heldBack = [...mask.keys()].filter((row) => {
    const employee = employees?.[row] ?? row;
    return mask[row] === 1 && seen.size < seen.add(employee).size;
  });
  return { training: gatherRows(records, training), heldBack: gatherRows(records, heldBack) };
}

/** The rows at these positions, in the order given; their employees are numbered anew. */
export function gatherRows(source: SiteRows, positions: ArrayLike<number>): SiteRows {
  const rows = positions.length;
  const width = source.rows === 0 ? 0 : source.inputs.length / source.rows;
  const inputs = new Float32Array(rows * width);
  const labels = source.labels instanceof Float32Array ? new Float32Array(rows) : new Uint8Array(rows);
  for (let i = 0; i < rows; i += 1) {
    const row = positions[i]!;
    inputs.set(source.inputs.subarray(row * width, (row + 1) * width), i * width);
    labels[i] = source.labels[row]!;
  }
  if (source.employees === undefined) return { inputs, labels, rows };
  const numbers = new Map<number, number>();
  const employees = Uint32Array.from(positions, (row) => {
    const employee = source.employees![row]!;
    if (!numbers.has(employee)) numbers.set(employee, numbers.size);
    return numbers.get(employee)!;
  });
  return { inputs, labels, rows, employees };
}
