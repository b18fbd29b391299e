import { ChoraleError } from '@chorale/protocol';
import type { Intake } from './intake.ts';

type Counted = { round: number; intake: Pick<Intake, 'holds'>; until: number };

/**
 * The latest update of each client that was counted, by the round that the client was invited in: in asynchronous
 * training it may be repeated long after that round, while another buffer is filling. [R22]
 */
export class CountedUpdates {
  /** In the order in which they were counted. */
  readonly #latest = new Map<string, Counted>();

  /**
   * @param intake what the update was added to
   * @param lifetime when it was counted, and how long its client may have reason to repeat it, in milliseconds
   */
  note(
    { participant, round, intake }: { participant: string; round: number; intake: Pick<Intake, 'holds'> },
    { now, forMs }: { now: number; forMs: number },
  ): void {
    for (const [other, { until, intake: holder }] of this.#latest) {
      // A buffer may stay open for longer, and knows its updates by their clients alone.
      if (until > now || holder === intake) break;
      this.#latest.delete(other);
    }
    this.#latest.delete(participant);
    this.#latest.set(participant, { round, intake, until: now + forMs });
  }

  /**
   * Whether these very bytes were counted for this invitation.
   * @throws ChoraleError `UPDATE_DUPLICATE` where others were
   */
  holds({ participant, round }: { participant: string; round: number }, bytes: Uint8Array): boolean {
    const counted = this.#latest.get(participant);
    if (counted?.round !== round) return false;
    if (counted.intake.holds(participant, bytes)) return true;
    throw new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
  }
}
