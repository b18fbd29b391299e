import { hash } from 'node:crypto';
import { ChoraleError, type TrainingTask } from '@chorale/protocol';
import { type Aggregation, createAggregation } from '../rounds/aggregation/aggregation.ts';
import type { Contribution } from '../rounds/intake.ts';
import type { Claims, Partial, RoundKey } from './claims.ts';

/** How long a client should wait that sends what another node holds: until that node is found dead, or the round ends. */
const HELD_RETRY_MS = 2000;

/** The contributions to one round that this node holds: each is claimed for it before it is added. */
export class ClusterIntake {
  readonly #claims: Claims;
  readonly #node: number;
  readonly #key: RoundKey;
  readonly #aggregation: Aggregation;
  readonly #claiming = new Map<string, { digest: Buffer; done: Promise<void> }>();
  readonly #participants = new Set<string>();
  #isSealed = false;

  constructor({
    claims,
    node,
    task,
    kind,
    ...key
  }: RoundKey & {
    claims: Claims;
    node: number;
    task: TrainingTask;
    kind: 'train' | 'evaluate';
  }) {
    this.#claims = claims;
    this.#node = node;
    this.#key = key;
    this.#aggregation = createAggregation(task, kind);
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    return this.#aggregation.holds(participant, bytes);
  }

  /**
   * Claims a contribution and adds it.
   * @param accepted called once it certainly counts, if this node lives
   * @throws ChoraleError `UNAVAILABLE` while another node holds it, `ROUND_CLOSED`, `UPDATE_DUPLICATE`, or what
   *   the aggregation refuses
   */
  async add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    const { participant, bytes } = contribution;
    const digest = hash('sha256', bytes, 'buffer');
    const underWay = this.#claiming.get(participant);
    if (underWay !== undefined) {
      if (!underWay.digest.equals(digest)) throw duplicate();
      await underWay.done;
      return { duplicate: true };
    }
    const done = this.#claim(contribution, digest);
    this.#claiming.set(participant, { digest, done });
    try {
      await done;
    } finally {
      this.#claiming.delete(participant);
    }
    accepted();
    return { duplicate: false };
  }

  /**
   * This node's part of the sum, after claims under way have succeeded or failed; `null` when it holds nothing.
   * From here on nothing is added, and nothing acknowledged.
   */
  async seal(): Promise<Omit<Partial, 'node'> | null> {
    await Promise.allSettled([...this.#claiming.values()].map(({ done }) => done));
    this.#isSealed = true;
    if (this.#participants.size === 0) return null;
    const { sum, totalWeight, sensitivity } = await this.#aggregation.release({ quorum: 1 });
    return { participants: [...this.#participants], totalWeight, sensitivity, sum };
  }

  dispose(): void {
    this.#aggregation.dispose();
  }

  async #claim(contribution: Contribution, digest: Buffer): Promise<void> {
    const { participant } = contribution;
    const outcome = await this.#claims.claim({ ...this.#key, participant, digest });
    switch (outcome.state) {
      case 'closed':
        throw this.#closed();
      case 'held':
        if (outcome.node !== this.#node) {
          throw new ChoraleError('UNAVAILABLE', 'another node holds an update of this client; try again', {
            retryAfterMs: HELD_RETRY_MS,
          });
        }
        // This node's own: in the sum, or claimed by a write whose answer was lost.
        if (!outcome.digest.equals(digest) || this.#participants.has(participant)) throw duplicate();
        break;
      case 'claimed':
    }
    // A claim of before whose answer was lost is this node's own, but the part of the sum is without it.
    if (this.#isSealed) throw this.#closed();
    try {
      this.#aggregation.add(contribution);
    } catch (error) {
      // The client may still send a good one.
      await this.#claims.unclaim({ ...this.#key, participant });
      throw error;
    }
    this.#participants.add(participant);
  }

  #closed(): ChoraleError {
    return new ChoraleError('ROUND_CLOSED', `round ${this.#key.round} has ended`);
  }
}

function duplicate(): ChoraleError {
  return new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
}
