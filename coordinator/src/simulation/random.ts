/**
 * Repeatable draws for simulations: sfc32 by Chris Doty-Humphrey. Its output tells its state, so it is
 * never noise and nothing outside this folder uses it.
 */
export class SimulationRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any safe integer; the same seed gives the same draws everywhere */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a safe integer, got ${seed}`);
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9 | 0;
    // Twelve turns spread a small seed over the whole state.
    for (let turn = 0; turn < 12; turn += 1) this.word();
  }

  /** 32 bits, as an integer in [0, 2^32). */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  uniform(): number {
    return this.word() / 2 ** 32;
  }

  /** A whole number from `lowest` to `highest`, both included. */
  integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.uniform() * (highest - lowest + 1));
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T;
  pick<T>(choices: readonly T[]): T | undefined;
  pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.integer(0, choices.length - 1)];
  }

  /** Whole milliseconds with this mean, exponentially distributed. */
  delayMs(meanMs: number): number {
    return Math.round(-Math.log(1 - this.uniform()) * meanMs);
  }

  /** A generator of its own: what is drawn from it does not shift what is drawn here. */
  branch(): SimulationRandom {
    return new SimulationRandom(this.word() * 2 ** 20 + (this.word() >>> 12));
  }
}
