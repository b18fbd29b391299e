import type { TrainingTask } from '@chorale/protocol';
import { type Aggregate, type Aggregation, createAggregation } from './aggregation/aggregation.ts';

/** One contribution to a round; `weight` is public. */
export type Contribution = { participant: string; bytes: Uint8Array; weight: number };

/** What a round releases, and whose contributions are in it. */
export type Release = Aggregate & { participants: ReadonlySet<string> };

/** Where the contributions to one round are gathered: in this process, or on several nodes. */
export interface Intake {
  /** Whether these very bytes of this participant are in already; known after the end as well. */
  holds(participant: string, bytes: Uint8Array): boolean;
  /**
   * Takes one contribution.
   * @param accepted called when it is certain to count, before the promise resolves
   * @throws what `Aggregation.add` throws; `UNAVAILABLE` where it can be taken later or elsewhere
   */
  add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }>;
  /** Ends the intake and gives its result away. @throws ChoraleError below the quorum. [R7] */
  release(options: { quorum: number }): Promise<Release>;
  /** Ends it without a result. */
  dispose(): void;
}

/** Makes the intake of a round that was just opened. */
export type OpenIntake = (round: { study: string; number: number; kind: 'train' | 'evaluate' }) => Intake;

/** The intake of a coordinator that is alone: contributions are added as they arrive. */
export class LocalIntake implements Intake {
  readonly #aggregation: Aggregation;
  readonly #participants = new Set<string>();

  constructor(task: TrainingTask, kind: 'train' | 'evaluate') {
    this.#aggregation = createAggregation(task, kind);
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    return this.#aggregation.holds(participant, bytes);
  }

  // Nothing is awaited between adding and accepting, so a round cannot end between the two.
  async add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    this.#aggregation.add(contribution);
    this.#participants.add(contribution.participant);
    accepted();
    return { duplicate: false };
  }

  async release(options: { quorum: number }): Promise<Release> {
    return { ...(await this.#aggregation.release(options)), participants: this.#participants };
  }

  dispose(): void {
    this.#aggregation.dispose();
  }
}
