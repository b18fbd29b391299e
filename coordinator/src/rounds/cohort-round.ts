import { invitationLimit, type TrainingTask } from '@chorale/protocol';
import { sentAway, withArrival } from './arrival.ts';
import { nextKind } from './cadence.ts';
import { newCohort, pendingMembers, removeMember, reopenMember, setPresence, settleMember, shapeOf } from './cohort.ts';
import { acceptedMembers, withUsedUp } from './participation.ts';
import { afterCommit, resting, unchanged } from './round-end.ts';
import { beginRound, newRound } from './round-start.ts';
import {
  type Phase,
  type Round,
  type Step,
  type TrainingEvent,
  type TrainingState,
  type Turnout,
  withCohort,
} from './training-state.ts';
import { longestWait, requeue } from './waiting-clients.ts';

/** How long a round that has enough clients waits for spare ones after each that comes. */
const GATHERING_MS = 1000;

/** How long a round that has its quorum waits for clients whose connection was lost: a page's reload. */
export const ABSENCE_GRACE_MS = 10_000;

type Reporting = Extract<Phase, { state: 'reporting' }>;
type Aggregating = Extract<Phase, { state: 'aggregating' }>;
/** A round about to be committed; `participants` are those whose contributions are in it, where they are known. */
type Ending = Aggregating & { readonly participants: ReadonlySet<string> | null };
type Cohort = Round['cohort'];

/** What an event changes in a round of one cohort, or between two such rounds. */
export function applyToCohort(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  switch (event.type) {
    case 'joined':
      return join(task, state, event, now);
    case 'left':
      return leave(state, event);
    case 'opened': {
      const { phase } = state;
      if (phase.state !== 'configuring' || phase.round.number !== event.round) return unchanged(state);
      const deadline = now + task.cohort.deadlineMs;
      const participants = pendingMembers(phase.round.cohort).filter((p) => state.connected.has(p));
      return {
        state: { ...state, phase: { state: 'reporting', round: phase.round, deadline, graceUntil: null } },
        effects: [{ type: 'invite', round: phase.round, deadline, participants }],
      };
    }
    case 'update-accepted':
      return whileOpen(state, event.round, now, (cohort) => settleMember(cohort, event.participant, 'accepted'));
    case 'declined': {
      const { state: after } = whileOpen(state, event.round, now, (cohort) =>
        settleMember(cohort, event.participant, 'declined'),
      );
      return unchanged(event.usedUp === true ? withUsedUp(task, after, event) : after);
    }
    case 'updates-lost':
      return reopen(state, event, now);
    case 'stored': {
      const { phase } = state;
      if (phase.state !== 'aggregating' || phase.round.number !== event.round) return unchanged(state);
      return commit(task, state, { ...phase, participants: event.participants ?? null }, now);
    }
    case 'aggregated': {
      const { phase } = state;
      if (phase.state !== 'aggregating' || phase.round.number !== event.round) return unchanged(state);
      return unchanged(withNext(task, state, { ...phase, participants: event.participants ?? null }, now));
    }
    case 'failed': {
      const { phase } = state;
      if ((phase.state !== 'aggregating' && phase.state !== 'configuring') || phase.round.number !== event.round) {
        return unchanged(state);
      }
      const { round } = phase;
      const { reason } = event;
      if (phase.state === 'configuring')
        return unchanged(resting(state, round, { task, back: round.cohort.members.keys(), contributors: [], now }));
      return abandon(task, state, { round, turnout: phase.turnout, reason, participants: reporters(round) }, now);
    }
    case 'tick':
      return unchanged(state);
  }
}

/**
 * [R1] When a round starts as long as nobody comes or goes, `Infinity` where too few wait: at once with as many
 * clients as it may invite; with the `size` that is wanted after a moment in which nobody came; with at least
 * `quorum` when the first of them has waited `selectionTimeoutMs`, during the round before or since.
 */
export function selectionEnd(task: TrainingTask, { connected, latestArrival }: TrainingState): number {
  const { size, quorum, selectionTimeoutMs } = task.cohort;
  if (connected.size >= invitationLimit(task)) return -Infinity;
  if (connected.size < quorum) return Infinity;
  const patience = longestWait(connected) + selectionTimeoutMs;
  return connected.size < size ? patience : Math.min(patience, latestArrival + GATHERING_MS);
}

/**
 * [R1] Those who have waited longest are invited: some more than the `size` that is wanted, for those who will
 * not make it.
 */
export function selectCohort(task: TrainingTask, state: TrainingState, kind: Round['kind'], now: number): Step {
  if (now < selectionEnd(task, state)) return unchanged(state);
  return beginRound(state, roundOf(task, state, kind, now), invitationLimit(task));
}

function roundOf(task: TrainingTask, state: TrainingState, kind: Round['kind'], now: number): Round {
  const cohort = newCohort(state.connected.toSeq().take(invitationLimit(task)));
  return newRound(state, { kind, cohort }, now);
}

/**
 * The state with the round that begins as soon as this one is committed, where enough clients wait for it: its number
 * becomes durable with that commit. [R2] Members that leave meanwhile are missed in it, as in one that is being opened.
 * Whom this round costs a participation is looked at, but counted with the commit.
 */
function withNext(task: TrainingTask, state: TrainingState, end: Ending, now: number): TrainingState {
  const { participants, ...phase } = end;
  const { round } = phase;
  const waiting = { ...state, connected: requeue(state.connected, round.cohort.members.keys(), now) };
  const after = afterCommit(waiting, round, {
    task,
    back: [],
    contributors: participants ?? acceptedMembers(round),
    now,
  });
  const kind = nextKind(task, after.progress);
  // Who computes for a buffer may change until it is opened.
  const isReady = kind !== null && task.asynchronous === undefined && now >= selectionEnd(task, after);
  return isReady ? { ...waiting, phase: { ...phase, next: roundOf(task, after, kind, now) } } : state;
}

/**
 * [R6] A round ends when it has the `size` updates that it wants, when every member has reported, declined
 * or left for good, and at its deadline at the latest. With the quorum reached and only lost connections
 * missing it ends after a short grace; below the quorum they are waited for until the deadline, because an
 * abandoned round wastes the budget of those who reported.
 * [R7] With the quorum it is aggregated, without it abandoned: at once when it is out of reach.
 */
export function settleReporting(task: TrainingTask, state: TrainingState, phase: Reporting, now: number): Step {
  const { round, deadline, graceUntil } = phase;
  const { cohort } = round;
  const { size, quorum } = task.cohort;
  const { accepted, pending, absent } = cohort;
  const isOver = now >= deadline;
  if (accepted + (isOver ? 0 : pending) < quorum) {
    const reason = isOver ? 'deadline passed below the quorum' : 'quorum out of reach';
    const participants = [...cohort.members.keys()];
    return abandon(task, state, { round, turnout: turnoutOf(cohort, { isOver }), reason, participants }, now);
  }
  const isWaitedOut = graceUntil !== null && absent === pending && now >= graceUntil;
  if (accepted >= size || isOver || pending === 0 || isWaitedOut) {
    const turnout = turnoutOf(cohort, { isOver });
    const late = pendingMembers(cohort).filter((participant) => state.connected.has(participant));
    return {
      state: { ...state, phase: { state: 'aggregating', round, turnout, next: null } },
      effects: [
        ...(late.length > 0 ? [{ type: 'close', round, participants: late } as const] : []),
        { type: 'aggregate', round, turnout },
      ],
    };
  }
  const isGrace = accepted >= quorum && absent === pending;
  const until = isGrace ? (graceUntil ?? Math.min(deadline, now + ABSENCE_GRACE_MS)) : null;
  return until === graceUntil ? unchanged(state) : unchanged({ ...state, phase: { ...phase, graceUntil: until } });
}

/** Whoever was about to report when the round had enough, or could no longer succeed, is not a dropout. */
function turnoutOf(cohort: Cohort, { isOver }: { isOver: boolean }): Turnout {
  const shape = shapeOf(cohort);
  return { accepted: shape.accepted, dropouts: shape.left + shape.lost + (isOver ? shape.late : 0), shape };
}

/**
 * [R4] A member whose connection was lost may come back until the deadline, and is invited again with the
 * time that is left unless its update was accepted. [R8] Who joins during a round waits for the next.
 */
function join(
  task: TrainingTask,
  state: TrainingState,
  { participant, group }: { participant: string; group: string },
  now: number,
): Step {
  const away = sentAway(task, state, participant);
  if (away !== null) return away;
  const { phase } = state;
  const member = 'round' in phase ? phase.round.cohort.members.get(participant) : undefined;
  const after = withCohort(withArrival(task, state, { participant, group }, now), (cohort) =>
    setPresence(cohort, participant, true),
  );
  const isInvited = after.phase.state === 'reporting' && member?.standing === 'pending';
  if (!isInvited || now >= after.phase.deadline) return unchanged(after);
  const { round, deadline } = after.phase;
  return { state: after, effects: [{ type: 'invite', round, deadline, participants: [participant] }] };
}

/** [R5] A client that leaves after its update was accepted still counts. */
function leave(state: TrainingState, { participant, forGood }: { participant: string; forGood: boolean }): Step {
  const { connected, resting: others } = state;
  const without = { ...state, connected: connected.delete(participant), resting: others.delete(participant) };
  return unchanged(withCohort(without, (cohort) => removeMember(cohort, participant, { forGood })));
}

/** [R19] Members whose updates were lost with a node are invited again, those without a connection once they are back. */
function reopen(state: TrainingState, event: Extract<TrainingEvent, { type: 'updates-lost' }>, now: number): Step {
  const { state: after } = whileOpen(state, event.round, now, (cohort) =>
    event.participants.reduce(reopenMember, cohort),
  );
  if (after.phase.state !== 'reporting' || after === state) return unchanged(state);
  const { round, deadline } = after.phase;
  const { members } = round.cohort;
  const present = event.participants.filter((p) => members.get(p)?.standing === 'pending' && members.get(p)?.present);
  return {
    state: after,
    effects: present.length > 0 ? [{ type: 'invite', round, deadline, participants: present }] : [],
  };
}

/** [R8] Nothing is accepted before a round's invitation, from its deadline on, or once it has ended. */
function whileOpen(state: TrainingState, round: number, now: number, change: (cohort: Cohort) => Cohort): Step {
  const { phase } = state;
  const isOpen = phase.state === 'reporting' && phase.round.number === round && now < phase.deadline;
  return unchanged(isOpen ? withCohort(state, change) : state);
}

function commit(task: TrainingTask, state: TrainingState, { round, next, participants }: Ending, now: number): Step {
  const contributors = participants ?? acceptedMembers(round);
  // With a next round at hand the cohort is at the end of the queue already.
  const back = next === null ? round.cohort.members.keys() : [];
  const after = afterCommit(state, round, { task, back, contributors, now });
  const begun = next === null ? unchanged(after) : beginRound(after, next, invitationLimit(task));
  return {
    state: begun.state,
    effects: [{ type: 'announce', round, outcome: 'committed', participants: reporters(round) }, ...begun.effects],
  };
}

function abandon(
  task: TrainingTask,
  state: TrainingState,
  { participants, ...end }: { round: Round; turnout: Turnout; reason: string; participants: readonly string[] },
  now: number,
): Step {
  const { round } = end;
  const { progress } = state;
  const after =
    round.kind === 'evaluate' ? { ...progress, failedEvaluations: progress.failedEvaluations + 1 } : progress;
  return {
    state: resting({ ...state, progress: after }, round, {
      task,
      back: round.cohort.members.keys(),
      // What they sent is spent.
      contributors: acceptedMembers(round),
      now,
    }),
    effects: [
      { type: 'abandon', ...end },
      { type: 'announce', round, outcome: 'abandoned', participants },
    ],
  };
}

/** Members that wait for the end of a round which was aggregated: the others were told when it closed. */
function reporters({ cohort }: Round): string[] {
  return [...cohort.members].filter(([, { standing }]) => standing !== 'pending').map(([participant]) => participant);
}
