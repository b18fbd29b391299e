import type { FrequencyMechanism } from '../src/mechanisms/frequency-mechanism.ts';
import type { LocalHashing } from '../src/mechanisms/local-hashing.ts';
import { localHashing, randomizedResponse, subsetSelection, unaryEncoding } from '../src/index.ts';

/** Every report that a mechanism can make, and how likely it is for each letter: for small alphabets. */
export interface ReportTable {
  readonly channel: FrequencyMechanism<unknown>;
  readonly reports: readonly unknown[];
  readonly probability: (letter: number, index: number) => number;
}

export const reportTables = {
  'randomized-response': (parameters: { options: number; epsilon: number }): ReportTable => {
    const channel = randomizedResponse(parameters);
    return {
      channel,
      reports: [...Array(channel.outputs).keys()],
      probability: (letter, index) => channel.probability(letter, index),
    };
  },

  'subset-selection': (parameters: { options: number; epsilon: number; size?: number }): ReportTable => {
    const channel = subsetSelection(parameters);
    return {
      channel,
      reports: [...Array(channel.outputs).keys()],
      probability: (letter, index) => channel.probability(letter, index),
    };
  },

  'optimized-unary-encoding': (parameters: { options: number; epsilon: number }): ReportTable => {
    const channel = unaryEncoding(parameters);
    const { options, p, q } = channel;
    const reports = Array.from({ length: 2 ** options }, (_, bits) =>
      Uint8Array.from({ length: options }, (__, letter) => (bits >> letter) & 1),
    );
    return {
      channel,
      reports,
      probability: (letter, index) =>
        reports[index]!.reduce((product, bit, other) => {
          const one = other === letter ? p : q;
          return product * (bit ? one : 1 - one);
        }, 1),
    };
  },

  // All seeds are equally likely, and each value is as likely as randomized response makes it.
  'optimal-local-hashing': (parameters: { options: number; epsilon: number; hashValues?: number }): ReportTable => {
    const channel: LocalHashing = localHashing(parameters);
    const { options, hashValues: g, p } = channel;
    const digits = Math.ceil(Math.log2(options));
    const digitsOf = (number: number, base: number): number[] =>
      Array.from({ length: digits }, (_, digit) => Math.floor(number / base ** digit) % base);
    const reports = Array.from({ length: g ** (digits + 1) }, (_, index) => ({
      seed: digitsOf(index, g),
      value: Math.floor(index / g ** digits),
    }));
    const hash = (seed: readonly number[], letter: number): number =>
      digitsOf(letter, 2).reduce((sum, bit, digit) => sum + bit * seed[digit]!, 0) % g;
    return {
      channel,
      reports,
      probability: (letter, index) => {
        const { seed, value } = reports[index]!;
        return (hash(seed, letter) === value ? p : (1 - p) / (g - 1)) / g ** digits;
      },
    };
  },
};
