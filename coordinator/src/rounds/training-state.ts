import type { Progress } from './cadence.ts';

/** A client that is connected and willing, since when it waits, and its public group. */
export type Connected = { readonly group: string; readonly since: number };

/**
 * An invited client. `pending` may still contribute, connected or not; `declined` and `left` (for good)
 * will not; `accepted` counts whatever becomes of it.
 */
export type Member = { readonly group: string; readonly standing: 'pending' | 'accepted' | 'declined' | 'left' };

/** One attempt, from the choice of its cohort to its end. */
export type Round = {
  readonly number: number;
  readonly kind: 'train' | 'evaluate';
  readonly modelRound: number;
  readonly startedAt: number;
  readonly members: ReadonlyMap<string, Member>;
};

/** How many of a cohort contributed, and how many were missing when the round ended. */
export type Turnout = { readonly accepted: number; readonly dropouts: number };

/**
 * Where the training of a study stands. A committed round leads at once to `selecting` or `done`; an
 * abandoned one rests until `retryAt`.
 */
export type Phase =
  | { readonly state: 'selecting' }
  /** The round is being made durable; nobody is invited yet. */
  | { readonly state: 'configuring'; readonly round: Round }
  /** `graceUntil` is set while only lost clients are missing. */
  | {
      readonly state: 'reporting';
      readonly round: Round;
      readonly deadline: number;
      readonly graceUntil: number | null;
    }
  /** Nothing more is accepted; the aggregate is being made and stored. */
  | { readonly state: 'aggregating'; readonly round: Round; readonly turnout: Turnout }
  | { readonly state: 'abandoned'; readonly retryAt: number }
  | { readonly state: 'done' };

export type TrainingState = {
  readonly phase: Phase;
  readonly progress: Progress;
  /** Rounds abandoned since the last committed one. */
  readonly failures: number;
  /** Clients with a live connection by participant, in the order in which they are to be invited. */
  readonly connected: ReadonlyMap<string, Connected>;
};

export type TrainingEvent =
  /** Also when a participant comes back, or takes its seat over by another connection. */
  | { readonly type: 'joined'; readonly participant: string; readonly group: string }
  /** `forGood` when the client said so; else its connection was lost. */
  | { readonly type: 'left'; readonly participant: string; readonly forGood: boolean }
  /** The round's number is durable. */
  | { readonly type: 'opened'; readonly round: number }
  /** The aggregator holds this participant's update. */
  | { readonly type: 'update-accepted'; readonly round: number; readonly participant: string }
  | { readonly type: 'declined'; readonly round: number; readonly participant: string }
  /** The aggregate, and the model if there is a new one, are durable. */
  | { readonly type: 'stored'; readonly round: number }
  /** The round could not be opened, aggregated or stored, and certainly is not committed. */
  | { readonly type: 'failed'; readonly round: number; readonly reason: string }
  | { readonly type: 'tick' };

export type Effect =
  | { readonly type: 'open'; readonly round: Round }
  | {
      readonly type: 'invite';
      readonly round: Round;
      readonly deadline: number;
      readonly participants: readonly string[];
    }
  | { readonly type: 'aggregate'; readonly round: Round; readonly turnout: Turnout }
  | { readonly type: 'abandon'; readonly round: Round; readonly turnout: Turnout; readonly reason: string }
  /** Tells the cohort how its round ended: committed only once that is durable, while a crash would abandon it anyway. */
  | { readonly type: 'announce'; readonly round: Round; readonly outcome: 'committed' | 'abandoned' }
  /** Tells all who are connected that nothing more will be asked. */
  | { readonly type: 'finish'; readonly participants: readonly string[] };

export type Step = { readonly state: TrainingState; readonly effects: readonly Effect[] };

/** The state of a coordinator that has just started: nobody is connected, no round is open. [R15] */
export function initialState(progress: Progress, { done }: { done: boolean }): TrainingState {
  return { phase: { state: done ? 'done' : 'selecting' }, progress, failures: 0, connected: new Map() };
}
