import type { TrainingTask } from '@chorale/protocol';
import { comeBackMs, seats } from './pace.ts';
import { availability, turnedAway } from './participation.ts';
import type { Step, TrainingState } from './training-state.ts';
import { addClient } from './waiting-clients.ts';

/**
 * [R20] Who finds all seats taken is asked to come back when its turn may have come; [R25] who has contributed as
 * often as it may is not wanted again. `null` where there is a seat.
 * A client that has a connection, or a part in what goes on, keeps its seat.
 */
export function sentAway(task: TrainingTask, state: TrainingState, participant: string): Step | null {
  const without = turnedAway(task, state, participant);
  if (without !== null) return without;
  const { phase, connected, resting, computing, deferred } = state;
  if (phase.state === 'done' || connected.size + resting.size < seats(task)) return null;
  const isMember = 'round' in phase && phase.round.cohort.members.has(participant);
  if (isMember || [connected, resting, computing].some((clients) => clients.has(participant))) return null;
  const roundMs = state.roundMs ?? task.cohort.deadlineMs;
  const wait = comeBackMs(task, { ahead: connected.size + resting.size + deferred, roundMs });
  return {
    state: { ...state, deferred: deferred + 1 },
    effects: [{ type: 'defer', participant, comeBackMs: wait }],
  };
}

/** The state with a client that has a connection now, perhaps another one than before. */
export function withArrival(
  task: TrainingTask,
  state: TrainingState,
  client: { participant: string; group: string },
  now: number,
): TrainingState {
  const { participant, group } = client;
  const { phase, connected, computing, resting } = state;
  const isBusy = 'round' in phase && phase.round.cohort.members.has(participant);
  // Who rests does so until the end of a round.
  const isResting = resting.has(participant) || availability(task, state, participant) !== 'available';
  if (isResting && !isBusy && !connected.has(participant) && !computing.has(participant)) {
    return { ...state, resting: resting.set(participant, { group }) };
  }
  const latestArrival = state.connected.has(client.participant) ? state.latestArrival : now;
  return { ...state, connected: addClient(state.connected, client, now), latestArrival };
}
