import type { TrainingTask } from '@chorale/protocol';
import { nextKind, type Progress } from './cadence.ts';
import type {
  Connected,
  Effect,
  Member,
  Phase,
  Round,
  Step,
  TrainingEvent,
  TrainingState,
  Turnout,
} from './training-state.ts';

/** How long a round that has its quorum waits for clients whose connection was lost: a page's reload. */
export const ABSENCE_GRACE_MS = 10_000;

/** Rest after a first abandoned round; it doubles with each further one, up to the longest. */
export const BACKOFF_MS = { first: 1000, longest: 60_000 } as const;

type Reporting = Extract<Phase, { state: 'reporting' }>;

/**
 * One transition of a study's training: a pure function, so that production and simulation run the
 * same rules (phases after Bonawitz et al. 2019, section 2). Events about another round than the
 * present one change nothing.
 * @param now milliseconds on the clock that deadlines are told by; may stand still, need not advance evenly
 */
export function step(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  const { state: after, effects } = apply(task, state, event, now);
  const settled = settle(task, after, now);
  return { state: settled.state, effects: [...effects, ...settled.effects] };
}

/** When time alone will next change the state, or `null`: the runner sets its timer by it. */
export function nextWake(task: TrainingTask, state: TrainingState): number | null {
  const { phase, connected } = state;
  switch (phase.state) {
    case 'selecting': {
      const { quorum, selectionTimeoutMs } = task.cohort;
      return connected.size < quorum ? null : longestWait(connected) + selectionTimeoutMs;
    }
    case 'reporting':
      return phase.graceUntil ?? phase.deadline;
    case 'abandoned':
      return phase.retryAt;
    case 'configuring':
    case 'aggregating':
    case 'done':
      return null;
  }
}

function apply(task: TrainingTask, state: TrainingState, event: TrainingEvent, now: number): Step {
  switch (event.type) {
    case 'joined':
      return join(state, event, now);
    case 'left':
      return leave(state, event);
    case 'opened': {
      const { phase } = state;
      if (phase.state !== 'configuring' || phase.round.number !== event.round) return unchanged(state);
      const deadline = now + task.cohort.deadlineMs;
      const participants = [...phase.round.members].filter(
        ([p, m]) => m.standing === 'pending' && state.connected.has(p),
      );
      return {
        state: { ...state, phase: { state: 'reporting', round: phase.round, deadline, graceUntil: null } },
        effects: [{ type: 'invite', round: phase.round, deadline, participants: participants.map(([p]) => p) }],
      };
    }
    case 'update-accepted':
      return isOpen(state.phase, event.round, now)
        ? setStanding(state, event.participant, 'accepted')
        : unchanged(state);
    case 'declined':
      return isOpen(state.phase, event.round, now)
        ? setStanding(state, event.participant, 'declined')
        : unchanged(state);
    case 'stored': {
      const { phase } = state;
      if (phase.state !== 'aggregating' || phase.round.number !== event.round) return unchanged(state);
      return commit(state, phase.round, now);
    }
    case 'failed': {
      const { phase } = state;
      if ((phase.state !== 'aggregating' && phase.state !== 'configuring') || phase.round.number !== event.round) {
        return unchanged(state);
      }
      const turnout = phase.state === 'aggregating' ? phase.turnout : { accepted: 0, dropouts: 0 };
      return abandon(
        state,
        { round: phase.round, turnout, reason: event.reason, invited: phase.state === 'aggregating' },
        now,
      );
    }
    case 'tick':
      return unchanged(state);
  }
}

/** What follows by itself once an event was applied: a round starts, or ends. */
function settle(task: TrainingTask, state: TrainingState, now: number): Step {
  switch (state.phase.state) {
    case 'abandoned':
      // A clock set back must not prolong the rest beyond the longest there is.
      if (now < state.phase.retryAt && state.phase.retryAt - now <= BACKOFF_MS.longest) return unchanged(state);
      return settle(task, { ...state, phase: { state: 'selecting' } }, now);
    case 'selecting':
      return select(task, state, now);
    case 'reporting':
      return settleReporting(task, state, state.phase, now);
    case 'configuring':
    case 'aggregating':
    case 'done':
      return unchanged(state);
  }
}

/**
 * [R1] A round starts when `size` clients wait, or when at least `quorum` wait and the first of them
 * has waited `selectionTimeoutMs`. Those who have waited longest are invited, at most `size`.
 * [R2] Its number is one more than any before, and durable before anybody is invited.
 */
function select(task: TrainingTask, state: TrainingState, now: number): Step {
  const kind = nextKind(task, state.progress);
  if (kind === null) {
    const done: TrainingState = { ...state, phase: { state: 'done' } };
    return { state: done, effects: [{ type: 'finish', participants: [...state.connected.keys()] }] };
  }
  const { size, quorum, selectionTimeoutMs } = task.cohort;
  const { connected, progress } = state;
  const isFull = connected.size >= size;
  const hasWaited = connected.size >= quorum && now >= longestWait(connected) + selectionTimeoutMs;
  if (!isFull && !hasWaited) return unchanged(state);
  const cohort = [...connected].slice(0, size);
  const round: Round = {
    number: progress.round + 1,
    kind,
    modelRound: progress.committedRounds,
    startedAt: now,
    members: new Map(cohort.map(([participant, { group }]) => [participant, { group, standing: 'pending' }])),
  };
  return {
    state: { ...state, progress: { ...progress, round: round.number }, phase: { state: 'configuring', round } },
    effects: [{ type: 'open', round }],
  };
}

/**
 * [R6] A round ends when every member has reported, declined or left for good, and at its deadline at
 * the latest. With the quorum reached and only lost connections missing it ends after a short grace;
 * below the quorum they are waited for until the deadline, because an abandoned round wastes the
 * budget of those who reported.
 * [R7] With the quorum it is aggregated, without it abandoned: at once when it is out of reach.
 */
function settleReporting(task: TrainingTask, state: TrainingState, phase: Reporting, now: number): Step {
  const { round, deadline, graceUntil } = phase;
  const { quorum } = task.cohort;
  const standings = [...round.members.values()].map((m) => m.standing);
  const accepted = standings.filter((s) => s === 'accepted').length;
  const pending = [...round.members].filter(([, m]) => m.standing === 'pending');
  const lost = pending.filter(([participant]) => !state.connected.has(participant)).length;
  const left = standings.filter((s) => s === 'left').length;
  const isOver = now >= deadline;
  if (accepted + (isOver ? 0 : pending.length) < quorum) {
    // Whoever was about to report when the quorum got out of reach is not counted as missing.
    const turnout = { accepted, dropouts: left + (isOver ? pending.length : lost) };
    const reason = isOver ? 'deadline passed below the quorum' : 'quorum out of reach';
    return abandon(state, { round, turnout, reason, invited: true }, now);
  }
  const isWaitedOut = graceUntil !== null && lost === pending.length && now >= graceUntil;
  if (isOver || pending.length === 0 || isWaitedOut) {
    const turnout: Turnout = { accepted, dropouts: left + pending.length };
    return {
      state: { ...state, phase: { state: 'aggregating', round, turnout } },
      effects: [{ type: 'aggregate', round, turnout }],
    };
  }
  const isGrace = accepted >= quorum && lost === pending.length;
  const until = isGrace ? (graceUntil ?? Math.min(deadline, now + ABSENCE_GRACE_MS)) : null;
  return until === graceUntil ? unchanged(state) : unchanged({ ...state, phase: { ...phase, graceUntil: until } });
}

/**
 * [R4] A member whose connection was lost may come back until the deadline, and is invited again with
 * the time that is left unless its update was accepted. [R8] Who joins during a round waits for the next.
 */
function join(state: TrainingState, { participant, group }: { participant: string; group: string }, now: number): Step {
  const present = state.connected.get(participant);
  // A known client keeps its place in the queue: setting an existing key does not move it.
  const connected = new Map(state.connected).set(participant, { group, since: present?.since ?? now });
  const { phase } = state;
  const isInvited = phase.state === 'reporting' && phase.round.members.get(participant)?.standing === 'pending';
  return {
    state: { ...state, connected },
    effects:
      isInvited && now < phase.deadline
        ? [{ type: 'invite', round: phase.round, deadline: phase.deadline, participants: [participant] }]
        : [],
  };
}

/** [R5] A client that leaves after its update was accepted still counts. */
function leave(state: TrainingState, { participant, forGood }: { participant: string; forGood: boolean }): Step {
  const connected = new Map(state.connected);
  connected.delete(participant);
  const without = { ...state, connected };
  return forGood ? setStanding(without, participant, 'left') : unchanged(without);
}

/** [R3] Only members count, and each once: a standing other than `pending` is final. */
function setStanding(state: TrainingState, participant: string, standing: Member['standing']): Step {
  const { phase } = state;
  if (phase.state !== 'configuring' && phase.state !== 'reporting') return unchanged(state);
  const member = phase.round.members.get(participant);
  if (member?.standing !== 'pending') return unchanged(state);
  const members = new Map(phase.round.members).set(participant, { ...member, standing });
  return unchanged({ ...state, phase: { ...phase, round: { ...phase.round, members } } });
}

/** [R8] Nothing is accepted before a round's invitation, from its deadline on, or once it has ended. */
function isOpen(phase: Phase, round: number, now: number): phase is Reporting {
  return phase.state === 'reporting' && phase.round.number === round && now < phase.deadline;
}

function commit(state: TrainingState, round: Round, now: number): Step {
  const { progress } = state;
  const after: Progress =
    round.kind === 'train'
      ? { ...progress, committedRounds: progress.committedRounds + 1, evaluated: false, failedEvaluations: 0 }
      : { ...progress, evaluated: true };
  const connected = requeue(state.connected, round, now);
  return {
    state: { phase: { state: 'selecting' }, progress: after, failures: 0, connected },
    effects: [{ type: 'announce', round, outcome: 'committed' }],
  };
}

/** [R9] After an abandoned round the next attempt waits, twice as long after each failure in a row. */
function abandon(
  state: TrainingState,
  { invited, ...ended }: { round: Round; turnout: Turnout; reason: string; invited: boolean },
  now: number,
): Step {
  const { progress, failures } = state;
  const isFailedEvaluation = invited && ended.round.kind === 'evaluate';
  const restMs = Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** Math.min(failures, 30));
  // A round that nobody was invited to is not in the store for certain, and nobody waits for its end.
  const effects: Effect[] = invited
    ? [
        { type: 'abandon', ...ended },
        { type: 'announce', round: ended.round, outcome: 'abandoned' },
      ]
    : [];
  return {
    state: {
      phase: { state: 'abandoned', retryAt: now + restMs },
      progress: isFailedEvaluation ? { ...progress, failedEvaluations: progress.failedEvaluations + 1 } : progress,
      failures: failures + 1,
      connected: requeue(state.connected, ended.round, now),
    },
    effects,
  };
}

/** A cohort goes to the end of the queue, so that clients take turns where more wait than are invited. */
function requeue(connected: TrainingState['connected'], round: Round, now: number): Map<string, Connected> {
  const queue = [...connected];
  const waited = queue.filter(([participant]) => !round.members.has(participant));
  const returned = queue.filter(([participant]) => round.members.has(participant));
  return new Map([...waited, ...returned.map(([p, client]): [string, Connected] => [p, { ...client, since: now }])]);
}

function longestWait(connected: TrainingState['connected']): number {
  let earliest = Infinity;
  for (const { since } of connected.values()) earliest = Math.min(earliest, since);
  return earliest;
}

function unchanged(state: TrainingState): Step {
  return { state, effects: [] };
}
