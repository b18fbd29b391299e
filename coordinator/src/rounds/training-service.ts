import { ChoraleError, type Manifest, type TrainingRounds } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { platformTimers, type Schedule } from './scheduler.ts';
import type { Log } from './round-history.ts';
import { StudyTraining, type TrainingClient } from './study-training.ts';

export type { Log } from './round-history.ts';

/** A client's place in the training of a study: who it is, and the connection that speaks for it. */
type Seat = { study: string; participant: string; client: TrainingClient };

/** Runs the training rounds of all studies of one coordinator. */
export class TrainingService {
  readonly #options: { store: Store; now: () => number; log: Log; schedule: Schedule };
  readonly #started = new Map<string, Promise<StudyTraining | null>>();
  readonly #running = new Map<string, StudyTraining>();
  #recovered: Promise<void> | null = null;

  /** @param options.now milliseconds since 1970, by which deadlines and records are told */
  constructor(options: { store: Store; now: () => number; log: Log; schedule?: Schedule }) {
    this.#options = { schedule: platformTimers, ...options };
  }

  /**
   * Takes up a study's training where the store says it was; nothing to do for one without training, or
   * started already. The first call abandons what a stopped process left open, in all studies. [R15]
   */
  async start(study: { manifest: Manifest; hash: string }): Promise<void> {
    const { id } = study.manifest;
    let started = this.#started.get(id);
    if (started === undefined) {
      started = this.#resume(study);
      this.#started.set(id, started);
      // A failed start may be tried again.
      started.catch(() => this.#started.delete(id));
    }
    await started;
  }

  /** @throws ChoraleError `TRAINING_ABSENT` for a study without training, `STUDY_UNKNOWN` for one not started. */
  async rounds(study: string): Promise<TrainingRounds> {
    return this.#find(study).rounds();
  }

  /**
   * Takes a seat: invitations to rounds are sent to this connection from now on, perhaps one before this
   * returns. An older connection of the same participant loses the seat. [R14]
   */
  join({ study, ...seat }: Seat & { group: string }): { committedRounds: number; done: boolean } {
    return this.#find(study).join(seat);
  }

  /** Gives the seat up, unless a later connection has it: the connection is lost, or done `forGood`. */
  leave({ study, ...seat }: Seat & { forGood: boolean }): void {
    this.#running.get(study)?.leave(seat);
  }

  /** Counts an update or histogram, once; see `StudyTraining.update` for refusals. */
  update({ study, ...message }: Seat & { round: number; update: Uint8Array }): { duplicate: boolean } {
    return this.#find(study).update(message);
  }

  /** Notes that an invited client will not contribute. */
  decline({ study, ...message }: Seat & { round: number; code: string }): void {
    this.#find(study).decline(message);
  }

  /** Ends all timers and waits for writes under way; open rounds stay open, as after a crash. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#started.values());
    await Promise.all([...this.#running.values()].map((training) => training.stop()));
  }

  async #resume({ manifest, hash }: { manifest: Manifest; hash: string }): Promise<StudyTraining | null> {
    await this.#recover();
    if (manifest.training === undefined) return null;
    const training = await StudyTraining.resume(
      { manifest: { ...manifest, training: manifest.training }, hash },
      this.#options,
    );
    this.#running.set(manifest.id, training);
    return training;
  }

  #recover(): Promise<void> {
    this.#recovered ??= this.#abandonOpenRounds().catch((error: unknown) => {
      this.#recovered = null;
      throw error;
    });
    return this.#recovered;
  }

  async #abandonOpenRounds(): Promise<void> {
    const { store, now, log } = this.#options;
    const count = await store.abandonOpenRounds('coordinator restarted', new Date(now()).toISOString());
    if (count > 0) log.warn({ rounds: count }, 'rounds that were open at the restart were abandoned');
  }

  #find(study: string): StudyTraining {
    const training = this.#running.get(study);
    if (training !== undefined) return training;
    if (this.#started.has(study)) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no training`);
    throw new ChoraleError('STUDY_UNKNOWN', `no training of a study ${study} is under way`);
  }
}
