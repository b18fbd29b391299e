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

/** Connected clients are asked for updates, for the first time in this round or again. */
export function inviteMembers(
  cohort: Cohort,
  invited: readonly [participant: string, invitation: Invitation][],
): Cohort {
  return invited.reduce((before, [participant, invitation]) => {
    return replace(before, participant, { group: invitation.group, standing: 'pending', present: true, invitation });
  }, cohort);
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

/** [R5] A member's connection is lost, or it left `forGood`; what it did before counts whatever becomes of it. */
export function removeMember(cohort: Cohort, participant: string, { forGood }: { forGood: boolean }): Cohort {
  const absent = setPresence(cohort, participant, false);
  return forGood ? settleMember(absent, participant, 'left') : absent;
}

/** The cohort as the release knows it: exactly these members contributed. */
export function withContributors(cohort: Cohort, participants: ReadonlySet<string>): Cohort {
  const unknown = [...cohort.members].filter(([participant, { standing }]) => {
    return standing === (participants.has(participant) ? 'pending' : 'accepted');
  });
  return unknown.reduce((before, [participant]) => {
    return participants.has(participant)
      ? settleMember(before, participant, 'accepted')
      : reopenMember(before, participant);
  }, cohort);
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
  const { members, accepted, pending, absent, present } = cohort;
  const before = members.get(participant);
  return {
    members: members.set(participant, after),
    accepted: accepted + change(isAccepted, before, after),
    pending: pending + change(isPending, before, after),
    absent: absent + change(isAbsent, before, after),
    present: present + change(isPresent, before, after),
  };
}

/** How many more are so after a member changed; there was none `before` where it is new. */
function change(is: (member: Member) => boolean, before: Member | undefined, after: Member): number {
  return Number(is(after)) - Number(before !== undefined && is(before));
}

const isAccepted = ({ standing }: Member): boolean => standing === 'accepted';
const isPending = ({ standing }: Member): boolean => standing === 'pending';
const isAbsent = ({ standing, present }: Member): boolean => standing === 'pending' && !present;
const isPresent = ({ present }: Member): boolean => present;
