/** Prints one JSON object, and nothing else; a number that is infinite becomes `null`. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Prints rows under their headings, columns aligned; numbers to the right. */
export function printTable(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const lines = [headings, ...rows].map((row) => row.map(String));
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const isNumeric = headings.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  for (const line of lines) {
    const cells = line.map((text, column) =>
      isNumeric[column] ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
    );
    process.stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

/** Prints an object's fields, one a line. */
export function printFields(fields: Record<string, string | number | null>): void {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) {
    process.stdout.write(`${name.padEnd(width)}  ${typeof value === 'number' ? round(value) : (value ?? '-')}\n`);
  }
}

/** Six significant digits, without trailing zeros. */
export function round(value: number): string {
  return String(Number(value.toPrecision(6)));
}
