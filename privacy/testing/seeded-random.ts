import type { RandomSource } from '../src/sampling/random.ts';

/**
 * A repeatable stream for tests only: sfc64 by Chris Doty-Humphrey, on 32-bit halves (sfc32 with 128 bits of state).
 * Predictable from its output, so production code must never import it.
 */
export class SeededRandom implements RandomSource {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #wordsDrawn = 0;

  /** @param seed any safe integer; the same seed gives the same stream in every engine */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a safe integer, got ${seed}`);
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9 | 0;
    // Twelve rounds spread a small seed over the whole state.
    for (let round = 0; round < 12; round += 1) this.nextUint32();
    this.#wordsDrawn = 0;
  }

  get wordsDrawn(): number {
    return this.#wordsDrawn;
  }

  nextUint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    this.#wordsDrawn += 1;
    return sum >>> 0;
  }

  nextUint64(): bigint {
    const high = this.nextUint32();
    const low = this.nextUint32();
    return (BigInt(high) << 32n) | BigInt(low);
  }
}

/** A `SeededRandom`; see there. */
export function seededRandom(seed: number): SeededRandom {
  return new SeededRandom(seed);
}
