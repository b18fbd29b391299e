import { participationLimits, type TrainingRounds, type TrainingTask } from '@chorale/protocol';
import type { Map as ImmutableMap } from 'immutable';
import type { Round, Step, TrainingState } from './training-state.ts';
import { addClient } from './waiting-clients.ts';

/** What one participant has contributed so far, where the task limits that. */
type Participation = { readonly updates: number; readonly latestRound: number };

/** By participant; empty where a task has no limits. */
export type Participations = ImmutableMap<string, Participation>;

/**
 * Whether it matters who contributed to earlier rounds of this task. A one-shot task has one round, and until that is
 * committed a device may send what it has made to each attempt: the same bytes, which are no new participation.
 */
export function isLimited(task: TrainingTask): boolean {
  return Number.isFinite(participationLimits(task).atMost) && task.algorithm?.oneShot === undefined;
}

/** [R25] Whether a participant may be invited to the round that whoever comes now may be invited to, to a later one, or to none. */
export function availability(
  task: TrainingTask,
  state: TrainingState,
  participant: string,
): 'available' | 'resting' | 'used-up' {
  return availabilityFor(task, { participations: state.participations, round: openTo(task, state) }, participant);
}

function availabilityFor(
  task: TrainingTask,
  { participations, round }: { participations: Participations; round: number },
  participant: string,
): 'available' | 'resting' | 'used-up' {
  const known = isLimited(task) ? participations.get(participant) : undefined;
  if (known === undefined) return 'available';
  const { atMost, spacing } = participationLimits(task);
  if (known.updates >= atMost) return 'used-up';
  return round >= known.latestRound + spacing ? 'available' : 'resting';
}

/** Number of the round that newcomers are for: the next one, or a buffer that is open or about to be. */
function openTo({ asynchronous }: TrainingTask, { phase, progress }: TrainingState): number {
  const isBuffer = asynchronous !== undefined && (phase.state === 'buffering' || phase.state === 'configuring');
  return isBuffer ? progress.round : progress.round + 1;
}

/** [R25] Whoever has contributed as often as it may gets no seat, unless it has a part in what goes on. */
export function turnedAway(task: TrainingTask, state: TrainingState, participant: string): Step | null {
  const { phase, computing, connected, resting } = state;
  const member = 'round' in phase ? phase.round.cohort.members.get(participant) : undefined;
  const isBusy = member?.standing === 'pending' || member?.standing === 'accepted' || computing.has(participant);
  if (phase.state === 'done' || isBusy || availability(task, state, participant) !== 'used-up') return null;
  // The seat of another connection goes with it.
  const without = { ...state, connected: connected.delete(participant), resting: resting.delete(participant) };
  return { state: without, effects: [{ type: 'turn-away', participant }] };
}

/**
 * The state after a training round that these contributed to, which has cost each of them one participation: they
 * rest until they may contribute again, if ever, and whose time has come is back in the queue.
 */
export function withParticipations(
  task: TrainingTask,
  state: TrainingState,
  { round, contributors, now }: { round: Round; contributors: Iterable<string>; now: number },
): TrainingState {
  if (!isLimited(task)) return state;
  const participations = state.participations.withMutations((all) => {
    for (const participant of contributors) {
      const updates = (all.get(participant)?.updates ?? 0) + 1;
      all.set(participant, { updates, latestRound: round.number });
    }
  });
  const next = { participations, round: round.number + 1 };
  const isAvailable = (participant: string): boolean => availabilityFor(task, next, participant) === 'available';
  let { connected } = state;
  const resting = state.resting.withMutations((all) => {
    for (const [participant, { group }] of state.resting) {
      if (!isAvailable(participant)) continue;
      all.delete(participant);
      connected = addClient(connected, { participant, group }, now);
    }
    for (const participant of contributors) {
      const client = connected.get(participant);
      if (client === undefined || isAvailable(participant)) continue;
      connected = connected.delete(participant);
      all.set(participant, { group: client.group });
    }
  });
  return { ...state, participations, connected, resting };
}

/** [R25] The state after a device has said that it has contributed as often as it may: it knows, whatever was lost here. */
export function withUsedUp(
  task: TrainingTask,
  state: TrainingState,
  { participant, round }: { participant: string; round: number },
): TrainingState {
  if (!isLimited(task)) return state;
  const { atMost } = participationLimits(task);
  const { connected, resting } = state;
  const client = connected.get(participant);
  return {
    ...state,
    participations: state.participations.set(participant, { updates: atMost, latestRound: round }),
    connected: connected.delete(participant),
    resting: client === undefined ? resting : resting.set(participant, { group: client.group }),
  };
}

/** Members whose updates are in a round. */
export function acceptedMembers({ cohort }: Round): string[] {
  return [...cohort.members].flatMap(([participant, { standing }]) => (standing === 'accepted' ? [participant] : []));
}

/**
 * How the training stands, for those who look at it from outside. It is exhausted where nothing is under way, nobody
 * waits, and whoever has contributed so far may not be invited next.
 */
export function trainingStanding(task: TrainingTask, state: TrainingState): Pick<TrainingRounds, 'state' | 'usedUp'> {
  const { phase, connected } = state;
  const { usedUp, available } = countAvailable(task, state);
  if (phase.state === 'done') return { state: 'done', usedUp };
  if (isUnderWay(state)) return { state: 'training', usedUp };
  const inBuffer = phase.state === 'buffering' ? acceptedMembers(phase.round) : [];
  const waiting = phase.state === 'buffering' ? phase.ready : connected;
  const known = inBuffer.filter((participant) => state.participations.has(participant));
  const mayComeBack = available > known.filter((one) => availability(task, state, one) === 'available').length;
  const hasTakenPart = !state.participations.isEmpty() || inBuffer.length > 0;
  const isExhausted = isLimited(task) && waiting.isEmpty() && !mayComeBack && hasTakenPart;
  return { state: isExhausted ? 'exhausted' : 'waiting', usedUp };
}

type Counts = { round: number; usedUp: number; available: number };
/** Of which all are counted once: there may be many, and anybody may ask. */
const counted = new WeakMap<Participations, Counts>();

function countAvailable(task: TrainingTask, state: TrainingState): Counts {
  const { participations } = state;
  const round = openTo(task, state);
  const known = counted.get(participations);
  if (known?.round === round) return known;
  const counts = { round, usedUp: 0, available: 0 };
  for (const participant of participations.keys()) {
    const now = availability(task, state, participant);
    if (now === 'used-up') counts.usedUp += 1;
    else if (now === 'available') counts.available += 1;
  }
  counted.set(participations, counts);
  return counts;
}

/** A buffer is open for as long as it takes: nothing is under way while nobody computes or is to be asked. */
function isUnderWay({ phase, computing }: TrainingState): boolean {
  switch (phase.state) {
    case 'selecting':
    case 'abandoned':
    case 'done':
      return false;
    case 'buffering':
      return !computing.isEmpty();
    case 'configuring':
    case 'reporting':
    case 'aggregating':
      return true;
  }
}
