import type { Cohort } from './cohort.ts';
import type { Round, Step, TrainingState } from './training-state.ts';

/**
 * Begins a round of this cohort. [R2] Its number is one more than any before, and durable before anybody is invited.
 * @param turns how many of those who were asked to come back have their turn with it
 */
export function beginRound(
  state: TrainingState,
  { kind, cohort, turns }: { kind: Round['kind']; cohort: Cohort; turns: number },
  now: number,
): Step {
  const { progress } = state;
  const round: Round = {
    number: progress.round + 1,
    kind,
    modelRound: progress.committedRounds,
    startedAt: now,
    cohort,
  };
  return {
    state: {
      ...state,
      deferred: Math.max(0, state.deferred - turns),
      progress: { ...progress, round: round.number },
      phase: { state: 'configuring', round },
    },
    effects: [{ type: 'open', round }],
  };
}
