/** Rows of text under named columns, as a CSV holds them. */
export type Table = {
  columns: readonly string[];
  /** Every row has as many cells as there are columns, unless `encodeTable` is to say which has not. */
  rows: readonly (readonly string[])[];
  /** Line of the file, from 1, on which each row starts; absent when the rows come from no file. */
  lines?: readonly number[];
};

/** A table from records, such as an employee's own: columns in the order of their first appearance. */
export function tableFromRecords(records: readonly Readonly<Record<string, string | number | boolean>>[]): Table {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return { columns, rows: records.map((record) => columns.map((column) => String(record[column] ?? ''))) };
}
