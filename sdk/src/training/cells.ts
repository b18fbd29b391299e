/** Puts one cell where it belongs. @returns what is wrong with it, and nothing otherwise. */
export type CellEncoder = (cell: { text: string; row: number }) => string | undefined;

/** The same name, written differently. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/** An empty cell, or what programs that export tables write for one. */
export function isMissing(text: string): boolean {
  return /^(na|n\/a|nan|null)?$/i.test(text);
}

/** The number in a cell, or what is wrong with it. */
export function parseNumber(text: string): number | string {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  return text === '' ? 'the cell is empty' : 'not a number';
}

/** Position of a name in a list: as written, or else the one that differs in writing only. */
export function finder(names: readonly string[]): (text: string) => number | undefined {
  const exact = new Map(names.map((name, i) => [name, i]));
  const alike = new Map<string, number | undefined>();
  for (const [i, name] of names.entries()) {
    const key = normalizeName(name);
    alike.set(key, alike.has(key) ? undefined : i);
  }
  return (text) => exact.get(text) ?? alike.get(normalizeName(text));
}

export function unknown(text: string, names: readonly string[]): string {
  return text === '' ? 'the cell is empty' : `unknown value; known are ${names.join(', ')}`;
}
