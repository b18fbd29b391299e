import type { Manifest, TrainingRounds, TrainingTask } from '@chorale/protocol';
import type { RoundOwner, Store } from '../storage/store.ts';
import type { OpenIntake } from './intake.ts';
import type { Log } from './round-history.ts';
import type { Observe } from './round-observation.ts';
import type { Schedule } from './scheduler.ts';
import type { Seat, TrainingClient } from './seats.ts';

/** A study that trains. */
export type TrainedStudy = { manifest: Manifest & { training: TrainingTask }; hash: string };

/** What a client is told that wants to train; with `comeBackMs` or `usedUp` it has no seat. */
export type Joined = { committedRounds: number; done: boolean; comeBackMs?: number; usedUp?: true };

/** A contribution as it arrived: by the connection that has the seat, or, with `null`, with the invitation itself. */
export type SentUpdate = { participant: string; client: TrainingClient | null; round: number; update: Uint8Array };
export type SentDecline = Seat & { round: number; code: string };

/** The rounds of one study, whether they are run here or on another node. */
export interface StudyRounds {
  /** Takes a seat, or says when to come back for one, if ever. [R20] [R25] */
  join(seat: Seat & { group: string }): Promise<Joined>;
  /** Says that a connection is lost or, `forGood`, that the client will not come back to this round. */
  leave(seat: Seat & { forGood: boolean }): void;
  /**
   * Counts a contribution; the identical repeat of an accepted one changes nothing.
   * @throws ChoraleError `NOT_IN_COHORT`, `ROUND_CLOSED`, `UNAVAILABLE`, or what the aggregation refuses. [R3] [R8]
   *   [R17]
   */
  update(sent: SentUpdate): Promise<{ duplicate: boolean }>;
  /** @throws ChoraleError `NOT_IN_COHORT`, `ROUND_CLOSED`, or `UPDATE_DUPLICATE` after an accepted update. */
  decline(sent: SentDecline): Promise<void>;
  /** The present model's parameters as they are sent, if it is the one after `modelRound` rounds. */
  model(modelRound: number): Promise<Uint8Array | null>;
  rounds(): Promise<TrainingRounds>;
  /** No other round is made ready while the present one ends: `stop` follows then. */
  finish(): void;
  /** Ends the timers and waits for writes under way. An open round stays open, as after a crash. */
  stop(): Promise<void>;
  /** Ends them for good, the study being closed: whoever has a seat is told that the training is over. */
  close(): Promise<void>;
}

/** What running a study's rounds needs. */
export type StudyOptions = {
  store: Store;
  /** Milliseconds on a clock that is not set while the program runs: deadlines are told by it. */
  now: () => number;
  /** What records say of the time. */
  date: () => Date;
  log: Log;
  schedule: Schedule;
  observe: Observe;
  openIntake: OpenIntake;
} & RoundOwner;

/** Takes up a study's rounds where the store says they were. */
export type ResumeStudy = (study: TrainedStudy, options: StudyOptions) => Promise<StudyRounds>;
