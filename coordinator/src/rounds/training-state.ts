import type { RoundShape } from '@chorale/protocol';
import { Map, OrderedMap, type OrderedSet } from 'immutable';
import type { Progress } from './cadence.ts';
import type { Cohort, Invitation } from './cohort.ts';
import type { Participations } from './participation.ts';
import type { WaitingClients } from './waiting-clients.ts';

/** One attempt, from the choice of its cohort to its end. */
export type Round = {
  readonly number: number;
  readonly kind: 'train' | 'evaluate';
  readonly modelRound: number;
  readonly startedAt: number;
  readonly cohort: Cohort;
};

/** Who contributed to a round, who was missing when it ended, and what became of the others. */
export type Turnout = { readonly accepted: number; readonly dropouts: number; readonly shape: RoundShape };

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
  /**
   * Asynchronous training: the next model's updates come in, and whoever waits is invited as places get free. The
   * cohort are those who were computing when the round was opened and those invited since.
   */
  | {
      readonly state: 'buffering';
      readonly round: Round;
      /** Connected clients that nothing is asked of, in the order in which they are to be invited. */
      readonly ready: OrderedSet<string>;
    }
  /** Nothing more is accepted; the aggregate is being made and then stored, together with the opening of `next`. */
  | { readonly state: 'aggregating'; readonly round: Round; readonly turnout: Turnout; readonly next: Round | null }
  | { readonly state: 'abandoned'; readonly retryAt: number }
  | { readonly state: 'done' };

export type TrainingState = {
  readonly phase: Phase;
  readonly progress: Progress;
  /** Rounds abandoned since the last committed one. */
  readonly failures: number;
  /** When the latest event came, by the runner's clock. */
  readonly clock: number;
  readonly connected: WaitingClients;
  /** Clients with a connection that may not contribute to the next round, since they have to earlier ones. [R25] */
  readonly resting: OrderedMap<string, { readonly group: string }>;
  readonly participations: Participations;
  /** When a client last came that had no connection; `-Infinity` before the first. */
  readonly latestArrival: number;
  /** Asynchronous training: clients that compute, connected or not, in the order of their deadlines. */
  readonly computing: OrderedMap<string, Invitation>;
  /** Clients that found no seat and were asked to come back, less those whose turn has come since. */
  readonly deferred: number;
  /** What the latest round took, in milliseconds. */
  readonly roundMs: number | null;
};

export type TrainingEvent =
  /** Also when a participant comes back, or takes its seat over by another connection. */
  | { readonly type: 'joined'; readonly participant: string; readonly group: string }
  /** `forGood` when the client said so; else its connection was lost. */
  | { readonly type: 'left'; readonly participant: string; readonly forGood: boolean }
  /** The round's number is durable. */
  | { readonly type: 'opened'; readonly round: number }
  /** The aggregator of this round holds this participant's update, whichever round it was invited in. */
  | { readonly type: 'update-accepted'; readonly round: number; readonly participant: string }
  /** The node that held these participants' updates is gone, and the updates with it. */
  | { readonly type: 'updates-lost'; readonly round: number; readonly participants: readonly string[] }
  /** With `usedUp` since it has contributed as often as it may. */
  | { readonly type: 'declined'; readonly round: number; readonly participant: string; readonly usedUp?: boolean }
  /** The aggregate of these contributions is made and about to be stored: the round that follows may be stored with it. */
  | { readonly type: 'aggregated'; readonly round: number; readonly participants?: ReadonlySet<string> }
  /** The aggregate, and the model if there is a new one, are durable: made of these participants' contributions. */
  | { readonly type: 'stored'; readonly round: number; readonly participants?: ReadonlySet<string> }
  /** The round could not be opened, aggregated or stored, and certainly is not committed. */
  | { readonly type: 'failed'; readonly round: number; readonly reason: string }
  | { readonly type: 'tick' };

export type Effect =
  /** Makes sure that a round's number is durable, which it may be already. */
  | { readonly type: 'open'; readonly round: Round }
  | {
      readonly type: 'invite';
      readonly round: Pick<Round, 'number' | 'kind' | 'modelRound'>;
      readonly deadline: number;
      readonly participants: readonly string[];
    }
  /** All seats are taken. */
  | { readonly type: 'defer'; readonly participant: string; readonly comeBackMs: number }
  /** There is no seat for who has contributed as often as it may. */
  | { readonly type: 'turn-away'; readonly participant: string }
  /** Tells members that their update is no longer wanted, so that they need not spend budget on it. */
  | { readonly type: 'close'; readonly round: Pick<Round, 'number'>; readonly participants: readonly string[] }
  | { readonly type: 'aggregate'; readonly round: Round; readonly turnout: Turnout }
  | { readonly type: 'abandon'; readonly round: Round; readonly turnout: Turnout; readonly reason: string }
  /** Tells how a round ended: committed only once that is durable, while a crash would abandon it anyway. */
  | {
      readonly type: 'announce';
      readonly round: Pick<Round, 'number'>;
      readonly outcome: 'committed' | 'abandoned';
      readonly participants: readonly string[];
    }
  /** Tells all who are connected that nothing more will be asked. */
  | { readonly type: 'finish'; readonly participants: readonly string[] };

export type Step = { readonly state: TrainingState; readonly effects: readonly Effect[] };

/** The state with another cohort, in the phases in which what members do still matters. */
export function withCohort(state: TrainingState, change: (cohort: Cohort) => Cohort): TrainingState {
  const { phase } = state;
  if (phase.state === 'aggregating' && phase.next !== null) {
    const { next } = phase;
    const cohort = change(next.cohort);
    return cohort === next.cohort ? state : { ...state, phase: { ...phase, next: { ...next, cohort } } };
  }
  if (phase.state !== 'configuring' && phase.state !== 'reporting' && phase.state !== 'buffering') return state;
  const cohort = change(phase.round.cohort);
  return cohort === phase.round.cohort ? state : { ...state, phase: { ...phase, round: { ...phase.round, cohort } } };
}

/** The state of a coordinator that has just started: nobody is connected, no round is open. [R15] */
export function initialState(
  progress: Progress,
  { done, participations = Map() }: { done: boolean; participations?: Participations },
): TrainingState {
  return {
    phase: { state: done ? 'done' : 'selecting' },
    progress,
    failures: 0,
    clock: -Infinity,
    connected: OrderedMap(),
    resting: OrderedMap(),
    participations,
    latestArrival: -Infinity,
    computing: OrderedMap(),
    deferred: 0,
    roundMs: null,
  };
}
