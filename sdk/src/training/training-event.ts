import type { ErrorCode } from '@chorale/protocol';

/** What a page hears while its tab trains; a union on `type`. */
export type TrainingEvent =
  /** Which engine computes, and why that one. */
  | { type: 'engine'; name: string; reason: string }
  /** For this device's turn among its tabs, or for enough clients. */
  | { type: 'waiting'; for: 'turn' }
  | { type: 'waiting'; for: 'cohort'; committedRounds: number; totalRounds: number }
  /** More clients wait than are needed: the coordinator asks this one to come back, which it does by itself. */
  | { type: 'waiting'; for: 'later'; comeBackMs: number; committedRounds: number; totalRounds: number }
  | { type: 'round-started'; round: number; kind: 'train' | 'evaluate'; modelRound: number; deadlineMs: number }
  | { type: 'local-progress'; round: number; step: number; steps: number }
  /** The coordinator has this client's noised update of a training round. */
  | { type: 'update-sent'; round: number; bytes: number; duplicate: boolean }
  /** The coordinator has this client's noised histogram of an evaluation round. */
  | { type: 'evaluated'; round: number; bytes: number; duplicate: boolean }
  /** This client gives nothing to this round: the device or the coordinator refused. */
  | { type: 'refused'; round: number; code: ErrorCode; message: string }
  | { type: 'round-ended'; round: number; outcome: 'committed' | 'abandoned'; committedRounds: number }
  /**
   * The round had enough updates before this client's, which stopped. Either nothing was `made`, charged or
   * sent, or it was made and charged already, and does not count.
   */
  | { type: 'round-ended'; round: number; outcome: 'closed'; made: boolean; committedRounds: number }
  | { type: 'connection-lost'; message: string }
  /** The last event: all rounds are done, or this device's budget is spent, or it has contributed as often as it may. */
  | { type: 'done'; committedRounds: number }
  | { type: 'ended'; code: 'BUDGET_EXCEEDED' | 'PARTICIPATION_USED'; message: string };
