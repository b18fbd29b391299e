import type { TrainingTask } from '@chorale/protocol';
import { nextKind, type Progress } from './cadence.ts';
import { withParticipations } from './participation.ts';
import type { Phase, Round, Step, TrainingState } from './training-state.ts';
import { requeue } from './waiting-clients.ts';

/** Rest after a first abandoned round; it doubles with each further one, up to the longest. */
export const BACKOFF_MS = { first: 1000, longest: 60_000 } as const;

/** Who goes to the end of the queue after a round, so that clients take turns, and whose updates were accepted in it. */
type End = { task: TrainingTask; back: Iterable<string>; contributors: Iterable<string>; now: number };

/** The state after a round was committed, ready for the next. */
export function afterCommit(state: TrainingState, round: Round, end: End): TrainingState {
  const { progress } = state;
  const after: Progress =
    round.kind === 'train'
      ? { ...progress, committedRounds: progress.committedRounds + 1, evaluated: false, failedEvaluations: 0 }
      : { ...progress, evaluated: true };
  return { ...ended(state, round, end), phase: { state: 'selecting' }, progress: after, failures: 0 };
}

/**
 * [R9] After an abandoned round the next attempt waits, twice as long after each failure in a row; where none
 * follows, nobody waits. A round that nobody was invited to is not in the store for certain, and nobody waits for its end.
 */
export function resting(state: TrainingState, round: Round, end: End): TrainingState {
  const { failures } = state;
  const restMs = Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** Math.min(failures, 30));
  const isOver = nextKind(end.task, state.progress) === null;
  const phase: Phase = { state: 'abandoned', retryAt: isOver ? end.now : end.now + restMs };
  return { ...ended(state, round, end), phase, failures: failures + 1 };
}

export function unchanged(state: TrainingState): Step {
  return { state, effects: [] };
}

function ended(state: TrainingState, round: Round, { task, back, contributors, now }: End): TrainingState {
  const waiting = { ...state, connected: requeue(state.connected, back, now) };
  const after = withParticipations(task, waiting, { round, contributors, now });
  return { ...after, roundMs: Math.max(0, now - round.startedAt) };
}
