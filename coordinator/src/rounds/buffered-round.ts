import { invitationLimit, type TrainingTask } from '@chorale/protocol';
import { OrderedSet } from 'immutable';
import { sentAway, withArrival } from './arrival.ts';
import { nextKind } from './cadence.ts';
import {
  carriedCohort,
  type Invitation,
  inviteMembers,
  removeMember,
  reopenMember,
  setPresence,
  settleMember,
  shapeOf,
  withContributors,
} from './cohort.ts';
import { withUsedUp } from './participation.ts';
import { afterCommit, resting, unchanged } from './round-end.ts';
import { beginRound, newRound } from './round-start.ts';
import {
  type Effect,
  type Phase,
  type Round,
  type Step,
  type TrainingEvent,
  type TrainingState,
  type Turnout,
  withCohort,
} from './training-state.ts';
import { requeue } from './waiting-clients.ts';

/**
 * How long after its deadline a client's place is free. Its own clock has run out by then, so that it takes
 * an invitation to the same round for another one, and sends what it made for the first if it made anything.
 */
export const EXPIRY_MARGIN_MS = 1000;

type Buffering = Extract<Phase, { state: 'buffering' }>;
type Cohort = Round['cohort'];

/** Whether updates are gathered in buffers now, or would be next; evaluations are rounds of one cohort. */
export function isBuffered(task: TrainingTask, { phase, progress }: TrainingState): boolean {
  if (task.asynchronous === undefined) return false;
  return ('round' in phase ? phase.round.kind : nextKind(task, progress)) === 'train';
}

/** When the next place gets free because its client's time is up. */
export function expiryOf({ computing }: TrainingState): number | null {
  const first = computing.first();
  return first === undefined ? null : first.deadline + EXPIRY_MARGIN_MS;
}

/**
 * [R21] Opens the next model's round as soon as there is anybody who could contribute to it. Those who compute
 * go on, under the numbers that they were invited by.
 */
export function openBuffer(task: TrainingTask, before: TrainingState, now: number): Step {
  const state = expire(before, now);
  const { connected, computing } = state;
  if (connected.isEmpty() && computing.isEmpty()) return unchanged(state);
  const cohort = carriedCohort(computing, connected);
  return beginRound(state, newRound(state, { kind: 'train', cohort }, now), task.cohort.size);
}

/** What an event changes while updates are gathered in buffers. */
export function applyToBuffer(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  switch (event.type) {
    case 'joined':
      return join(task, state, event, now);
    case 'left':
      return unchanged(leave(state, event));
    case 'opened': {
      const { phase, connected, computing } = state;
      if (phase.state !== 'configuring' || phase.round.number !== event.round) return unchanged(state);
      const ready = OrderedSet([...connected.keys()].filter((participant) => !computing.has(participant)));
      return unchanged({ ...state, phase: { state: 'buffering', round: phase.round, ready } });
    }
    case 'update-accepted':
      return unchanged(take(state, event, now));
    case 'declined':
      return unchanged(decline(task, state, event, now));
    case 'updates-lost':
      return reopen(task, state, event, now);
    case 'stored': {
      const { phase } = state;
      if (phase.state !== 'aggregating' || phase.round.number !== event.round) return unchanged(state);
      return commit(task, state, { round: phase.round, participants: event.participants ?? null }, now);
    }
    case 'failed': {
      const { phase } = state;
      if ((phase.state !== 'configuring' && phase.state !== 'aggregating') || phase.round.number !== event.round) {
        return unchanged(state);
      }
      const { round } = phase;
      const back = notComputing(state, round.cohort);
      const counted = phase.state === 'configuring' ? [] : contributors(round.cohort).map(([p]) => p);
      const rested = resting(state, round, { task, back, contributors: counted, now });
      if (phase.state === 'configuring') return unchanged(rested);
      const { reason } = event;
      return {
        state: rested,
        effects: [
          { type: 'abandon', round, turnout: phase.turnout, reason },
          ...announcements(contributors(round.cohort), 'abandoned'),
        ],
      };
    }
    case 'aggregated':
    case 'tick':
      return unchanged(state);
  }
}

/**
 * [R21] A buffer is released when it holds `size` updates. Until then whoever waits is invited at once, with the
 * present model, as long as fewer than `invitationLimit` compute.
 */
export function settleBuffer(task: TrainingTask, before: TrainingState, phase: Buffering, now: number): Step {
  const { round } = phase;
  if (round.cohort.accepted >= task.cohort.size) {
    const turnout = turnoutOf(before, round.cohort);
    return {
      state: { ...before, phase: { state: 'aggregating', round, turnout, next: null } },
      effects: [{ type: 'aggregate', round, turnout }],
    };
  }
  const state = expire(before, now);
  return state.phase.state === 'buffering' ? inviteReady(task, state, state.phase, now) : unchanged(state);
}

function inviteReady(task: TrainingTask, state: TrainingState, { round, ready }: Buffering, now: number): Step {
  const { computing, connected, progress } = state;
  const places = invitationLimit(task) - computing.size;
  if (places <= 0 || ready.isEmpty()) return unchanged(state);
  const participants = ready.toSeq().take(places).toArray();
  const deadline = now + task.cohort.deadlineMs;
  const modelRound = progress.committedRounds;
  const invited = participants.map((participant): [string, Invitation] => {
    const { group } = connected.get(participant)!;
    return [participant, { round: round.number, modelRound, deadline, group }];
  });
  const cohort = inviteMembers(round.cohort, invited);
  const left = ready.withMutations((all) => participants.forEach((participant) => all.delete(participant)));
  return {
    state: {
      ...state,
      phase: { state: 'buffering', round: { ...round, cohort }, ready: left },
      computing: computing.withMutations((all) => invited.forEach(([p, invitation]) => all.set(p, invitation))),
    },
    effects: [{ type: 'invite', round, deadline, participants }],
  };
}

/** [R4] Who comes back while it computes is invited again, with the time that is left. */
function join(
  task: TrainingTask,
  state: TrainingState,
  { participant, group }: { participant: string; group: string },
  now: number,
): Step {
  const away = sentAway(task, state, participant);
  if (away !== null) return away;
  const after = withCohort(withArrival(task, state, { participant, group }, now), (cohort) =>
    setPresence(cohort, participant, true),
  );
  const invitation = state.computing.get(participant);
  if (invitation === undefined) return unchanged(withReady(after, participant));
  if (now >= invitation.deadline) return unchanged(after);
  return { state: after, effects: invitations([[participant, invitation]], after) };
}

/** [R5] A client that leaves after its update was accepted still counts. */
function leave(
  state: TrainingState,
  { participant, forGood }: { participant: string; forGood: boolean },
): TrainingState {
  const { phase } = state;
  const without: TrainingState = {
    ...state,
    connected: state.connected.delete(participant),
    resting: state.resting.delete(participant),
    computing: forGood ? state.computing.delete(participant) : state.computing,
    phase: phase.state === 'buffering' ? { ...phase, ready: phase.ready.delete(participant) } : phase,
  };
  return withCohort(without, (cohort) => removeMember(cohort, participant, { forGood }));
}

/** [R3] [R8] An update counts in the buffer that is open when it arrives, once, and not from its client's deadline on. */
function take(
  state: TrainingState,
  { participant, round }: { participant: string; round: number },
  now: number,
): TrainingState {
  const { phase, computing } = state;
  const invitation = computing.get(participant);
  const isOpen = phase.state === 'buffering' && phase.round.number === round;
  if (!isOpen || invitation === undefined || now >= invitation.deadline) return state;
  const without = { ...state, computing: computing.delete(participant) };
  return withCohort(without, (cohort) => settleMember(cohort, participant, 'accepted'));
}

/**
 * [R21] Who declines a round is not asked again in the same one unless it joins anew; who declines an earlier one
 * goes back to the queue.
 */
function decline(
  task: TrainingTask,
  state: TrainingState,
  { participant, round, usedUp }: { participant: string; round: number; usedUp?: boolean },
  now: number,
): TrainingState {
  const { phase, computing } = state;
  if (computing.get(participant)?.round !== round) return state;
  const without = { ...state, computing: computing.delete(participant) };
  const settled = withCohort(without, (cohort) => settleMember(cohort, participant, 'declined'));
  if (usedUp === true) return withUsedUp(task, settled, { participant, round });
  const isPresent = 'round' in phase && phase.round.number === round;
  return isPresent ? settled : backInLine(settled, participant, now);
}

/** [R19] Clients whose updates were lost with a node are asked for them again. */
function reopen(
  task: TrainingTask,
  state: TrainingState,
  event: Extract<TrainingEvent, { type: 'updates-lost' }>,
  now: number,
): Step {
  const { phase } = state;
  if (phase.state !== 'buffering' || phase.round.number !== event.round) return unchanged(state);
  const { members } = phase.round.cohort;
  const lost = event.participants.filter((participant) => members.get(participant)?.standing === 'accepted');
  const asked = askAgain(task, phase.round.cohort, lost, now);
  const after = withCohort({ ...state, computing: state.computing.concat(asked) }, (cohort) =>
    lost.reduce(reopenMember, cohort),
  );
  return { state: after, effects: invitations(asked, after) };
}

/**
 * [R21] The members whose updates are in the new model are told under the numbers that they were invited by, and
 * go to the end of the queue. [R23] Those whose model is too old from here on are told at once that nothing is
 * wanted of them any more; before an evaluation and at the end of the task, all who compute.
 */
function commit(
  task: TrainingTask,
  state: TrainingState,
  { round, participants }: { round: Round; participants: ReadonlySet<string> | null },
  now: number,
): Step {
  // Nodes may have taken in more than the owner had heard of, or lost some.
  const cohort = participants === null ? round.cohort : withContributors(round.cohort, participants);
  const counted = contributors(cohort);
  const lost = contributors(round.cohort).flatMap(([p]) => (participants?.has(p) === false ? [p] : []));
  const asked = askAgain(task, cohort, lost, now);
  const computing = state.computing.deleteAll(counted.map(([participant]) => participant)).concat(asked);
  const after = afterCommit({ ...state, computing }, round, {
    task,
    back: [],
    contributors: counted.map(([participant]) => participant),
    now,
  });
  const isNext = nextKind(task, after.progress) === 'train';
  const { maximumStaleness } = task.asynchronous!;
  const isWanted = ({ modelRound }: Invitation): boolean =>
    isNext && after.progress.committedRounds - modelRound <= maximumStaleness;
  const closed = [...computing].filter(([, invitation]) => !isWanted(invitation));
  const kept = computing.deleteAll(closed.map(([participant]) => participant));
  const left: TrainingState = { ...after, computing: kept };
  const back = [...notComputing(left, cohort), ...closed.map(([participant]) => participant)];
  return {
    state: { ...left, connected: requeue(left.connected, back, now) },
    effects: [
      ...announcements(counted, 'committed'),
      ...byRound(closed).map(([number, all]): Effect => ({ type: 'close', round: { number }, participants: all })),
      ...invitations(
        asked.filter(([participant]) => kept.has(participant)),
        left,
      ),
    ],
  };
}

/** Invitations anew, with all the time that the task gives, for what these members had sent already. */
function askAgain(
  task: TrainingTask,
  { members }: Cohort,
  participants: readonly string[],
  now: number,
): [participant: string, Invitation][] {
  const deadline = now + task.cohort.deadlineMs;
  return participants.flatMap((participant): [string, Invitation][] => {
    const invitation = members.get(participant)?.invitation;
    return invitation === undefined ? [] : [[participant, { ...invitation, deadline }]];
  });
}

/** Frees the places of clients whose time is up; those with a connection go to the end of the queue. */
function expire(state: TrainingState, now: number): TrainingState {
  if (now < (expiryOf(state) ?? Infinity)) return state;
  const over = [...state.computing.takeWhile(({ deadline }) => now >= deadline + EXPIRY_MARGIN_MS).keys()];
  const without = { ...state, computing: state.computing.deleteAll(over) };
  return over.reduce((before, participant) => backInLine(before, participant, now), without);
}

function backInLine(state: TrainingState, participant: string, now: number): TrainingState {
  return withReady({ ...state, connected: requeue(state.connected, [participant], now) }, participant);
}

/** A client that is connected, and of which nothing is asked, waits for an invitation, unless its update is in the buffer. */
function withReady(state: TrainingState, participant: string): TrainingState {
  const { phase, connected } = state;
  if (phase.state !== 'buffering' || !connected.has(participant)) return state;
  if (phase.round.cohort.members.get(participant)?.standing === 'accepted') return state;
  return { ...state, phase: { ...phase, ready: phase.ready.add(participant) } };
}

/**
 * What became of the cohort when the buffer was full: `lost` and `late` are still asked for their updates, or
 * let their time pass. Only the latter, and who left, dropped out.
 */
function turnoutOf({ computing }: TrainingState, cohort: Cohort): Turnout {
  const shape = shapeOf(cohort);
  const expired = cohort.members.count(({ standing }, p) => standing === 'pending' && !computing.has(p));
  return { accepted: shape.accepted, dropouts: shape.left + expired, shape };
}

function contributors({ members }: Cohort): [participant: string, Invitation][] {
  return [...members].flatMap(([participant, { standing, invitation }]): [string, Invitation][] =>
    standing === 'accepted' && invitation !== undefined ? [[participant, invitation]] : [],
  );
}

function notComputing({ computing }: TrainingState, { members }: Cohort): string[] {
  return [...members.keys()].filter((participant) => !computing.has(participant));
}

/** How a round ended, to each under the number that it was invited by. */
function announcements(
  members: Iterable<[participant: string, Invitation]>,
  outcome: 'committed' | 'abandoned',
): Effect[] {
  return byRound(members).map(([number, participants]) => ({
    type: 'announce',
    round: { number },
    outcome,
    participants,
  }));
}

/**
 * Invitations once more, to those who are connected. They come with the present model, since no other is kept; the
 * staleness that an update will have is that of the first.
 */
function invitations(
  asked: readonly [participant: string, Invitation][],
  { connected, progress }: TrainingState,
): Effect[] {
  const modelRound = progress.committedRounds;
  return asked
    .filter(([participant]) => connected.has(participant))
    .map(([participant, { round: number, deadline }]) => ({
      type: 'invite',
      round: { number, kind: 'train', modelRound },
      deadline,
      participants: [participant],
    }));
}

function byRound(invited: Iterable<[participant: string, Invitation]>): [number: number, participants: string[]][] {
  const rounds = new Map<number, string[]>();
  for (const [participant, { round }] of invited) {
    const participants = rounds.get(round);
    if (participants === undefined) rounds.set(round, [participant]);
    else participants.push(participant);
  }
  return [...rounds];
}
