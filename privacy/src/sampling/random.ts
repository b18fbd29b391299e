import { checkIn, checkIndex, checkInteger } from '../numerics/checks.ts';

/** A stream of independent uniform bits; every sampler in this package takes one as its last argument. */
export interface RandomSource {
  /** A uniform integer in [0, 2**32). */
  nextUint32(): number;
  /** A uniform integer in [0, 2**64). */
  nextUint64(): bigint;
}

/** A 64-bit word of two words, the high one first. */
export function nextUint64(random: Pick<RandomSource, 'nextUint32'>): bigint {
  const high = random.nextUint32();
  return (BigInt(high) << 32n) | BigInt(random.nextUint32());
}

/** No cryptographic randomness: nothing may be privatized, so callers must let this error stop them. */
export class SecureRandomUnavailableError extends Error {
  override readonly name = 'SecureRandomUnavailableError';
  readonly code = 'SECURE_RANDOM_UNAVAILABLE';
}

// Unspent words predict future noise, so the pool is small; it is also far below the 65,536 bytes
// that one getRandomValues call may fill. 1,024 words make the call's overhead vanish.
const poolWords = 1024;

/**
 * The platform's cryptographic generator, buffered. Words are erased from the buffer as they are used.
 *
 * @throws {SecureRandomUnavailableError} from the constructor, and from the `next` methods, where
 *   `crypto.getRandomValues` is missing, throws or fills the buffer with one repeated word
 */
export class SecureRandom implements RandomSource {
  readonly #pool = new Uint32Array(poolWords);
  #position = poolWords;

  constructor() {
    this.#refill();
  }

  nextUint32(): number {
    if (this.#position >= poolWords) this.#refill();
    const word = this.#pool[this.#position]!;
    this.#pool[this.#position] = 0;
    this.#position += 1;
    return word;
  }

  nextUint64(): bigint {
    return nextUint64(this);
  }

  #refill(): void {
    // Every word was erased as it was used: a generator that does nothing then shows as all zeros. A failed refill
    // leaves #position at the end, so that no later call can reach unfilled words.
    try {
      globalThis.crypto.getRandomValues(this.#pool);
    } catch (cause) {
      throw new SecureRandomUnavailableError('crypto.getRandomValues failed', { cause });
    }
    // A repeated word fills an honest pool with probability 2**-32736.
    const first = this.#pool[0]!;
    if (this.#pool.every((word) => word === first)) {
      throw new SecureRandomUnavailableError('crypto.getRandomValues returned a constant buffer');
    }
    this.#position = 0;
  }
}

let shared: SecureRandom | undefined;

/**
 * The shared `SecureRandom`, created on first use.
 *
 * @throws {SecureRandomUnavailableError} where there is no cryptographic randomness
 */
export function secureRandom(): RandomSource {
  shared ??= new SecureRandom();
  return shared;
}

const twoTo32 = 2 ** 32;

/**
 * A uniform integer in [0, bound). Retries depend on `bound` and the bits alone, so the bound must be public.
 *
 * @param bound integer in [1, 2**53 - 1]
 * @throws {RangeError} for any other bound
 */
export function uniformInteger(bound: number, random: RandomSource = secureRandom()): number {
  // Taken apart, the interval's text would cost more than a draw.
  if (!(Number.isSafeInteger(bound) && bound >= 1)) checkInteger('bound', bound, '[1, Infinity)');
  // Keep the bits that bound - 1 needs and reject what is too large: less than half of all tries fail,
  // and nothing is biased, unlike a remainder.
  const largest = bound - 1;
  if (largest === 0) return 0;
  const high = Math.floor(largest / twoTo32);
  for (;;) {
    const candidate =
      high === 0
        ? random.nextUint32() >>> Math.clz32(largest)
        : (random.nextUint32() >>> Math.clz32(high)) * twoTo32 + random.nextUint32();
    if (candidate < bound) return candidate;
  }
}

/**
 * `count` distinct integers of [0, from), every subset equally likely, in increasing order.
 *
 * @throws {RangeError} unless 0 <= count <= from, both integers
 * @see Floyd, in Bentley, Programming Pearls: a sample of brilliance, CACM 1987
 */
export function sampleWithoutReplacement(
  { count, from }: { count: number; from: number },
  random: RandomSource = secureRandom(),
): number[] {
  checkIndex('count', count, checkIndex('from', from, 2 ** 53) + 1);
  const chosen = new Set<number>();
  for (let last = from - count; last < from; last += 1) {
    const candidate = uniformInteger(last + 1, random);
    chosen.add(chosen.has(candidate) ? last : candidate);
  }
  return [...chosen].sort((a, b) => a - b);
}

/**
 * A Poisson sample: the integers of [0, from) of which each is chosen independently, with probability exactly `rate`, in
 * increasing order. Always two words for each, and their comparison with two constants.
 *
 * @param rate in [2**-12, 1]: every double there is a multiple of 2**-64
 * @param from integer >= 0
 * @throws {RangeError} outside these ranges
 */
export function poissonSample(
  { rate, from }: { rate: number; from: number },
  random: RandomSource = secureRandom(),
): number[] {
  checkIn('rate', rate, `[${2 ** -12}, 1]`);
  checkIndex('from', from, 2 ** 53);
  // A number of 64 bits is below rate * 2**64, whose two words these are; scaling by powers of two is exact.
  const high = Math.floor(rate * twoTo32);
  const low = (rate * twoTo32 - high) * twoTo32;
  const chosen: number[] = [];
  for (let index = 0; index < from; index += 1) {
    const first = random.nextUint32();
    const second = random.nextUint32();
    if (first < high || (first === high && second < low)) chosen.push(index);
  }
  return chosen;
}

/**
 * True with probability exactly weight / 2**64; always one 64-bit word.
 *
 * @param weight in [0, 2**64]
 * @throws {RangeError} outside
 */
export function bernoulli(weight: bigint, random: RandomSource = secureRandom()): boolean {
  if (weight < 0n || weight > 2n ** 64n) throw new RangeError(`weight must be in [0, 2**64], got ${weight}`);
  return random.nextUint64() < weight;
}
