/** Something about the data that a person should know before training; not an error. */
export type RecordsWarning = {
  type: 'clamped' | 'constant' | 'one-label';
  column: string;
  rows: number;
  message: string;
};

/** Values that were outside of a column's bounds. */
export function clampedWarning(column: string, rows: number): RecordsWarning {
  return {
    type: 'clamped',
    column,
    rows,
    message: `${column}: ${rows === 1 ? '1 value was' : `${rows} values were`} outside the study's bounds and moved to them`,
  };
}
