import { ChoraleError, stalenessWeight, type TrainingTask } from '@chorale/protocol';
import { contributionWeight } from './aggregation/contribution.ts';
import { CountedUpdates } from './counted-updates.ts';
import type { Intake, OpenIntake, Release } from './intake.ts';
import { betweenBuffers, type Place } from './membership.ts';
import type { Round } from './training-state.ts';

/** What an admitted contribution is to, and its public weight there. */
export type Admission = { kind: Round['kind']; round: number; weight: number };

type Sent = { participant: string; round: number };

/** The weight that a contribution has in its place: that of its group, less for each model since it was asked for. */
export function admissionOf(task: TrainingTask, { kind, round, group, staleness }: Place): Admission {
  const weight = contributionWeight(task, kind, group);
  return { kind, round, weight: kind === 'train' ? weight * stalenessWeight(task, staleness) : weight };
}

/** What is thrown for a contribution that came to its round too late: where another buffer will take it, it may come again. */
export function closedOrLater(task: TrainingTask, kind: Round['kind'], error: unknown): unknown {
  const isClosed = error instanceof ChoraleError && error.code === 'ROUND_CLOSED';
  return isClosed && task.asynchronous !== undefined && kind === 'train' ? betweenBuffers() : error;
}

/** The contributions to the present round of one study, and the memory of those that were counted. */
export class Contributions {
  readonly #study: string;
  readonly #task: TrainingTask;
  readonly #openIntake: OpenIntake;
  /** Contributions to the latest opened round, kept after its end so that a repeated message is known. */
  #latest: { round: number; kind: Round['kind']; intake: Intake } | null = null;
  readonly #counted = new CountedUpdates();

  constructor({ study, task, openIntake }: { study: string; task: TrainingTask; openIntake: OpenIntake }) {
    this.#study = study;
    this.#task = task;
    this.#openIntake = openIntake;
  }

  open({ number, kind }: Round): void {
    this.#latest?.intake.dispose();
    this.#latest = { round: number, kind, intake: this.#openIntake({ study: this.#study, number, kind }) };
  }

  /**
   * Whether these very bytes were counted already.
   * @throws ChoraleError `UPDATE_DUPLICATE` where others were, in a buffer of before
   */
  holds(sent: Sent, bytes: Uint8Array): boolean {
    if (this.#task.asynchronous !== undefined) {
      if (this.#counted.holds(sent, bytes)) return true;
      // What is in a buffer was sent for the rounds that its clients were invited in, not for the buffer's own.
      if (this.#latest?.kind === 'train') return false;
    }
    return this.#latest?.round === sent.round && this.#latest.intake.holds(sent.participant, bytes);
  }

  /**
   * Adds what was sent to the round that it was admitted to.
   * @param accepted called when it is certain to count
   * @throws what the intake throws; `UNAVAILABLE` where the next buffer will take it
   */
  async add(
    { participant, round, bytes, now }: Sent & { bytes: Uint8Array; now: number },
    { kind, round: present, weight }: Admission,
    accepted: () => void,
  ): Promise<{ duplicate: boolean }> {
    if (this.#latest?.round !== present) throw new ChoraleError('INTERNAL', `round ${present} has no intake`);
    const { intake } = this.#latest;
    try {
      return await intake.add({ participant, bytes, weight }, () => {
        if (this.#task.asynchronous !== undefined) {
          this.#counted.note({ participant, round, intake }, { now, forMs: this.#task.cohort.deadlineMs });
        }
        accepted();
      });
    } catch (error) {
      throw closedOrLater(this.#task, kind, error);
    }
  }

  /** Gives away what a round has gathered. @throws ChoraleError below the quorum [R7] */
  async release({ number }: Round): Promise<Release> {
    if (this.#latest?.round !== number) throw new TypeError(`round ${number} has no intake`);
    const release = await this.#latest.intake.release({ quorum: this.#task.cohort.quorum });
    if (release.contributions !== release.participants.size) {
      throw new TypeError(`${release.participants.size} clients contributed, the sum has ${release.contributions}`);
    }
    return release;
  }

  /** Ends a round that was abandoned. */
  drop({ number }: Round): void {
    if (this.#latest?.round === number) this.#latest.intake.dispose();
  }
}
