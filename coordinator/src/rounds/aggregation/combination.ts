import type { Measured } from './extent.ts';

/** What a combination makes of the vectors of a round. */
export type Combined = {
  /** Exact integers; over `totalWeight` they are the round's outcome: a mean, a trimmed mean or a median. */
  sum: Float64Array;
  totalWeight: number;
  /**
   * Bound on how far `sum` moves, in L2, when the vector that one client had before its own noise is replaced
   * and all noise stays the same. Updates carry their noise already, so no promise rests on it: it is for
   * whoever would add noise to `sum`.
   */
  sensitivity: number;
};

/** How a vector counts. */
export type Terms = {
  /** Public, an integer >= 1. */
  weight: number;
  /** Grid steps in one multiple: the vector's coordinates are multiples of so many. */
  unit: number;
  /** What the vector's norm, in multiples, must pass before it counts: throws for one that must not. */
  check: (norm: number) => void;
};

/** How the vectors of one round become one, whatever their order. */
export interface Combination {
  /**
   * Takes a vector in, or throws and stays as it was. The vector may share a message's memory: it is not kept.
   * @returns what was measured of it, in multiples
   * @throws what `check` throws; ChoraleError `INTERNAL` when the sum could no longer be sure to be exact;
   *   `ROUND_CLOSED` when full.
   */
  add(vector: Int32Array, terms: Terms): Measured;
  /** Gives the result away, once. @throws ChoraleError `INTERNAL` when it could not be computed. */
  combine(): Promise<Combined>;
  /** Frees all memory at once; a `combine` that is under way fails. */
  dispose(): void;
}
