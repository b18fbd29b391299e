import { isDeepStrictEqual } from 'node:util';
import { ChoraleError, formatBytes, unpackMultiples } from '@chorale/protocol';
import type { Aggregate, Aggregation } from './aggregation.ts';
import type { Combination } from './combination.ts';
import type { ContributionRule } from './contribution.ts';
import { measure, type Measured } from './extent.ts';
import { freeMemory } from '../../operations/free-memory.ts';

export type AggregatorOptions = {
  contribution: ContributionRule;
  combination: Combination;
  /** 1 where the rule has no weights. */
  largestWeight: number;
};

/**
 * Lets each participant's vector into the combination once, when it is what an honest client could send, and
 * the result out once. Of a contribution itself it keeps no more than what was measured.
 */
export class Aggregator implements Aggregation {
  readonly #options: AggregatorOptions;
  /** What was measured of each contribution, to know a repeated message from a second contribution. */
  readonly #measured = new Map<string, Measured>();
  /** What packed multiples are read into, one vector after another. */
  #scratch: Int32Array | undefined;
  #isOpen = true;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  add({ participant, bytes, weight }: { participant: string; bytes: Uint8Array; weight: number }): void {
    const { contribution, combination, largestWeight } = this.#options;
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > largestWeight) {
      throw new RangeError(`weight must be an integer from 1 to ${largestWeight}, got ${weight}`);
    }
    if (this.#measured.has(participant)) {
      throw new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
    }
    if (!this.#isOpen) throw new ChoraleError('ROUND_CLOSED', 'the round has ended');
    const vector = this.#unpack(bytes);
    const { unit } = contribution.format;
    const measured = combination.add(vector, {
      weight,
      unit,
      check: (norm) => contribution.check(vector, unit * norm),
    });
    this.#measured.set(participant, measured);
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    const known = this.#measured.get(participant);
    const { length, format } = this.#options.contribution;
    if (known === undefined || bytes.byteLength !== formatBytes(format, length)) return false;
    return isDeepStrictEqual(measure(this.#unpack(bytes)), known);
  }

  get contributions(): number {
    return this.#measured.size;
  }

  async release({ quorum }: { quorum: number }): Promise<Aggregate> {
    if (!this.#isOpen) throw new ChoraleError('INTERNAL', 'a round is released once, and not after its end');
    if (this.#measured.size < Math.max(1, quorum)) {
      throw new ChoraleError('INTERNAL', `quorum of ${quorum} not reached: ${this.#measured.size} contributions`);
    }
    this.#end();
    return { ...(await this.#options.combination.combine()), contributions: this.#measured.size };
  }

  dispose(): void {
    this.#end();
    this.#options.combination.dispose();
  }

  #end(): void {
    this.#isOpen = false;
    if (this.#scratch !== undefined) freeMemory(this.#scratch);
    this.#scratch = undefined;
  }

  /** The vector of a message as multiples, in its memory or in one that the next vector overwrites. */
  #unpack(bytes: Uint8Array): Int32Array {
    const { length, format } = this.#options.contribution;
    // Those of 32 bits are read in place where they begin at a multiple of four bytes, as in a large update they do.
    if (format.bits < 32 || bytes.byteOffset % 4 !== 0) this.#scratch ??= new Int32Array(length);
    return unpackMultiples(bytes, format, { length, scratch: this.#scratch });
  }
}
