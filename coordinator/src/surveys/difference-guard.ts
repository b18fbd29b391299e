/** People who get a number of their own: which wave of the series, and the fewest that any number may be about. */
export type Release = { wave: string; people: readonly string[]; minimum: number };

/**
 * Decides which sets of people may get a number of their own, for one question over the waves of a series. Noise is
 * memoized, so somebody who answers a question alike in two waves sends the same letter: whoever knows who took part
 * can subtract one wave's counts from another's, and what is left are the letters of those who are in one of them only.
 *
 * The rule: a new set has to differ by at least the minimum of people from every set that can be put together from the
 * released ones by union, intersection and complement. Or it has to be the very people of some releases of one wave.
 *
 * What it guarantees: **every linear combination of released counts, over any number of waves and groups, is nothing or
 * has at least `minimum` people with a weight other than zero.** Call people alike who are in the same releases so far
 * (an atom). By induction let v be the latest release of a combination with weight c other than zero; releases that are
 * sums of others are replaced by these. All before v give everybody in one atom the same weight, so that with v those
 * in it have c more than the others: of an atom with i people in v and o outside, at least min(i, o) have a weight other
 * than zero, and of people who are in no earlier release those in v, whose weight is c. The sum of all these is the
 * distance of v to the nearest union of atoms, which the rule demands to be the minimum. Totals over groups, numbers
 * of earlier moments and their differences are such combinations. [E5]
 *
 * It holds for linear combinations of any weights, and not for what else is known: who sees that all of a group gave one
 * answer, or knows the letters of the others in it, learns what no minimum group size keeps. There the letters' epsilon
 * is what protects.
 */
export class DifferenceGuard {
  /** Everybody in a release, and the atom that they are in. */
  readonly #atomOf = new Map<string, number>();
  /** How many people each atom has. */
  readonly #sizes: number[] = [];
  /** By wave, everybody's release, and the sizes of the wave's releases. */
  readonly #waves = new Map<string, { releaseOf: Map<string, number>; sizes: number[] }>();

  /**
   * Releases these people if that may be, and remembers it. Within a wave nobody is released twice.
   * @returns whether they are released now
   */
  admit({ wave, people, minimum }: Release): boolean {
    const parts = Map.groupBy(people, (person) => this.#atomOf.get(person));
    let distance = 0;
    for (const [atom, inside] of parts) {
      distance += atom === undefined ? inside.length : Math.min(inside.length, this.#sizes[atom]! - inside.length);
    }
    if (distance < minimum && !this.#isUnionOfReleases(people)) return false;
    for (const [atom, inside] of parts) this.#split(atom, inside);
    this.#remember(wave, people);
    return true;
  }

  /** Whether they are exactly the people of some releases of one wave: their sum tells nothing of fewer. */
  #isUnionOfReleases(people: readonly string[]): boolean {
    return [...this.#waves.values()].some(({ releaseOf, sizes }) => {
      const touched = new Set<number>();
      for (const person of people) {
        const release = releaseOf.get(person);
        if (release === undefined) return false;
        touched.add(release);
      }
      // Everybody is in one of the touched releases; there are as many people in these only if nobody is missing.
      return [...touched].reduce((sum, release) => sum + sizes[release]!, 0) === people.length;
    });
  }

  /** People of one atom, or of none yet, become an atom of their own, unless they are all of it. */
  #split(atom: number | undefined, inside: readonly string[]): void {
    if (atom !== undefined) {
      if (this.#sizes[atom] === inside.length) return;
      this.#sizes[atom]! -= inside.length;
    }
    const own = this.#sizes.push(inside.length) - 1;
    for (const person of inside) this.#atomOf.set(person, own);
  }

  #remember(wave: string, people: readonly string[]): void {
    let known = this.#waves.get(wave);
    if (known === undefined) this.#waves.set(wave, (known = { releaseOf: new Map(), sizes: [] }));
    const release = known.sizes.push(people.length) - 1;
    for (const person of people) known.releaseOf.set(person, release);
  }
}
