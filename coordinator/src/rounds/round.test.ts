import type { TrainingTask } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { seats } from './pace.ts';
import { ABSENCE_GRACE_MS, BACKOFF_MS, nextWake, step } from './round.ts';
import { siteTask } from './testing/study.ts';
import { type Effect, initialState, type TrainingEvent, type TrainingState } from './training-state.ts';

const task = siteTask();
const { selectionTimeoutMs, deadlineMs } = task.cohort;
const crowded: TrainingTask = { ...task, cohort: { ...task.cohort, size: 10, quorum: 5, overSelection: 1.3 } };
const fresh = initialState({ round: 0, committedRounds: 0, evaluated: false, failedEvaluations: 0 }, { done: false });

/** A study's training on a clock that moves only when it is told to. */
class Training {
  readonly task: TrainingTask;
  state: TrainingState = fresh;
  now = 1000;

  constructor(of: TrainingTask = task) {
    this.task = of;
  }

  send(...events: TrainingEvent[]): Effect[] {
    return events.flatMap((event) => {
      const { state, effects } = step(this.task, this.state, event, this.now);
      this.state = state;
      return effects;
    });
  }

  join(...participants: string[]): Effect[] {
    return this.send(...participants.map((participant) => ({ type: 'joined', participant, group: 'north' }) as const));
  }

  lose(participant: string): Effect[] {
    return this.send({ type: 'left', participant, forGood: false });
  }

  accept(...participants: string[]): Effect[] {
    const round = this.state.progress.round;
    return this.send(...participants.map((participant) => ({ type: 'update-accepted', round, participant }) as const));
  }

  /** Lets time pass without an event. */
  wait(ms: number): Effect[] {
    this.now += ms;
    return this.send({ type: 'tick' });
  }

  /** Lets time pass until the state asks to be woken. */
  waitForTimer(): Effect[] {
    return this.wait(nextWake(this.task, this.state)! - this.now);
  }

  get phase(): TrainingState['phase'] {
    return this.state.phase;
  }
}

/** A round that three clients were invited to. */
function invitedRound(): Training {
  const training = new Training();
  training.join('a', 'b', 'c');
  training.send({ type: 'opened', round: 1 });
  return training;
}

const types = (effects: Effect[]): string[] => effects.map((effect) => effect.type);
const cohortOf = (effects: Effect[]): string[] =>
  effects.flatMap((e) => (e.type === 'open' ? [...e.round.cohort.members.keys()] : []));

describe('selecting', () => {
  it('[R1] starts at once when the cohort is full', () => {
    const training = new Training();
    expect(training.join('a', 'b')).toEqual([]);
    expect(cohortOf(training.join('c'))).toEqual(['a', 'b', 'c']);
    expect(training.phase.state).toBe('configuring');
  });

  it('[R1] starts with a quorum when the first client has waited long enough', () => {
    const training = new Training();
    training.join('a');
    expect(nextWake(task, training.state)).toBeNull();
    expect(training.wait(3 * selectionTimeoutMs)).toEqual([]);
    expect(cohortOf(training.join('b'))).toEqual(['a', 'b']);

    const other = new Training();
    other.join('a', 'b');
    expect(nextWake(task, other.state)).toBe(other.now + selectionTimeoutMs);
    expect(other.wait(selectionTimeoutMs - 1)).toEqual([]);
    expect(cohortOf(other.wait(1))).toEqual(['a', 'b']);
  });

  it('[R1] invites those who have waited longest, so that all take turns', () => {
    const training = new Training();
    training.join('a', 'b', 'c', 'd', 'e');
    training.send({ type: 'opened', round: 1 });
    training.accept('a', 'b', 'c');
    expect(cohortOf(training.send({ type: 'stored', round: 1 }))).toEqual(['d', 'e', 'a']);
  });

  it("[R1] does not start a client's wait anew when it takes its seat over", () => {
    const training = new Training();
    training.join('a', 'b');
    training.wait(selectionTimeoutMs - 1);
    training.join('a', 'b');
    expect(types(training.wait(1))).toEqual(['open']);
  });

  it('[R1] invites nobody whose connection is lost', () => {
    const training = new Training();
    training.join('a', 'b');
    training.lose('b');
    expect(training.wait(9 * selectionTimeoutMs)).toEqual([]);
    expect(cohortOf(training.join('c', 'd'))).toEqual(['a', 'c']);
  });

  it('[R2] invites only once the number is durable, and goes on to a new one when it is not', () => {
    const training = new Training();
    expect(types(training.join('a', 'b', 'c'))).toEqual(['open']);
    expect(types(training.send({ type: 'failed', round: 1, reason: 'disk full' }))).toEqual([]);
    expect(training.phase).toEqual({ state: 'abandoned', retryAt: training.now + BACKOFF_MS.first });
    expect(types(training.waitForTimer())).toEqual(['open']);
    expect(training.state.progress.round).toBe(2);
    expect(training.send({ type: 'opened', round: 1 })).toEqual([]);
    expect(types(training.send({ type: 'opened', round: 2 }))).toEqual(['invite']);
  });
});

describe('reporting', () => {
  it('[R6] ends early when every member has reported, declined or left for good', () => {
    const training = invitedRound();
    expect(training.accept('a', 'b')).toEqual([]);
    const effects = training.send({ type: 'declined', round: 1, participant: 'c' });
    expect(effects).toMatchObject([{ type: 'aggregate', turnout: { accepted: 2, dropouts: 0 } }]);

    const other = invitedRound();
    other.accept('a', 'b');
    const left = other.send({ type: 'left', participant: 'c', forGood: true });
    expect(left).toMatchObject([{ type: 'aggregate', turnout: { accepted: 2, dropouts: 1 } }]);
  });

  it('[R6] ends at the deadline with those who reported', () => {
    const training = invitedRound();
    training.accept('a', 'b');
    expect(training.wait(deadlineMs - 1)).toEqual([]);
    expect(training.wait(1)).toMatchObject([
      { type: 'close', participants: ['c'] },
      { type: 'aggregate', turnout: { accepted: 2, dropouts: 1 } },
    ]);
  });

  it('[R6] with the quorum, waits only a short grace for lost connections', () => {
    const training = invitedRound();
    training.lose('c');
    expect(training.accept('a')).toEqual([]);
    expect(nextWake(task, training.state)).toBe(training.now + deadlineMs);
    expect(training.accept('b')).toEqual([]);
    expect(nextWake(task, training.state)).toBe(training.now + ABSENCE_GRACE_MS);
    expect(training.wait(ABSENCE_GRACE_MS - 1)).toEqual([]);
    expect(types(training.wait(1))).toEqual(['aggregate']);
  });

  it('[R6] waits on for a lost client that comes back within the grace', () => {
    const training = invitedRound();
    training.lose('c');
    training.accept('a', 'b');
    training.wait(ABSENCE_GRACE_MS / 2);
    expect(types(training.join('c'))).toEqual(['invite']);
    expect(training.wait(2 * ABSENCE_GRACE_MS - ABSENCE_GRACE_MS / 2)).toEqual([]);
    expect(types(training.accept('c'))).toEqual(['aggregate']);
  });

  it('[R6] below the quorum, waits for lost connections until the deadline', () => {
    const training = invitedRound();
    training.accept('a');
    training.lose('b');
    training.lose('c');
    expect(nextWake(task, training.state)).toBe(training.now + deadlineMs);
    expect(training.wait(deadlineMs - 1)).toEqual([]);
    expect(training.wait(1)).toMatchObject([
      { type: 'abandon', turnout: { accepted: 1, dropouts: 2 }, reason: 'deadline passed below the quorum' },
      { type: 'announce', outcome: 'abandoned' },
    ]);
  });

  it('[R7] is abandoned at once when the quorum is out of reach', () => {
    const training = invitedRound();
    training.send({ type: 'declined', round: 1, participant: 'a' });
    const effects = training.send({ type: 'declined', round: 1, participant: 'b' });
    expect(effects).toMatchObject([
      { type: 'abandon', turnout: { accepted: 0, dropouts: 0 }, reason: 'quorum out of reach' },
      { type: 'announce', outcome: 'abandoned' },
    ]);
  });

  it('[R4] invites a member again that comes back, with the same deadline', () => {
    const training = invitedRound();
    const deadline = training.now + deadlineMs;
    training.wait(1000);
    training.lose('b');
    expect(training.join('b')).toMatchObject([{ type: 'invite', deadline, participants: ['b'] }]);
    training.accept('b');
    training.lose('b');
    expect(training.join('b')).toEqual([]);
  });

  it('[R5] counts a client that is lost, or leaves for good, after its update was accepted', () => {
    const training = invitedRound();
    training.accept('a', 'b');
    training.lose('a');
    training.send({ type: 'left', participant: 'b', forGood: true });
    expect(training.accept('c')).toMatchObject([{ type: 'aggregate', turnout: { accepted: 3, dropouts: 0 } }]);
  });

  it('[R3] counts a member once, and nobody outside the cohort', () => {
    const training = invitedRound();
    training.join('d');
    training.accept('a', 'a', 'd', 'stranger');
    training.send({ type: 'declined', round: 1, participant: 'a' });
    training.send({ type: 'update-accepted', round: 2, participant: 'b' });
    expect(training.wait(deadlineMs)).toMatchObject([{ type: 'abandon', turnout: { accepted: 1, dropouts: 2 } }, {}]);
  });

  it('[R8] counts nothing from the deadline on', () => {
    const training = invitedRound();
    training.accept('a', 'b');
    training.now += deadlineMs;
    expect(training.accept('c')).toMatchObject([
      { type: 'close' },
      { type: 'aggregate', turnout: { accepted: 2, dropouts: 1 } },
    ]);
  });

  it('[R8] lets who joins during a round wait for the next', () => {
    const training = invitedRound();
    expect(training.join('d')).toEqual([]);
    training.accept('a', 'b', 'c');
    expect(cohortOf(training.send({ type: 'stored', round: 1 }))).toEqual(['d', 'a', 'b']);
  });
});

describe('the end of a round', () => {
  it('[R9] rests after an abandoned round, longer after each in a row, up to a limit', () => {
    const training = new Training();
    training.join('a', 'b', 'c');
    const rests: number[] = [];
    for (let round = 1; round <= 9; round += 1) {
      training.send({ type: 'opened', round });
      training.wait(deadlineMs);
      rests.push(nextWake(task, training.state)! - training.now);
      training.waitForTimer();
    }
    expect(rests).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
    training.send({ type: 'opened', round: 10 });
    training.accept('a', 'b', 'c');
    training.send({ type: 'stored', round: 10 });
    expect(training.state.failures).toBe(0);
  });

  it('[R13] announces a commitment only once it is stored, and a failure as abandoned', () => {
    const training = invitedRound();
    expect(types(training.accept('a', 'b', 'c'))).toEqual(['aggregate']);
    expect(training.wait(deadlineMs)).toEqual([]);
    const failed = training.send({ type: 'failed', round: 1, reason: 'disk full' });
    expect(failed).toMatchObject([
      { type: 'abandon', reason: 'disk full' },
      { type: 'announce', outcome: 'abandoned' },
    ]);
    expect(training.send({ type: 'stored', round: 1 })).toEqual([]);
    expect(training.state.progress.committedRounds).toBe(0);
    expect(types(training.waitForTimer())).toEqual(['open']);
    training.send({ type: 'opened', round: 2 });
    training.accept('a', 'b', 'c');
    expect(training.send({ type: 'stored', round: 2 })).toMatchObject([
      { type: 'announce', outcome: 'committed' },
      { type: 'open' },
    ]);
  });

  it('[R2] has the next round ready while one is stored, and begins it with its members of then', () => {
    const training = new Training(crowded);
    const everybody = Array.from({ length: 15 }, (_, i) => `p${i}`);
    training.join(...everybody);
    training.send({ type: 'opened', round: 1 });
    training.accept(...everybody.slice(0, 10));
    expect(training.send({ type: 'aggregated', round: 1 })).toEqual([]);
    expect(training.phase).toMatchObject({ state: 'aggregating', round: { number: 1 } });
    const next = training.phase.state === 'aggregating' ? training.phase.next : null;
    // The first cohort has gone to the back of the queue.
    const members = ['p13', 'p14', ...everybody.slice(0, 11)];
    expect(next).toMatchObject({ number: 2, kind: 'train', modelRound: 1 });
    expect([...next!.cohort.members.keys()]).toEqual(members);
    training.join('late');
    training.lose('p14');
    training.send({ type: 'left', participant: 'p0', forGood: true });
    const stored = training.send({ type: 'stored', round: 1 });
    expect(stored).toMatchObject([
      { type: 'announce', round: { number: 1 }, outcome: 'committed' },
      { type: 'open', round: { number: 2 } },
    ]);
    const present = members.filter((participant) => participant !== 'p14' && participant !== 'p0');
    expect(training.send({ type: 'opened', round: 2 })).toMatchObject([{ type: 'invite', participants: present }]);
    expect(training.phase).toMatchObject({ round: { cohort: { pending: 12, absent: 1 } } });
    expect(training.join('p14')).toMatchObject([{ type: 'invite', participants: ['p14'] }]);
    expect(training.state.progress).toMatchObject({ round: 2, committedRounds: 1 });
  });

  it('[R2] [R25] has a next round ready without those who rest after this one, which is counted with its commit', () => {
    const everybody = ['a', 'b', 'c', 'd', 'e', 'f'];
    const training = new Training({ ...task, clients: 'employee', participation: { atMost: 2, spacing: 2 } });
    training.join(...everybody);
    training.send({ type: 'opened', round: 1 });
    training.accept('a', 'b', 'c');
    const participants = new Set(['a', 'b', 'c']);
    training.send({ type: 'aggregated', round: 1, participants });
    const next = training.phase.state === 'aggregating' ? training.phase.next : null;
    expect([...next!.cohort.members.keys()]).toEqual(['d', 'e', 'f']);
    expect([...training.state.connected.keys()]).toEqual(['d', 'e', 'f', 'a', 'b', 'c']);
    expect(training.state.participations.isEmpty()).toBe(true);
    training.send({ type: 'stored', round: 1, participants });
    expect([...training.state.resting.keys()]).toEqual(['a', 'b', 'c']);
    expect(training.send({ type: 'opened', round: 2 })).toMatchObject([
      { type: 'invite', participants: ['d', 'e', 'f'] },
    ]);
  });

  it('[R2] [R25] has no next round ready where too few may contribute to it', () => {
    const training = new Training({ ...task, clients: 'employee' });
    training.join('a', 'b', 'c', 'd');
    training.send({ type: 'opened', round: 1 });
    training.accept('a', 'b', 'c');
    training.send({ type: 'aggregated', round: 1 });
    expect(training.phase).toMatchObject({ state: 'aggregating', next: null });
  });

  it('[R2] [R9] uses the number of a round that was made ready for another where the commit failed', () => {
    const training = invitedRound();
    training.accept('a', 'b', 'c');
    training.send({ type: 'aggregated', round: 1 });
    expect(training.phase).toMatchObject({ next: { number: 2 } });
    training.send({ type: 'failed', round: 1, reason: 'disk full' });
    expect(training.phase).toEqual({ state: 'abandoned', retryAt: training.now + BACKOFF_MS.first });
    expect(training.waitForTimer()).toMatchObject([{ type: 'open', round: { number: 2, modelRound: 0 } }]);
  });

  it('[R1] [R11] makes no round ready that would not begin at once', () => {
    const training = invitedRound();
    training.accept('a', 'b', 'c');
    training.lose('a');
    training.lose('b');
    training.send({ type: 'aggregated', round: 1 });
    expect(training.phase).toMatchObject({ state: 'aggregating', next: null });
    const last = new Training({ ...task, clients: 'employee', rounds: 1 });
    last.join('a', 'b', 'c');
    last.send({ type: 'opened', round: 1 });
    last.accept('a', 'b', 'c');
    last.send({ type: 'aggregated', round: 1 });
    expect(last.phase).toMatchObject({ state: 'aggregating', next: null });
    expect(types(last.send({ type: 'stored', round: 1 }))).toEqual(['announce', 'finish']);
  });

  it('[R11] is done without a last evaluation that nobody takes part in', () => {
    const training = new Training();
    training.join('a', 'b', 'c');
    for (let round = 1; round <= 2; round += 1) {
      training.send({ type: 'opened', round });
      training.accept('a', 'b', 'c');
      training.send({ type: 'stored', round });
    }
    const phases: string[] = [];
    for (let round = 3; round <= 5; round += 1) {
      training.send({ type: 'opened', round });
      training.send({ type: 'declined', round, participant: 'a' }, { type: 'declined', round, participant: 'b' });
      training.waitForTimer();
      phases.push(training.phase.state);
    }
    expect(phases).toEqual(['configuring', 'configuring', 'done']);
  });

  it('[R13] is not moved by what is said of another round', () => {
    const training = invitedRound();
    training.accept('a', 'b', 'c');
    training.send({ type: 'stored', round: 1 });
    training.send({ type: 'opened', round: 2 });
    training.accept('a', 'b', 'c');
    expect(training.send({ type: 'stored', round: 1 }, { type: 'failed', round: 1, reason: 'late' })).toEqual([]);
    expect(training.phase.state).toBe('aggregating');
  });

  it('[R11] tells all who are connected when the task is done, and starts nothing more', () => {
    const training = new Training();
    training.join('a', 'b', 'c', 'd');
    const kinds: string[] = [];
    for (let round = 1; training.phase.state === 'configuring'; round += 1) {
      kinds.push(training.phase.round.kind);
      const members = [...training.phase.round.cohort.members.keys()];
      training.send({ type: 'opened', round });
      training.accept(...members);
      const effects = training.send({ type: 'stored', round });
      if (round === 3)
        expect(effects.at(-1)).toMatchObject({
          type: 'finish',
          participants: expect.arrayContaining(['a', 'b', 'c', 'd']),
        });
    }
    expect(kinds).toEqual(['train', 'train', 'evaluate']);
    expect(training.phase.state).toBe('done');
    expect(training.join('e', 'f', 'g')).toEqual([]);
    expect(nextWake(task, training.state)).toBeNull();
  });
});

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `client-${i}`);

describe('over-selection', () => {
  it('[R1] invites thirty percent more than are wanted', () => {
    const training = new Training(crowded);
    expect(training.join(...many(12))).toEqual([]);
    expect(cohortOf(training.join('last'))).toHaveLength(13);
  });

  it('[R1] waits for them only as long as clients keep coming', () => {
    const training = new Training(crowded);
    training.join(...many(10));
    for (const next of ['x', 'y']) {
      expect(training.wait(999)).toEqual([]);
      training.join(next, 'client-0');
    }
    expect(training.wait(999)).toEqual([]);
    // One who only takes its seat over has come long ago.
    training.join('client-0');
    expect(nextWake(crowded, training.state)).toBe(training.now + 1);
    expect(cohortOf(training.waitForTimer())).toHaveLength(12);
  });

  it('[R1] and never longer than for a quorum', () => {
    const training = new Training({ ...crowded, cohort: { ...crowded.cohort, selectionTimeoutMs: 300 } });
    training.join(...many(11));
    expect(training.wait(299)).toEqual([]);
    expect(cohortOf(training.wait(1))).toHaveLength(11);
  });

  it('[R1] loses no time between the rounds of those who are all there is', () => {
    const training = new Training(crowded);
    training.join(...many(10));
    training.waitForTimer();
    training.send({ type: 'opened', round: 1 });
    training.wait(1000);
    training.accept(...many(10));
    expect(types(training.send({ type: 'stored', round: 1 }))).toEqual(['announce', 'open']);
  });

  it('[R6] closes as soon as it has what it wants, and tells the others not to send', () => {
    const training = new Training(crowded);
    training.join(...many(13));
    training.send({ type: 'opened', round: 1 });
    training.lose('client-12');
    training.send({ type: 'declined', round: 1, participant: 'client-11' });
    expect(training.accept(...many(9))).toEqual([]);
    expect(training.accept('client-9')).toMatchObject([
      { type: 'close', participants: ['client-10'] },
      {
        type: 'aggregate',
        turnout: {
          accepted: 10,
          dropouts: 1,
          shape: { invited: 13, accepted: 10, declined: 1, left: 0, lost: 1, late: 1 },
        },
      },
    ]);
    expect(training.accept('client-10')).toEqual([]);
    const [announced] = training.send({ type: 'stored', round: 1 });
    expect(announced).toMatchObject({ type: 'announce', outcome: 'committed' });
    expect(announced).toMatchObject({ participants: expect.not.arrayContaining(['client-10']) });
  });

  it('[R1] starts the next round at once with those who have waited during this one', () => {
    const training = new Training(crowded);
    training.join(...many(13));
    training.send({ type: 'opened', round: 1 });
    training.join('x', 'y', 'z');
    training.now += selectionTimeoutMs;
    training.accept(...many(10));
    const next = cohortOf(training.send({ type: 'stored', round: 1 }));
    expect(next.slice(0, 3)).toEqual(['x', 'y', 'z']);
    expect(next).toHaveLength(13);
  });
});

const comeBacks = (effects: Effect[]): number[] => effects.flatMap((e) => (e.type === 'defer' ? [e.comeBackMs] : []));

describe('pace steering', () => {
  it('[R20] sends away who finds all seats taken, spread over rounds in groups of one cohort', () => {
    const training = new Training(crowded);
    expect(comeBacks(training.join(...many(seats(crowded))))).toEqual([]);
    const waits = comeBacks(training.join(...many(200).slice(seats(crowded))));
    expect(waits).toHaveLength(200 - seats(crowded));
    expect(training.state.connected.size).toBe(seats(crowded));
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    const groups = Map.groupBy(waits, (wait) => wait);
    for (const group of [...groups.values()].slice(1, -1)) expect(group).toHaveLength(13);
    expect([...groups.keys()][1]! - [...groups.keys()][0]!).toBe(deadlineMs);
  });

  it('[R20] never sends a member of the round away, and keeps the seats of those who have one', () => {
    const training = new Training(crowded);
    training.join(...many(13));
    training.send({ type: 'opened', round: 1 });
    training.lose('client-0');
    training.join(...many(150).slice(13));
    expect(types(training.join('client-0'))).toEqual(['invite']);
    expect(training.join('client-1')).toMatchObject([{ type: 'invite', participants: ['client-1'] }]);
    expect(types(training.join('client-149'))).toEqual(['defer']);
  });

  it('[R20] asks to wait less once rounds turn out to be short', () => {
    const training = new Training(crowded);
    training.join(...many(seats(crowded)));
    const before = comeBacks(training.join('late'))[0]!;
    training.send({ type: 'opened', round: 1 });
    training.now += deadlineMs / 2;
    training.accept(...many(10));
    training.send({ type: 'stored', round: 1 });
    expect(comeBacks(training.join('later'))[0]).toBe(before / 2);
  });
});

it('[R9] [R11] rests after no evaluation that is the last: nothing follows that anybody could wait for', () => {
  const training = new Training();
  const progress = { round: 4, committedRounds: task.rounds, evaluated: false, failedEvaluations: 2 };
  training.state = initialState(progress, { done: false });
  training.join('a', 'b', 'c');
  training.send({ type: 'opened', round: 5 });
  expect(types(training.wait(deadlineMs))).toEqual(['abandon', 'announce']);
  expect(types(training.wait(0))).toEqual(['finish']);
});

describe('a clock that is set back', () => {
  it('[R6] prolongs no round beyond what the task allows', () => {
    const training = invitedRound();
    training.accept('a', 'b');
    expect(training.wait(-3_600_000)).toEqual([]);
    expect(nextWake(task, training.state)).toBe(training.now + deadlineMs);
    expect(types(training.waitForTimer())).toEqual(['close', 'aggregate']);
  });

  it('[R6] nor the grace for lost clients beyond the deadline', () => {
    const training = new Training({ ...task, cohort: { ...task.cohort, deadlineMs: ABSENCE_GRACE_MS / 2 } });
    training.join('a', 'b', 'c');
    training.send({ type: 'opened', round: 1 });
    training.accept('a', 'b');
    training.lose('c');
    training.wait(-3_600_000);
    expect(nextWake(training.task, training.state)).toBe(training.now + ABSENCE_GRACE_MS / 2);
  });

  it('[R1] [R9] prolongs no wait', () => {
    const training = new Training();
    training.join('a', 'b');
    training.wait(-3_600_000);
    expect(nextWake(task, training.state)).toBe(training.now + selectionTimeoutMs);
    training.join('c');
    training.send({ type: 'failed', round: 1, reason: 'disk full' });
    training.wait(-3_600_000);
    expect(nextWake(task, training.state)! - training.now).toBeLessThanOrEqual(BACKOFF_MS.longest);
  });

  it('[R1] nor the moment for which spare clients are awaited', () => {
    const training = new Training(crowded);
    training.join(...many(10));
    training.wait(-selectionTimeoutMs / 2);
    expect(nextWake(crowded, training.state)).toBe(training.now + 1000);
  });
});

describe('a lost node', () => {
  it('[R19] opens the places of those whose accepted updates it held', () => {
    const training = invitedRound();
    training.accept('a', 'b');
    training.lose('b');
    const lost = training.send({ type: 'updates-lost', round: 1, participants: ['a', 'b', 'stranger'] });
    expect(lost).toMatchObject([{ type: 'invite', participants: ['a'] }]);
    expect(training.accept('c')).toEqual([]);
    expect(types(training.join('b'))).toEqual(['invite']);
    training.accept('a');
    expect(training.accept('b')).toMatchObject([{ type: 'aggregate', turnout: { accepted: 3 } }]);
  });
});
