/** Sums of two products of residues must stay exact in a double. */
const PRIME = 67_108_859;

/** How many people have a weight other than zero. */
export function support(vector: ArrayLike<number>): number {
  return Array.from(vector).filter((weight) => weight !== 0).length;
}

/**
 * All linear combinations of published sets of people: what somebody who knows who is in which number can work out about
 * whom. Weights are residues of a prime, so a combination with rational weights never has more people here than it has.
 */
export class MembershipSpan {
  /** Independent rows that all others are sums of. */
  readonly #basis: Float64Array[];
  readonly #columns: number;

  /** @param vectors one weight a person, all of one length */
  constructor(vectors: readonly ArrayLike<number>[]) {
    this.#columns = vectors[0]?.length ?? 0;
    this.#basis = reduced(
      vectors.map((vector) => Float64Array.from(vector)),
      Array.from({ length: this.#columns }, (_, column) => column),
    );
  }

  /** Numbers that are not sums of others. */
  get rank(): number {
    return this.#basis.length;
  }

  /** People whose own letter alone is a combination: exactly those, because such a row is in any reduced form. */
  get isolated(): number {
    return this.#basis.filter((row) => support(row) === 1).length;
  }

  /**
   * The fewest people that any combination which is found is about; there may be smaller ones. Each try puts the people
   * in another order, solves for as many as there are numbers, and looks at the combinations of one or two solutions
   * (information set decoding: Prange 1962, Lee and Brickell 1988).
   * @param random uniform in [0, 1)
   */
  sparsest({ tries, random }: { tries: number; random: () => number }): number {
    let fewest = Infinity;
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const order = Array.from({ length: this.#columns }, (_, column) => ({ column, key: random() }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ column }) => column);
      const rows = reduced(this.#basis, order).map((row) => ({ row, inverses: row.map(inverse) }));
      for (const [index, { row }] of rows.entries()) {
        fewest = Math.min(fewest, support(row));
        for (const { inverses } of rows.slice(index + 1)) fewest = Math.min(fewest, sparsestOfTwo(row, inverses));
      }
    }
    return fewest;
  }
}

/** Fewest people in one row plus any multiple of another, given by its inverses: a multiple removes those of one ratio. */
function sparsestOfTwo(row: Float64Array, inverses: Float64Array): number {
  const ratios = new Map<number, number>();
  let either = 0;
  row.forEach((weight, column) => {
    const beside = inverses[column]!;
    if (weight === 0 && beside === 0) return;
    either += 1;
    if (weight === 0 || beside === 0) return;
    const ratio = multiply(weight, beside);
    ratios.set(ratio, (ratios.get(ratio) ?? 0) + 1);
  });
  return either - Math.max(0, ...ratios.values());
}

/** Reduced row echelon form without its empty rows; pivots are sought in this order of columns. */
function reduced(rows: readonly Float64Array[], order: readonly number[]): Float64Array[] {
  const left = rows.map((row) => row.map(residue));
  const done: Float64Array[] = [];
  for (const column of order) {
    const index = left.findIndex((row) => row[column] !== 0);
    if (index === -1) continue;
    const [pivot] = left.splice(index, 1) as [Float64Array];
    const scale = inverse(pivot[column]!);
    pivot.forEach((weight, at) => (pivot[at] = multiply(weight, scale)));
    for (const row of [...left, ...done]) subtract(row, pivot, row[column]!);
    done.push(pivot);
  }
  return done;
}

function subtract(row: Float64Array, pivot: Float64Array, times: number): void {
  if (times === 0) return;
  for (let at = 0; at < row.length; at += 1) row[at] = residue(row[at]! - multiply(pivot[at]!, times));
}

function residue(value: number): number {
  const rest = value % PRIME;
  return rest < 0 ? rest + PRIME : rest;
}

function multiply(a: number, b: number): number {
  return (a * b) % PRIME;
}

/** By Fermat's little theorem; of 0 it is 0. */
function inverse(value: number): number {
  let result = 1;
  for (let power = value, rest = PRIME - 2; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = multiply(result, power);
    power = multiply(power, power);
  }
  return result;
}
