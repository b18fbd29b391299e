import { ChoraleError, type Manifest, type TrainingRounds, type TrainingTask } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { platformTimers, type Schedule } from './scheduler.ts';
import type { Log } from './round-history.ts';
import type { Observe } from './round-observation.ts';
import { LocalIntake, type OpenIntake } from './intake.ts';
import type { Seat } from './seats.ts';
import { ClosedTraining } from './closed-training.ts';
import type {
  Joined,
  ResumeStudy,
  SentDecline,
  SentUpdate,
  StudyOptions,
  StudyRounds,
  TrainedStudy,
} from './study-rounds.ts';
import { StudyTraining } from './study-training.ts';

/** What a request is about. */
type OfStudy = { study: string };

export type TrainingServiceOptions = {
  store: Store;
  /** Milliseconds since 1970 on a clock that is not set while the program runs. */
  now: () => number;
  log: Log;
  /** What records say of the time; `now` unless it is given. */
  date?: () => Date;
  schedule?: Schedule;
  observe?: Observe;
  /** Alone, or as a node of several; alone unless it is given. */
  resume?: ResumeStudy;
};

/** Runs the training rounds of all studies of one coordinator. */
export class TrainingService {
  readonly #options: Omit<StudyOptions, 'openIntake'>;
  readonly #resumeStudy: ResumeStudy;
  readonly #started = new Map<string, Promise<void>>();
  readonly #running = new Map<string, StudyRounds>();

  constructor({ resume = resumeAlone, ...options }: TrainingServiceOptions) {
    const date = (): Date => new Date(options.now());
    this.#options = { schedule: platformTimers, observe: () => {}, date, ...options };
    this.#resumeStudy = resume;
  }

  /**
   * Takes up a study's training where the store says it was; nothing to do for one without training, or
   * started already. What a stopped process left open is abandoned. [R15]
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
   * resolves. An older connection of the same participant loses the seat. [R14] Where all seats are taken the
   * reply has `comeBackMs`. [R20]
   */
  async join({ study, ...seat }: OfStudy & Seat & { group: string }): Promise<Joined> {
    return this.#find(study).join(seat);
  }

  /** Gives the seat up, unless a later connection has it: the connection is lost, or done `forGood`. */
  leave({ study, ...seat }: OfStudy & Seat & { forGood: boolean }): void {
    this.#running.get(study)?.leave(seat);
  }

  /** Counts an update or histogram, once; see `StudyTraining.update` for the client and for refusals. */
  update({ study, ...message }: OfStudy & SentUpdate): Promise<{ duplicate: boolean }> {
    return this.#find(study).update(message);
  }

  /** Notes that an invited client will not contribute. */
  async decline({ study, ...message }: OfStudy & SentDecline): Promise<void> {
    return this.#find(study).decline(message);
  }

  /** Parameters of a study's present model as they are sent; `null` where it is not the one after `modelRound`. */
  async model(study: string, modelRound: number): Promise<Uint8Array | null> {
    return this.#find(study).model(modelRound);
  }

  /** Studies whose rounds are run. */
  get running(): Iterable<string> {
    return this.#running.keys();
  }

  /** Ends a study's training for good, here: whoever has a seat is told, nobody gets one any more. [O4] */
  async close(study: { manifest: Manifest; hash: string }): Promise<void> {
    const { id, training } = study.manifest;
    if (training === undefined) return;
    await this.start(study);
    const running = this.#running.get(id);
    this.#running.set(id, new ClosedTraining(trained(study, training), this.#options.store));
    await running?.close();
  }

  /** Makes no other round of a study ready while its present one ends; `rest` follows then. */
  finish(study: string): void {
    this.#running.get(study)?.finish();
  }

  /** Begins no round of a study any longer; one that is open stays so, as after a crash. */
  rest(study: string): void {
    void this.#running.get(study)?.stop();
  }

  /** Ends all timers and waits for writes under way; open rounds stay open, as after a crash. */
  async stop(): Promise<void> {
    // At once where one runs: from this call on nothing more is begun.
    const stopping = [...this.#running.values()].map((training) => training.stop());
    await Promise.allSettled([...stopping, ...this.#started.values()]);
    await Promise.all([...this.#running.values()].map((training) => training.stop()));
  }

  async #resume({ manifest, hash }: { manifest: Manifest; hash: string }): Promise<void> {
    const { training } = manifest;
    if (training === undefined) return;
    const study = trained({ manifest, hash }, training);
    const { store } = this.#options;
    if ((await store.studyEnd(manifest.id)) !== null) {
      this.#running.set(manifest.id, new ClosedTraining(study, store));
      return;
    }
    const openIntake: OpenIntake = ({ kind }) => new LocalIntake(training, kind);
    this.#running.set(manifest.id, await this.#resumeStudy(study, { ...this.#options, openIntake }));
  }

  #find(study: string): StudyRounds {
    const training = this.#running.get(study);
    if (training !== undefined) return training;
    if (this.#started.has(study)) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no training`);
    throw new ChoraleError('STUDY_UNKNOWN', `no training of a study ${study} is under way`);
  }
}

function trained({ manifest, hash }: { manifest: Manifest; hash: string }, training: TrainingTask): TrainedStudy {
  return { manifest: { ...manifest, training }, hash };
}

const resumeAlone: ResumeStudy = (study, options) => StudyTraining.resume(study, options);
