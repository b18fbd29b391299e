import type { TrainingTask } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { EXPIRY_MARGIN_MS } from './buffered-round.ts';
import { type Cohort, shapeOf } from './cohort.ts';
import { requirePlace } from './membership.ts';
import { seats } from './pace.ts';
import { BACKOFF_MS, nextWake, step } from './round.ts';
import { siteTask } from './testing/study.ts';
import { type Effect, initialState, type TrainingEvent, type TrainingState } from './training-state.ts';

/** Two updates make a model, three clients compute at a time. */
const task: TrainingTask = {
  ...siteTask({
    clients: 'employee',
    participation: { atMost: 50 },
    rounds: 50,
    batchSize: null,
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
    cohort: { size: 2, quorum: 2, overSelection: 1.5, selectionTimeoutMs: 5000, deadlineMs: 30_000 },
  }),
  asynchronous: { maximumStaleness: 1, stalenessExponent: 0.5 },
};
const { deadlineMs } = task.cohort;
const fresh = initialState({ round: 0, committedRounds: 0, evaluated: false, failedEvaluations: 0 }, { done: false });

/** A study's asynchronous training on a clock that moves only when it is told to; its store answers at once. */
class Training {
  readonly task: TrainingTask;
  state: TrainingState = fresh;
  now = 1000;

  constructor(changes: Partial<TrainingTask> = {}) {
    this.task = { ...task, ...changes };
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

  leave(participant: string, { forGood }: { forGood: boolean }): Effect[] {
    return this.send({ type: 'left', participant, forGood });
  }

  /** Takes updates into the present buffer. */
  accept(...participants: string[]): Effect[] {
    const { round } = this;
    return this.send(...participants.map((participant) => ({ type: 'update-accepted', round, participant }) as const));
  }

  opened(): Effect[] {
    return this.send({ type: 'opened', round: this.round });
  }

  stored(participants?: readonly string[]): Effect[] {
    const of = participants === undefined ? {} : { participants: new Set(participants) };
    return this.send({ type: 'stored', round: this.round, ...of });
  }

  /** Makes a model of these updates, and opens the next buffer. */
  commit(...participants: string[]): Effect[] {
    return [...this.accept(...participants), ...this.stored(), ...this.opened()];
  }

  wait(ms: number): Effect[] {
    this.now += ms;
    return this.send({ type: 'tick' });
  }

  waitForTimer(): Effect[] {
    return this.wait(nextWake(this.task, this.state)! - this.now);
  }

  place(participant: string, round: number): ReturnType<typeof requirePlace> {
    return requirePlace(this.task, this.state, { participant, round }, this.now);
  }

  get round(): number {
    return this.state.progress.round;
  }

  get computing(): string[] {
    return [...this.state.computing.keys()];
  }
}

/** The first buffer is open, and these clients have joined since. */
function buffering(...participants: string[]): Training {
  const training = new Training();
  training.join(participants[0]!);
  training.opened();
  training.join(...participants.slice(1));
  return training;
}

const types = (effects: Effect[]): string[] => effects.map((effect) => effect.type);
const told = (effects: Effect[]): string[] =>
  effects.flatMap((e) => {
    if (e.type === 'announce') return e.participants.map((p) => `${p} ${e.round.number} ${e.outcome}`);
    return e.type === 'close' ? e.participants.map((p) => `${p} ${e.round.number} closed`) : [];
  });
const invited = (effects: Effect[]): string[] =>
  effects.flatMap((e) =>
    e.type === 'invite' ? e.participants.map((p) => `${p} ${e.round.number} of ${e.round.modelRound}`) : [],
  );
const cohortNow = ({ state: { phase } }: Training): Cohort => {
  if (!('round' in phase)) throw new Error(`no round is under way in phase ${phase.state}`);
  return phase.round.cohort;
};
const code = (of: string): unknown => expect.objectContaining({ code: of });

describe('a buffer', () => {
  it('[R2] [R21] is opened durably as soon as one client waits, and invites only then', () => {
    const training = new Training();
    expect(training.join('a')).toMatchObject([{ type: 'open', round: { number: 1, kind: 'train', modelRound: 0 } }]);
    expect(training.join('b')).toEqual([]);
    expect(() => training.place('a', 1)).toThrow(code('NOT_IN_COHORT'));
    const deadline = training.now + deadlineMs;
    expect(training.opened()).toMatchObject([{ type: 'invite', participants: ['a', 'b'], deadline }]);
  });

  it('[R21] invites whoever waits at once, as long as fewer compute than may', () => {
    const training = buffering('a', 'b');
    expect(invited(training.join('c'))).toEqual(['c 1 of 0']);
    expect(training.join('d', 'e')).toEqual([]);
    expect(training.computing).toEqual(['a', 'b', 'c']);
    expect(invited(training.accept('b'))).toEqual(['d 1 of 0']);
    expect(invited(training.leave('a', { forGood: true }))).toEqual(['e 1 of 0']);
  });

  it('[R21] is released when it is full, and those in it are told and go to the end of the queue', () => {
    const training = buffering('a', 'b', 'c', 'd');
    expect(invited(training.accept('a'))).toEqual(['d 1 of 0']);
    expect(training.accept('b')).toMatchObject([
      {
        type: 'aggregate',
        turnout: { accepted: 2, dropouts: 0, shape: { invited: 4, accepted: 2, lost: 0, late: 2, left: 0 } },
      },
    ]);
    training.join('e');
    expect(told(training.stored())).toEqual(['a 1 committed', 'b 1 committed']);
    expect(training.state.progress).toMatchObject({ round: 2, committedRounds: 1 });
    expect(invited(training.opened())).toEqual(['e 2 of 1']);
    expect(invited(training.accept('c'))).toEqual(['a 2 of 1']);
  });

  it('[R3] counts each invitation once, and nobody who was not invited', () => {
    const training = buffering('a', 'b');
    training.accept('a', 'a', 'stranger');
    expect(training.state.phase).toMatchObject({ state: 'buffering', round: { cohort: { accepted: 1 } } });
    expect(() => training.place('a', 1)).toThrow(code('UPDATE_DUPLICATE'));
    expect(() => training.place('stranger', 1)).toThrow(code('NOT_IN_COHORT'));
    expect(() => training.place('b', 2)).toThrow(code('NOT_IN_COHORT'));
  });

  it('[R5] counts a client that is lost, or leaves for good, after its update was accepted', () => {
    const training = buffering('a', 'b');
    training.accept('a');
    training.leave('a', { forGood: true });
    expect(training.accept('b')).toMatchObject([{ type: 'aggregate', turnout: { accepted: 2, dropouts: 0 } }]);
  });

  it('[R9] is abandoned when it cannot be stored, while those who compute go on', () => {
    const training = buffering('a', 'b', 'c');
    training.accept('a', 'b');
    const failed = training.send({ type: 'failed', round: 1, reason: 'disk full' });
    expect(types(failed)).toEqual(['abandon', 'announce']);
    expect(told(failed)).toEqual(['a 1 abandoned', 'b 1 abandoned']);
    expect(() => training.place('c', 1)).toThrow(code('UNAVAILABLE'));
    expect(types(training.wait(BACKOFF_MS.first))).toEqual(['open']);
    expect(invited(training.opened())).toEqual(['a 2 of 0', 'b 2 of 0']);
    expect(training.place('c', 1)).toMatchObject({ round: 2, staleness: 0 });
    expect(types(training.accept('c', 'a'))).toEqual(['aggregate']);
  });

  it('[R20] sends away who finds all seats taken, but nobody who computes', () => {
    const training = buffering('a');
    training.leave('a', { forGood: false });
    training.join(...Array.from({ length: seats(task) }, (_, i) => `client-${i}`));
    expect(types(training.join('late'))).toEqual(['defer']);
    expect(invited(training.join('a'))).toEqual(['a 1 of 0']);
  });
});

describe('an invitation', () => {
  it('[R22] lasts over commits: its update counts in the buffer that is open, with its staleness', () => {
    const training = buffering('a', 'b', 'c');
    training.commit('a', 'b');
    expect(training.place('c', 1)).toMatchObject({ kind: 'train', round: 2, staleness: 1 });
    expect(training.place('a', 2)).toMatchObject({ round: 2, staleness: 0 });
    training.accept('c');
    training.accept('a');
    expect(told(training.stored())).toEqual(['c 1 committed', 'a 2 committed']);
  });

  it('[R22] is met with a request for patience while a buffer is released and the next one opened', () => {
    const training = buffering('a', 'b', 'c');
    training.accept('a', 'b');
    const patience = expect.objectContaining({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
    expect(() => training.place('c', 1)).toThrow(patience);
    expect(training.accept('c')).toEqual([]);
    training.stored();
    expect(() => training.place('c', 1)).toThrow(patience);
    expect(training.accept('c')).toEqual([]);
    training.opened();
    expect(training.place('c', 1)).toMatchObject({ round: 2 });
    training.accept('c');
    expect(training.state.phase).toMatchObject({ round: { cohort: { accepted: 1 } } });
  });

  it('[R23] is closed by the commit that makes it too stale', () => {
    const training = buffering('a', 'b', 'c');
    expect(told(training.commit('a', 'b'))).toEqual(['a 1 committed', 'b 1 committed']);
    const second = training.commit('a', 'b');
    expect(told(second)).toEqual(['a 2 committed', 'b 2 committed', 'c 1 closed']);
    expect(() => training.place('c', 1)).toThrow(code('ROUND_CLOSED'));
    // Behind those who have waited longer.
    expect(invited(second).at(-1)).toBe('c 3 of 2');
  });

  it('[R23] of the oldest model that is still wanted counts', () => {
    const training = new Training({ asynchronous: { maximumStaleness: 0, stalenessExponent: 0.5 } });
    training.join('a', 'b', 'c');
    training.opened();
    expect(told([...training.accept('a', 'b'), ...training.stored()])).toContain('c 1 closed');
  });

  it('[R8] counts nothing from its own deadline on, and then frees its place', () => {
    const training = buffering('a', 'b');
    training.wait(5000);
    training.join('c', 'd');
    training.leave('b', { forGood: false });
    training.now += deadlineMs - 5000;
    expect(() => training.place('a', 1)).toThrow(code('ROUND_CLOSED'));
    expect(training.accept('a')).toEqual([]);
    expect(training.place('c', 1)).toMatchObject({ round: 1 });
    expect(nextWake(task, training.state)).toBe(training.now + EXPIRY_MARGIN_MS);
    // Those who come first go first: the one whose time is up is asked again after them.
    expect(invited(training.waitForTimer())).toEqual(['d 1 of 0', 'a 1 of 0']);
    expect(training.place('a', 1)).toMatchObject({ round: 1 });
    training.accept('c', 'd');
    expect(training.state.phase).toMatchObject({
      turnout: { accepted: 2, dropouts: 1, shape: { invited: 4, accepted: 2, lost: 1, late: 1 } },
    });
  });

  it('[R21] that is declined frees its place, and is not repeated in the same round', () => {
    const training = buffering('a', 'b', 'c', 'd');
    expect(invited(training.send({ type: 'declined', round: 1, participant: 'b' }))).toEqual(['d 1 of 0']);
    expect(() => training.place('b', 1)).toThrow(code('NOT_IN_COHORT'));
    expect(training.accept('a')).toEqual([]);
    expect(training.send({ type: 'declined', round: 2, participant: 'c' })).toEqual([]);
    training.accept('c');
    expect(training.state.phase).toMatchObject({ turnout: { shape: { invited: 4, declined: 1 } } });
    training.stored();
    expect(invited(training.opened())).toEqual(['a 2 of 1', 'b 2 of 1']);
    // An earlier one, for want of its model, say.
    expect(invited(training.send({ type: 'declined', round: 1, participant: 'd' }))).toEqual(['c 2 of 1']);
    expect(shapeOf(cohortNow(training))).toMatchObject({ invited: 4, declined: 1, late: 3 });
    expect(invited(training.accept('b'))).toEqual(['d 2 of 1']);
    expect(shapeOf(cohortNow(training))).toMatchObject({ invited: 4, accepted: 1, declined: 0, late: 3 });
  });

  it('[R21] that was declined is repeated to a client that joins anew', () => {
    const training = buffering('a', 'b', 'c');
    expect(training.send({ type: 'declined', round: 1, participant: 'b' })).toEqual([]);
    expect(training.wait(1000)).toEqual([]);
    training.leave('b', { forGood: false });
    expect(invited(training.join('b'))).toEqual(['b 1 of 0']);
  });

  it('[R4] is repeated to a client that comes back, with the time that is left', () => {
    const training = buffering('a', 'b', 'c');
    const deadline = training.now + deadlineMs;
    training.wait(1000);
    training.leave('c', { forGood: false });
    training.commit('a', 'b');
    expect(training.computing).toContain('c');
    // The present model, since no other is kept; its staleness stays that of the first invitation.
    expect(training.join('c')).toMatchObject([
      { type: 'invite', round: { number: 1, modelRound: 1 }, deadline, participants: ['c'] },
    ]);
    expect(training.place('c', 1)).toMatchObject({ staleness: 1 });
    training.accept('c');
    training.leave('c', { forGood: false });
    expect(training.join('c')).toEqual([]);
  });

  it('[R6] takes no longer than the task says, whatever a clock that was set back may tell', () => {
    const training = buffering('a');
    training.wait(-3_600_000);
    expect(nextWake(task, training.state)).toBe(training.now + deadlineMs + EXPIRY_MARGIN_MS);
    training.join('b');
    training.now += deadlineMs;
    expect(() => training.place('a', 1)).toThrow(code('ROUND_CLOSED'));
  });
});

describe('evaluations between buffers', () => {
  const evaluated = { ...task, clients: 'site' as const, evaluation: { ...task.evaluation, everyRounds: 2 } };

  it('[R24] come after all who compute were told to stop, and buffering goes on afterwards', () => {
    const training = new Training(evaluated);
    training.join('a', 'b', 'c');
    training.opened();
    training.commit('a', 'b');
    training.accept('c', 'a');
    const due = training.stored();
    expect(told(due)).toEqual(['c 1 committed', 'a 2 committed', 'b 2 closed']);
    expect(due.at(-1)).toMatchObject({ type: 'open', round: { number: 3, kind: 'evaluate', modelRound: 2 } });
    expect(training.state.computing.size).toBe(0);
    expect(training.opened()).toMatchObject([{ type: 'invite', round: { kind: 'evaluate' } }]);
    expect(() => training.place('b', 2)).toThrow(code('ROUND_CLOSED'));
    training.accept('a', 'b');
    expect(training.stored().at(-1)).toMatchObject({
      type: 'open',
      round: { number: 4, kind: 'train', modelRound: 2 },
    });
    expect(invited(training.opened())).toEqual(['c 4 of 2', 'a 4 of 2', 'b 4 of 2']);
  });

  it('[R1] [R24] wait a moment for more clients, of whom one came while the buffer was filled', () => {
    const training = new Training(evaluated);
    training.join('a');
    training.opened();
    training.wait(10_000);
    training.join('b');
    training.commit('a', 'b');
    training.accept('a', 'b');
    expect(types(training.stored())).not.toContain('open');
    expect(training.wait(999)).toEqual([]);
    expect(training.wait(1)).toMatchObject([{ type: 'open', round: { kind: 'evaluate' } }]);
  });

  it('[R11] [R24] are the last that is asked, and without them the end comes after the last model', () => {
    const training = new Training({ rounds: 1 });
    training.join('a', 'b', 'c');
    training.opened();
    training.accept('a', 'b');
    const last = training.stored();
    expect(types(last)).toEqual(['announce', 'close', 'finish']);
    expect(told(last)).toContain('c 1 closed');
    expect(training.join('d')).toEqual([]);
    expect(nextWake(task, training.state)).toBeNull();
  });
});

describe('several nodes', () => {
  it('[R19] [R22] count what is in the sum, whether the owner had heard of it or not', () => {
    const training = buffering('a', 'b', 'c');
    training.accept('a', 'b');
    const committed = training.stored(['a', 'c']);
    expect(told(committed)).toEqual(['a 1 committed', 'c 1 committed']);
    // What was lost on its way into the sum is asked for again.
    expect(invited(committed)).toEqual(['b 1 of 1']);
    training.opened();
    expect(training.computing).toEqual(['b', 'a', 'c']);
    training.accept('b');
    expect(() => training.place('c', 1)).toThrow(code('ROUND_CLOSED'));
  });

  it('[R19] ask those again whose updates went down with a node', () => {
    const training = buffering('a', 'b', 'c');
    training.accept('a');
    training.wait(5000);
    const lost = training.send({ type: 'updates-lost', round: 1, participants: ['a', 'b', 'stranger'] });
    expect(lost).toMatchObject([
      { type: 'invite', round: { number: 1 }, participants: ['a'], deadline: training.now + deadlineMs },
    ]);
    expect(training.accept('b')).toEqual([]);
    expect(types(training.accept('a'))).toEqual(['aggregate']);
  });
});
