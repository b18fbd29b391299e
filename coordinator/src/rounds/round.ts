import type { TrainingTask } from '@chorale/protocol';
import { applyToBuffer, expiryOf, isBuffered, openBuffer, settleBuffer } from './buffered-round.ts';
import { nextKind } from './cadence.ts';
import { ABSENCE_GRACE_MS, applyToCohort, selectCohort, selectionEnd, settleReporting } from './cohort-round.ts';
import { BACKOFF_MS, unchanged } from './round-end.ts';
import type { Step, TrainingEvent, TrainingState } from './training-state.ts';
import { afterClockChange } from './waiting-clients.ts';

export { ABSENCE_GRACE_MS } from './cohort-round.ts';
export { BACKOFF_MS } from './round-end.ts';

/**
 * One transition of a study's training: a pure function, so that production and simulation run the
 * same rules (phases after Bonawitz et al. 2019, section 2). Events about another round than the
 * present one change nothing.
 * @param now milliseconds on the clock that deadlines are told by; may stand still, jump and go back
 */
export function step(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  const { state: after, effects } = apply(task, resetClock(task, state, now), event, now);
  const { state: settled, effects: further } = settle(task, after, now);
  return {
    state: settled.clock === now ? settled : { ...settled, clock: now },
    effects: further.length === 0 ? effects : [...effects, ...further],
  };
}

/** When time alone will next change the state, or `null`: the runner sets its timer by it. */
export function nextWake(task: TrainingTask, state: TrainingState): number | null {
  const { phase } = state;
  switch (phase.state) {
    case 'selecting': {
      const end = selectionEnd(task, state);
      return Number.isFinite(end) ? end : null;
    }
    case 'reporting':
      return phase.graceUntil ?? phase.deadline;
    case 'buffering':
      return expiryOf(state);
    case 'abandoned':
      return phase.retryAt;
    case 'configuring':
    case 'aggregating':
    case 'done':
      return null;
  }
}

/** [R6] No wait is longer than the task says, whatever a clock that was set back may tell. */
function resetClock(task: TrainingTask, state: TrainingState, now: number): TrainingState {
  if (now >= state.clock) return state;
  const connected = afterClockChange(state.connected, now);
  const latest = now + task.cohort.deadlineMs;
  // In the order of their deadlines: where the last one is right all are.
  const computing =
    (state.computing.last()?.deadline ?? 0) > latest
      ? state.computing.map((invitation) => ({ ...invitation, deadline: Math.min(invitation.deadline, latest) }))
      : state.computing;
  const latestArrival = Math.min(state.latestArrival, now);
  const isSame =
    connected === state.connected && computing === state.computing && latestArrival === state.latestArrival;
  const after = isSame ? state : { ...state, connected, computing, latestArrival };
  const { phase } = state;
  switch (phase.state) {
    case 'reporting': {
      const deadline = Math.min(phase.deadline, latest);
      const graceUntil =
        phase.graceUntil === null ? null : Math.min(phase.graceUntil, now + ABSENCE_GRACE_MS, deadline);
      const isRight = deadline === phase.deadline && graceUntil === phase.graceUntil;
      return isRight ? after : { ...after, phase: { ...phase, deadline, graceUntil } };
    }
    case 'abandoned': {
      const retryAt = Math.min(phase.retryAt, now + BACKOFF_MS.longest);
      return retryAt === phase.retryAt ? after : { ...after, phase: { ...phase, retryAt } };
    }
    default:
      return after;
  }
}

function apply(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  return isBuffered(task, state) ? applyToBuffer(task, state, event, now) : applyToCohort(task, state, event, now);
}

/** What follows by itself once an event was applied: a round starts, or ends. */
function settle(task: TrainingTask, state: TrainingState, now: number): Step {
  const { phase } = state;
  switch (phase.state) {
    case 'abandoned':
      if (now < phase.retryAt) return unchanged(state);
      return settle(task, { ...state, phase: { state: 'selecting' } }, now);
    case 'selecting': {
      const kind = nextKind(task, state.progress);
      if (kind === null) {
        const participants = [...state.connected.keys(), ...state.resting.keys()];
        return { state: { ...state, phase: { state: 'done' } }, effects: [{ type: 'finish', participants }] };
      }
      return isBuffered(task, state) ? openBuffer(task, state, now) : selectCohort(task, state, kind, now);
    }
    case 'reporting':
      return settleReporting(task, state, phase, now);
    case 'buffering':
      return settleBuffer(task, state, phase, now);
    case 'configuring':
    case 'aggregating':
    case 'done':
      return unchanged(state);
  }
}
