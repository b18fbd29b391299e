/** One cell; `null` is empty. */
export type CsvCell = string | number | boolean | null;

/**
 * A table as RFC 4180 wants it: CRLF after every line, cells quoted where they must be. Texts that a spreadsheet would
 * run as a formula get an apostrophe before them; numbers are written as they are.
 * @param rows each as long as the header
 */
export function toCsv(header: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [header, ...rows].map((row) => `${row.map(toCell).join(',')}\r\n`).join('');
}

function toCell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
