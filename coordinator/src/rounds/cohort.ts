import type { RoundShape } from '@chorale/protocol';
import { OrderedMap } from 'immutable';

/** What one client is asked for in asynchronous training: an update that starts from a model, by a deadline of its own. */
export type Invitation = {
  /** Number of the round in which it was invited; its update may count in a later one. */
  readonly round: number;
  /** The model that was present then. */
  readonly modelRound: number;
  readonly deadline: number;
  readonly group: string;
};

/**
 * An invited client. `pending` may still contribute, connected or not; `declined` and `left` (for good)
 * will not; `accepted` counts whatever becomes of it.
 */
export type Member = {
  readonly group: string;
  readonly standing: 'pending' | 'accepted' | 'declined' | 'left';
  /** Whether it has a connection. */
  readonly present: boolean;
  /** In asynchronous training, what it was asked for last. */
  readonly invitation?: Invitation;
};

/** The clients of one round. It never changes; the functions here give the cohort after a change, in log(n). */
export type Cohort = {
  /** By participant, in the order of their invitation. */
  readonly members: OrderedMap<string, Member>;
  readonly accepted: number;
  readonly pending: number;
  /** Pending members without a connection. */
  readonly absent: number;
  /** Members with a connection. */
  readonly present: number;
};

/** A cohort of clients that are connected and have done nothing yet. */
export function newCohort(clients: Iterable<[participant: string, { readonly group: string }]>): Cohort {
  const members = OrderedMap<string, Member>().withMutations((all) => {
    for (const [participant, { group }] of clients) all.set(participant, { group, standing: 'pending', present: true });
  });
  return { members, accepted: 0, pending: members.size, absent: 0, present: members.size };
}

/** A connected client is asked for an update, for the first time in this round or again. */
export function inviteMember(cohort: Cohort, participant: string, invitation: Invitation): Cohort {
  return replace(cohort, participant, { group: invitation.group, standing: 'pending', present: true, invitation });
}

/** Members that are asked already when a round is opened, some of them without a connection. */
export function carriedCohort(
  computing: OrderedMap<string, Invitation>,
  connected: { has(participant: string): boolean },
): Cohort {
  const members = computing.map((invitation, participant): Member => ({
    group: invitation.group,
    standing: 'pending',
    present: connected.has(participant),
    invitation,
  }));
  const present = members.count((member) => member.present);
  return { members, accepted: 0, pending: members.size, absent: members.size - present, present };
}

/** [R3] What a pending member did: a standing other than `pending` is final, so each counts once. */
export function settleMember(
  cohort: Cohort,
  participant: string,
  standing: Exclude<Member['standing'], 'pending'>,
): Cohort {
  const member = cohort.members.get(participant);
  return member?.standing === 'pending' ? replace(cohort, participant, { ...member, standing }) : cohort;
}

/** [R19] A member whose accepted update was lost with the node that held it: it may send the same again. */
export function reopenMember(cohort: Cohort, participant: string): Cohort {
  const member = cohort.members.get(participant);
  return member?.standing === 'accepted' ? replace(cohort, participant, { ...member, standing: 'pending' }) : cohort;
}

/** A member's connection came or went. */
export function setPresence(cohort: Cohort, participant: string, present: boolean): Cohort {
  const member = cohort.members.get(participant);
  return member === undefined || member.present === present
    ? cohort
    : replace(cohort, participant, { ...member, present });
}

/** The cohort as the release knows it: exactly these members contributed. */
export function withContributors(cohort: Cohort, participants: ReadonlySet<string>): Cohort {
  let after = cohort;
  for (const participant of cohort.members.keys()) {
    after = participants.has(participant)
      ? settleMember(after, participant, 'accepted')
      : reopenMember(after, participant);
  }
  return after;
}

/** What became of a cohort, whose round ends now. */
export function shapeOf({ members, accepted, pending, absent }: Cohort): RoundShape {
  const declined = members.count(({ standing }) => standing === 'declined');
  const left = members.size - accepted - pending - declined;
  return { invited: members.size, accepted, declined, left, lost: absent, late: pending - absent };
}

/** Members that may still contribute, in the order of their invitation. */
export function pendingMembers({ members }: Cohort): string[] {
  return [...members].filter(([, { standing }]) => standing === 'pending').map(([participant]) => participant);
}

function replace(cohort: Cohort, participant: string, after: Member): Cohort {
  const before = cohort.members.get(participant);
  const change = (is: (member: Member) => boolean): number =>
    Number(is(after)) - Number(before !== undefined && is(before));
  return {
    members: cohort.members.set(participant, after),
    accepted: cohort.accepted + change((m) => m.standing === 'accepted'),
    pending: cohort.pending + change((m) => m.standing === 'pending'),
    absent: cohort.absent + change((m) => m.standing === 'pending' && !m.present),
    present: cohort.present + change((m) => m.present),
  };
}
