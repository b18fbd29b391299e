import type { Cohort } from './cohort.ts';
import type { Round, Step, TrainingState } from './training-state.ts';

/** A round that is about to begin. [R2] Its number is one more than any before, and durable before anybody is invited. */
export function newRound(
  { progress }: TrainingState,
  { kind, cohort }: { kind: Round['kind']; cohort: Cohort },
  now: number,
): Round {
  return { number: progress.round + 1, kind, modelRound: progress.committedRounds, startedAt: now, cohort };
}

/**
 * Begins a round.
 * @param turns how many of those who were asked to come back have their turn with it
 */
export function beginRound(state: TrainingState, round: Round, turns: number): Step {
  return {
    state: {
      ...state,
      deferred: Math.max(0, state.deferred - turns),
      progress: { ...state.progress, round: round.number },
      phase: { state: 'configuring', round },
    },
    effects: [{ type: 'open', round }],
  };
}
