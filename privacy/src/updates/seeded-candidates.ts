import { normalQuantile, logNormalDensity } from '../numerics/normal-distribution.ts';

/** Four 32-bit words that stand for a whole sequence of random vectors. Public, and independent of any data. */
export type CandidateSeed = Uint32Array;

/*
 * The generator is counter-based: word j of candidate i is a hash of (seed, i, j), so that one candidate can be made
 * without the others. It works on 32-bit integers only and gives the same bits everywhere. It need not be
 * cryptographic: the seed is public, and privacy does not rest on the candidates at all.
 *
 * The hash is two rounds of multiply and xor-shift with constants that Wellons' search found to have almost no bias
 * (hash-prospector, 2018); the counter advances by 2^32 / golden ratio (Weyl's sequence). Numbers stand in the code, not
 * in constants: V8 reads a module's constants anew in every step, which doubles the time of the loop below.
 */
function hash(counter: number, key: number): number {
  let x = counter ^ (counter >>> 16);
  x = (Math.imul(x, 0x21f0aaad) + key) | 0;
  x ^= x >>> 15;
  x = Math.imul(x, 0x735a2d97);
  return x ^ (x >>> 15);
}

// A candidate's start and key: hashes of the seed and, last, its index, so that all starts of a seed differ.
function streamWord(seed: CandidateSeed, index: number, purpose: number): number {
  const state = seed.reduce((mixed, word) => hash(mixed ^ word, purpose), purpose);
  return hash(state ^ index, purpose);
}

// Any two numbers that differ; these are digits of pi.
const startPurpose = 0x243f6a88;
const keyPurpose = 0x13198a2e;

// A word makes two coordinates, of 16 bits each.
const levels = 2 ** 16;
// The table's entries are multiples of this. Logarithms differ in their last places between engines; an entry would
// differ only where they decide the rounding, which a test excludes by far.
const resolution = 2 ** -12;
let normalTable: Float32Array | undefined;

/**
 * Standard normals in `levels` equally likely parts, each replaced by its mean, so that sums of whole parts have the
 * mean of the normal's own. What is lost is the spread within parts: 3e-6 of the variance, most of it in the tails.
 */
export function normalLevels(): Float32Array {
  if (normalTable) return normalTable;
  const table = new Float32Array(levels);
  // The mean of Z over [x, y], of probability 1 / levels, is (phi(x) - phi(y)) levels.
  let lowerDensity = 0;
  for (let level = 0; level < levels / 2; level += 1) {
    const upperDensity = Math.exp(logNormalDensity(normalQuantile((level + 1) / levels)));
    const mean = (lowerDensity - upperDensity) * levels;
    table[level] = Math.round(mean / resolution) * resolution;
    table[levels - 1 - level] = -table[level]!;
    lowerDensity = upperDensity;
  }
  normalTable = table;
  return table;
}

/** Which candidates: those of a seed, in `length` dimensions. */
export interface CandidateOptions {
  readonly seed: CandidateSeed;
  readonly length: number;
  /** Whether candidates are scaled to L2 norm 1. */
  readonly normalized: boolean;
}

/** The inner products of a direction, of `length` coordinates, with the first `candidates` candidates. */
export function candidateScores(
  direction: Float64Array,
  { seed, length, normalized, candidates }: CandidateOptions & { candidates: number },
): Float64Array {
  const table = normalLevels();
  const scores = new Float64Array(candidates);
  // A word makes two coordinates: one beyond the last, where the length is odd.
  const padded = new Float64Array(length + 1);
  padded.set(direction);
  for (let index = 0; index < candidates; index += 1) {
    const key = streamWord(seed, index, keyPurpose);
    let counter = streamWord(seed, index, startPurpose);
    let product0 = 0;
    let product1 = 0;
    let square0 = 0;
    let square1 = 0;
    // The one loop that takes time: independent sums, so that additions need not wait.
    for (let k = 1; k <= length; k += 2) {
      counter = (counter + 0x9e3779b9) | 0;
      const word = hash(counter, key);
      const z0 = table[word & 0xffff]!;
      const z1 = table[word >>> 16]!;
      product0 += z0 * padded[k - 1]!;
      product1 += z1 * padded[k]!;
      square0 += z0 * z0;
      square1 += z1 * z1;
    }
    // Squares are multiples of 2^-24, so that the one too many is taken off exactly.
    if (length % 2 === 1) square1 -= table[hash(counter, key) >>> 16]! ** 2;
    // A candidate of zeros, which a few dimensions allow, scores 0: one NaN would upset the order of all.
    const norm = (normalized && Math.sqrt(square0 + square1)) || 1;
    scores[index] = (product0 + product1) / norm;
  }
  return scores;
}

/** One candidate, as `candidateScores` sees it. */
export function candidateVector(index: number, { seed, length, normalized }: CandidateOptions): Float64Array {
  const table = normalLevels();
  const start = streamWord(seed, index, startPurpose);
  const key = streamWord(seed, index, keyPurpose);
  const vector = new Float64Array(length).map((_, k) => {
    const word = hash((start + Math.imul((k >> 1) + 1, 0x9e3779b9)) | 0, key);
    return table[k % 2 === 0 ? word & 0xffff : word >>> 16]!;
  });
  if (!normalized) return vector;
  // Squares are multiples of 2^-24, so that their sum is exact, in whatever order.
  const norm = Math.sqrt(vector.reduce((sum, z) => sum + z * z, 0)) || 1;
  return vector.map((z) => z / norm);
}
