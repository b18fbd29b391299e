import { ChoraleError, type TrainingTask } from '@chorale/protocol';
import { isBuffered } from './buffered-round.ts';
import type { Member } from './cohort.ts';
import type { Round, TrainingState } from './training-state.ts';

/** How soon a client should try again that sends while a buffer is released and the next one opened. */
const NEXT_BUFFER_MS = 250;

/** What a client's contribution would be, were it taken now. */
export type Place = {
  kind: Round['kind'];
  /** The round that it counts in; in asynchronous training perhaps a later one than the client was invited in. */
  round: number;
  group: string;
  /** Models made since the one that the client was invited with; always 0 in rounds of one cohort. */
  staleness: number;
  standing: Exclude<Member['standing'], 'declined' | 'left'>;
};

type Sent = { participant: string; round: number };

/**
 * A participant's place in the round that it sends something for; the deadline of a round must have been seen.
 * @throws ChoraleError `ROUND_CLOSED` once the round has ended; `NOT_IN_COHORT` before it has begun, for
 *   who is not invited to it, and for who has given it up. [R3] [R8]
 *   In asynchronous training also `ROUND_CLOSED` for what is too old, `UPDATE_DUPLICATE` for what has been
 *   accepted, and `UNAVAILABLE` while no buffer is open. [R22] [R23]
 */
export function requirePlace(task: TrainingTask, state: TrainingState, sent: Sent, now: number): Place {
  return isBuffered(task, state) ? placeInBuffer(state, sent, now) : placeInCohort(state, sent);
}

function placeInCohort({ phase, progress }: TrainingState, { participant, round }: Sent): Place {
  const isToCome = phase.state === 'configuring' && phase.round.number === round;
  if (round > progress.round || isToCome) throw notBegun(round);
  if (phase.state !== 'reporting' || phase.round.number !== round) {
    throw new ChoraleError('ROUND_CLOSED', `round ${round} has ended`);
  }
  const member = phase.round.cohort.members.get(participant);
  if (member === undefined) throw notInvited(round);
  const { standing, group } = member;
  if (standing === 'declined' || standing === 'left') throw givenUp(round);
  return { kind: phase.round.kind, round, group, staleness: 0, standing };
}

function placeInBuffer(
  { phase, progress, computing }: TrainingState,
  { participant, round }: Sent,
  now: number,
): Place {
  const isToCome = phase.state === 'configuring' && phase.round.number === round;
  if (round > progress.round || isToCome) throw notBegun(round);
  const invitation = computing.get(participant);
  if (invitation?.round === round && now < invitation.deadline) {
    if (phase.state !== 'buffering') throw betweenBuffers();
    const staleness = progress.committedRounds - invitation.modelRound;
    return { kind: 'train', round: phase.round.number, group: invitation.group, staleness, standing: 'pending' };
  }
  const present = 'round' in phase ? phase.round : null;
  const member = present?.cohort.members.get(participant);
  if (member?.invitation?.round === round) {
    if (member.standing === 'accepted') {
      throw new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
    }
    if (member.standing !== 'pending') throw givenUp(round);
  } else if (present?.number === round) {
    throw notInvited(round);
  }
  throw new ChoraleError('ROUND_CLOSED', `round ${round}: the update is too stale, or comes after its deadline`);
}

/** [R22] What arrives between two buffers counts in the next one: nothing is wrong with it. */
export function betweenBuffers(): ChoraleError {
  return new ChoraleError('UNAVAILABLE', 'a model is being made; the same update can be taken in a moment', {
    retryAfterMs: NEXT_BUFFER_MS,
  });
}

/** How many clients wait for an invitation, and how many have contributed to the present round, of how many members. */
export function attendance({ phase, connected, computing }: TrainingState): {
  waiting: number;
  accepted: number;
  invited: number;
} {
  switch (phase.state) {
    case 'done':
      return { waiting: 0, accepted: 0, invited: 0 };
    case 'selecting':
    case 'abandoned': {
      const busy = computing.count((_, participant) => connected.has(participant));
      return { waiting: connected.size - busy, accepted: 0, invited: 0 };
    }
    case 'configuring':
    case 'reporting':
    case 'buffering':
    case 'aggregating': {
      const { present, accepted, members } = phase.round.cohort;
      const waiting = phase.state === 'buffering' ? phase.ready.size : Math.max(0, connected.size - present);
      return { waiting, accepted, invited: members.size };
    }
  }
}

function notBegun(round: number): ChoraleError {
  return new ChoraleError('NOT_IN_COHORT', `round ${round} has not begun`);
}

function notInvited(round: number): ChoraleError {
  return new ChoraleError('NOT_IN_COHORT', `this client is not invited to round ${round}`);
}

function givenUp(round: number): ChoraleError {
  return new ChoraleError('NOT_IN_COHORT', `this client has given up round ${round}`);
}
