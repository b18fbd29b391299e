import { ChoraleError } from '@chorale/protocol';
import type { Member, Round, TrainingState } from './training-state.ts';

/**
 * A participant's place in the round that it sends something for; the deadline must have been seen.
 * @throws ChoraleError `ROUND_CLOSED` once the round has ended; `NOT_IN_COHORT` before it has begun, for
 *   who is not invited to it, and for who has given it up. [R3] [R8]
 */
export function requireMember(
  { phase, progress }: TrainingState,
  { participant, round }: { participant: string; round: number },
): { kind: Round['kind']; member: Member } {
  const isToCome = phase.state === 'configuring' && phase.round.number === round;
  if (round > progress.round || isToCome) throw new ChoraleError('NOT_IN_COHORT', `round ${round} has not begun`);
  if (phase.state !== 'reporting' || phase.round.number !== round) {
    throw new ChoraleError('ROUND_CLOSED', `round ${round} has ended`);
  }
  const member = phase.round.members.get(participant);
  if (member === undefined) throw new ChoraleError('NOT_IN_COHORT', `this client is not invited to round ${round}`);
  if (member.standing === 'declined' || member.standing === 'left') {
    throw new ChoraleError('NOT_IN_COHORT', `this client has given up round ${round}`);
  }
  return { kind: phase.round.kind, member };
}

/** How many clients wait for an invitation, and how many of the present cohort have contributed. */
export function attendance({ phase, connected }: TrainingState): { waiting: number; accepted: number } {
  if (phase.state === 'done') return { waiting: 0, accepted: 0 };
  if (phase.state === 'selecting' || phase.state === 'abandoned') return { waiting: connected.size, accepted: 0 };
  const members = [...phase.round.members];
  const busy = members.filter(([participant]) => connected.has(participant)).length;
  return {
    waiting: connected.size - busy,
    accepted: members.filter(([, { standing }]) => standing === 'accepted').length,
  };
}
