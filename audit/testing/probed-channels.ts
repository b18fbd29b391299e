import type { LocalHashing, RandomSource, UnaryEncoding } from '@chorale/privacy';
import type { PrivUnit } from '@chorale/privacy/updates';
import type { IntegerChannel } from '../src/exact-audit.ts';

const twoTo64 = 2n ** 64n;

/** Hands out the given words, and zeros where none is given. */
function scriptedRandom(words: ReadonlyMap<number, number>): RandomSource & { readonly wordsDrawn: number } {
  let drawn = 0;
  const nextUint32 = (): number => {
    drawn += 1;
    return words.get(drawn - 1) ?? 0;
  };
  return {
    nextUint32,
    nextUint64: () => (BigInt(nextUint32()) << 32n) | BigInt(nextUint32()),
    get wordsDrawn() {
      return drawn;
    },
  };
}

/** For how many of the 64-bit words at a place a draw is true, given that it changes once as words grow: by halving. */
function trueWords(place: number, draw: (random: RandomSource) => boolean): bigint {
  const drawAt = (word: bigint): boolean =>
    draw(
      scriptedRandom(
        new Map([
          [place, Number(word >> 32n)],
          [place + 1, Number(word & 0xffff_ffffn)],
        ]),
      ),
    );
  const first = drawAt(0n);
  let low = 0n;
  let high = twoTo64;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (drawAt(middle) === first) low = middle + 1n;
    else high = middle;
  }
  return first ? low : twoTo64 - low;
}

/** The weights with which unary encoding really tosses its coins, not those that it says. */
export function probedUnaryEncoding(mechanism: UnaryEncoding): IntegerChannel {
  const { options } = mechanism;
  const ones = Array.from({ length: options }, (_, letter) =>
    Array.from({ length: options }, (__, bit) =>
      trueWords(2 * bit, (random) => mechanism.privatize(letter, random)[bit] === 1),
    ),
  );
  return {
    inputs: options,
    outputs: 2 ** options,
    weightTotal: twoTo64 ** BigInt(options),
    weight: (letter, report) =>
      ones[letter]!.reduce((product, one, bit) => product * ((report >> bit) & 1 ? one : twoTo64 - one), 1n),
  };
}

/** The weight with which local hashing really tells the hash, for all seeds; lies and seeds are uniform integers. */
export function probedLocalHashing(mechanism: LocalHashing): IntegerChannel {
  const { options, hashValues: g } = mechanism;
  const digits = mechanism.privatize(0).seed.length;
  const dry = scriptedRandom(new Map());
  mechanism.privatize(0, dry);
  // A seed of zeros hashes everything to 0, and the coin is tossed last.
  const truths = Array.from({ length: options }, (_, letter) =>
    trueWords(dry.wordsDrawn - 2, (random) => mechanism.privatize(letter, random).value === 0),
  );
  const seeds = BigInt(g) ** BigInt(digits);
  return {
    inputs: options,
    outputs: g ** (digits + 1),
    weightTotal: twoTo64 * BigInt(g - 1) * seeds,
    weight(letter, report) {
      const seed = Array.from({ length: digits }, (_, digit) => Math.floor(report / g ** digit) % g);
      const counts = new Float64Array(options);
      mechanism.addSupport({ seed, value: Math.floor(report / g ** digits) }, counts);
      return counts[letter] === 1 ? truths[letter]! * BigInt(g - 1) : twoTo64 - truths[letter]!;
    },
  };
}

/** The word that a uniform integer below `count` takes for this one. */
const rankWord = (rank: number, count: number): number => (count === 1 ? 0 : rank * 2 ** Math.clz32(count - 1));

/** The weights of all candidates of the seed of zeros, for these vectors: every rank is drawn. */
export function probedPrivUnit(mechanism: PrivUnit, vectors: readonly (readonly number[])[]): IntegerChannel {
  const { candidates, capSize } = mechanism;
  // Four words of seed, two for the coin, and one for each rank; none where there is but one.
  const rankPlace = 6;
  const restPlace = rankPlace + Number(capSize > 1);
  const indexOf = (vector: readonly number[], coin: number, place: number, rank: number): number => {
    const words = new Map([
      [4, coin],
      [5, coin],
      [place, rank],
    ]);
    return mechanism.privatize(vector, scriptedRandom(words)).index;
  };
  const weights = vectors.map((vector) => {
    const cap = Array.from({ length: capSize }, (_, rank) => indexOf(vector, 0, rankPlace, rankWord(rank, capSize)));
    const rest = Array.from({ length: candidates - capSize }, (_, rank) =>
      indexOf(vector, 2 ** 32 - 1, restPlace, rankWord(rank, candidates - capSize)),
    );
    const coin = trueWords(4, (random) => cap[0] === mechanism.privatize(vector, random).index);
    const row = Array.from({ length: candidates }, () => 0n);
    for (const index of cap) row[index]! += coin * BigInt(rest.length);
    for (const index of rest) row[index]! += (twoTo64 - coin) * BigInt(cap.length);
    return row;
  });
  return {
    inputs: vectors.length,
    outputs: candidates,
    weightTotal: twoTo64 * BigInt(capSize) * BigInt(candidates - capSize),
    weight: (vector, index) => weights[vector]![index]!,
  };
}
