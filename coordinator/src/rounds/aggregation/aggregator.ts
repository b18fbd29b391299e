import { hash } from 'node:crypto';
import { ChoraleError, decodeIntegers } from '@chorale/protocol';
import type { Aggregate, Aggregation } from './aggregation.ts';
import type { Combination } from './combination.ts';
import type { ContributionRule } from './contribution.ts';
import { measure } from './extent.ts';

export type AggregatorOptions = {
  contribution: ContributionRule;
  combination: Combination;
  /** 1 where the rule has no weights. */
  largestWeight: number;
};

/**
 * Lets each participant's vector into the combination once, when it is what an honest client could send, and
 * the result out once. Of a contribution itself it keeps no more than a hash.
 */
export class Aggregator implements Aggregation {
  readonly #options: AggregatorOptions;
  /** SHA-256 of each contribution, to know a repeated message from a second contribution. */
  readonly #digests = new Map<string, string>();
  #isOpen = true;

  constructor(options: AggregatorOptions) {
    this.#options = options;
  }

  add({ participant, bytes, weight }: { participant: string; bytes: Uint8Array; weight: number }): void {
    const { contribution, combination, largestWeight } = this.#options;
    if (!Number.isSafeInteger(weight) || weight < 1 || weight > largestWeight) {
      throw new RangeError(`weight must be an integer from 1 to ${largestWeight}, got ${weight}`);
    }
    if (this.#digests.has(participant)) {
      throw new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
    }
    if (!this.#isOpen) throw new ChoraleError('ROUND_CLOSED', 'the round has ended');
    const vector = decodeIntegers(bytes, contribution.length);
    const extent = measure(vector);
    contribution.check(extent);
    const digest = hash('sha256', bytes);
    combination.add(vector, { weight, extent });
    this.#digests.set(participant, digest);
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    const known = this.#digests.get(participant);
    return known !== undefined && known === hash('sha256', bytes);
  }

  get contributions(): number {
    return this.#digests.size;
  }

  async release({ quorum }: { quorum: number }): Promise<Aggregate> {
    if (!this.#isOpen) throw new ChoraleError('INTERNAL', 'a round is released once, and not after its end');
    if (this.#digests.size < Math.max(1, quorum)) {
      throw new ChoraleError('INTERNAL', `quorum of ${quorum} not reached: ${this.#digests.size} contributions`);
    }
    this.#isOpen = false;
    return { ...(await this.#options.combination.combine()), contributions: this.#digests.size };
  }

  dispose(): void {
    this.#isOpen = false;
    this.#options.combination.dispose();
  }
}
