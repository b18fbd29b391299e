/**
 * Identifiers of a study made of names that may be anything: letters a to z, digits and hyphens, at most 64 characters,
 * each given once. The same names in the same order give the same identifiers.
 */
export class Identifiers {
  readonly #given = new Set<string>();

  give(name: string): string {
    const plain = name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/\p{Mark}/gu, '')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 56);
    const base = plain === '' ? 'q' : plain;
    let identifier = base;
    for (let i = 2; this.#given.has(identifier); i += 1) identifier = `${base}-${i}`;
    this.#given.add(identifier);
    return identifier;
  }
}
