import { ChoraleError } from '@chorale/protocol';
import { type Admission, closedOrLater } from '../rounds/contributions.ts';
import { CountedUpdates } from '../rounds/counted-updates.ts';
import type { TrainedStudy } from '../rounds/study-rounds.ts';
import type { Claims } from './claims.ts';
import { ClusterIntake } from './cluster-intake.ts';

type Sent = { participant: string; round: number; bytes: Uint8Array };
type Options = { study: TrainedStudy; claims: Claims; node: number; now: () => number };

/** What a node takes in of the contributions to a study while another node owns its rounds. */
export class PeerContributions {
  readonly #options: Options;
  /** Those to the latest round that a client here was admitted to. */
  #latest: { round: number; intake: ClusterIntake } | null = null;
  /** Those of asynchronous training, which may be repeated long after their round. */
  readonly #counted = new CountedUpdates();

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Whether these very bytes are in already.
   * @throws ChoraleError `UPDATE_DUPLICATE` where others are, in a buffer of before
   */
  holds({ participant, round, bytes }: Sent): boolean {
    const { asynchronous } = this.#options.study.manifest.training;
    if (asynchronous !== undefined && this.#counted.holds({ participant, round }, bytes)) return true;
    return this.#latest?.round === round && this.#latest.intake.holds(participant, bytes);
  }

  /**
   * Adds what was sent to the round that the owner admitted it to.
   * @param accepted called when it is certain to count, if this node lives
   */
  async add(sent: Sent, admitted: Admission, accepted: () => void): Promise<{ duplicate: boolean }> {
    const { participant, round, bytes } = sent;
    const { study, now } = this.#options;
    const task = study.manifest.training;
    const { kind, weight } = admitted;
    try {
      const intake = this.#intakeOf(admitted);
      return await intake.add({ participant, bytes, weight }, () => {
        this.#counted.note({ participant, round, intake }, { now: now(), forMs: task.cohort.deadlineMs });
        accepted();
      });
    } catch (error) {
      throw closedOrLater(task, kind, error);
    }
  }

  /** Writes this node's part of a round's sum into the database; `false` for a round that it has no part in. */
  async give(round: number): Promise<boolean> {
    if (this.#latest?.round !== round) return false;
    const { study, claims } = this.#options;
    const part = await this.#latest.intake.seal();
    if (part !== null) await claims.putPartial({ study: study.manifest.id, round }, part);
    return true;
  }

  #intakeOf({ round, kind }: Admission): ClusterIntake {
    if (this.#latest?.round === round) return this.#latest.intake;
    // Admissions may be acted on in another order than they were given: what is newer stays.
    if (this.#latest !== null && round < this.#latest.round) {
      throw new ChoraleError('ROUND_CLOSED', `round ${round} has ended`);
    }
    this.#latest?.intake.dispose();
    const { study, claims, node } = this.#options;
    const task = study.manifest.training;
    this.#latest = { round, intake: new ClusterIntake({ claims, node, task, kind, study: study.manifest.id, round }) };
    return this.#latest.intake;
  }
}
