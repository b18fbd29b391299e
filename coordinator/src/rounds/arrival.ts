import type { TrainingTask } from '@chorale/protocol';
import { comeBackMs, seats } from './pace.ts';
import type { Step, TrainingState } from './training-state.ts';
import { addClient } from './waiting-clients.ts';

/**
 * [R20] Who finds all seats taken is asked to come back when its turn may have come; `null` where there is one.
 * A client that has a connection, or a part in what goes on, keeps its seat.
 */
export function sentAway(task: TrainingTask, state: TrainingState, participant: string): Step | null {
  const { phase, connected, computing, deferred } = state;
  if (phase.state === 'done' || connected.size < seats(task)) return null;
  const isMember = 'round' in phase && phase.round.cohort.members.has(participant);
  if (isMember || connected.has(participant) || computing.has(participant)) return null;
  const roundMs = state.roundMs ?? task.cohort.deadlineMs;
  const wait = comeBackMs(task, { ahead: connected.size + deferred, roundMs });
  return {
    state: { ...state, deferred: deferred + 1 },
    effects: [{ type: 'defer', participant, comeBackMs: wait }],
  };
}

/** The state with a client that has a connection now, perhaps another one than before. */
export function withArrival(
  state: TrainingState,
  client: { participant: string; group: string },
  now: number,
): TrainingState {
  const latestArrival = state.connected.has(client.participant) ? state.latestArrival : now;
  return { ...state, connected: addClient(state.connected, client, now), latestArrival };
}
