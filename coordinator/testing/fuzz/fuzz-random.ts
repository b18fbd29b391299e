import { SeededRandom } from '@chorale/privacy/testing';

/** Choices of a fuzzer, the same for the same seed. */
export class FuzzRandom {
  readonly #words: SeededRandom;

  constructor(seed: number) {
    this.#words = new SeededRandom(seed);
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor((this.#words.nextUint32() / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.#words.nextUint32() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  /** A generator of its own: what it draws does not depend on what others draw. */
  branch(): FuzzRandom {
    return new FuzzRandom(this.#words.nextUint32());
  }
}
