import { invitationLimit, participationLimits } from '@chorale/protocol';
import * as fc from 'fast-check';
import { Map as ImmutableMap } from 'immutable';
import { describe, expect, it } from 'vitest';
import { nextKind, progressOf } from './cadence.ts';
import { isLimited, trainingStanding } from './participation.ts';
import { nextWake, step } from './round.ts';
import { expectQuiet, expectShape } from './testing/round-expectations.ts';
import { siteTask } from './testing/study.ts';
import { type Effect, initialState, type Round, type TrainingEvent, type TrainingState } from './training-state.ts';

type Action =
  | { do: 'join' | 'lose' | 'leave' | 'update' | 'decline'; who: number; lag: number }
  | { do: 'open' | 'store'; succeeds: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'make' | 'restart' };

const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 100,
    arbitrary: fc.record({
      do: fc.oneof(
        { weight: 7, arbitrary: fc.constant('join' as const) },
        { weight: 14, arbitrary: fc.constant('update' as const) },
        { weight: 2, arbitrary: fc.constant('lose' as const) },
        { weight: 1, arbitrary: fc.constantFrom('leave' as const, 'decline' as const) },
      ),
      who: fc.nat(4),
      // Most messages are about the present round, some about one before or to come.
      lag: fc.constantFrom(0, 0, 0, 0, 1, -1),
    }),
  },
  {
    weight: 40,
    arbitrary: fc.record({ do: fc.constantFrom('open', 'store'), succeeds: fc.constantFrom(true, true, true, false) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, 500, 3000, 6000, 12_000, 40_000, -1, -20_000, -3_600_000),
    }),
  },
  { weight: 10, arbitrary: fc.constant({ do: 'make' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

const tasks = fc
  .record({
    size: fc.integer({ min: 1, max: 5 }),
    missing: fc.nat(4),
    rounds: fc.integer({ min: 1, max: 4 }),
    every: fc.integer({ min: 1, max: 3 }),
    clients: fc.constantFrom('site' as const, 'employee' as const),
    overSelection: fc.constantFrom(1, 1.3, 2),
    participation: fc.record({ atMost: fc.constantFrom(1, 1, 1, 2, 3, 1000), spacing: fc.constantFrom(1, 1, 2, 3) }),
  })
  .map(({ size, missing, rounds, every, clients, overSelection, participation }) => {
    const task = siteTask({
      rounds,
      clients,
      ...(clients === 'employee' ? { participation } : {}),
      cohort: {
        size,
        quorum: Math.max(1, size - missing),
        selectionTimeoutMs: 5000,
        deadlineMs: 30_000,
        overSelection,
      },
    });
    return { ...task, evaluation: { ...task.evaluation, everyRounds: every } };
  });

type Stored = {
  round: number;
  kind: 'train' | 'evaluate';
  state: 'open' | 'committed' | 'abandoned';
  modelRound: number;
};

/** The world around `step`: clients and a store that fail as told, and books of its own on who contributed. */
class World {
  readonly task: ReturnType<typeof siteTask>;
  state: TrainingState;
  now = 0;
  stored: Stored[] = [];
  /** Who the aggregator of the present round has accepted, by the rules and not by the state. */
  accepted = new Set<string>();
  invitedUntil = 0;
  /** Members of the latest round that was to be opened, and of the one that is under way. */
  chosen = new Set<string>();
  cohort = new Set<string>();
  waiting: Effect[] = [];
  committed: { kind: string; modelRound: number }[] = [];
  connected = new Set<string>();
  /** What each client has contributed to, as far as the store has it. */
  taken = new Map<string, { updates: number; latestRound: number }>();

  constructor(task: ReturnType<typeof siteTask>) {
    this.task = task;
    this.state = this.restarted();
  }

  restarted(): TrainingState {
    this.stored = this.stored.map((r) => (r.state === 'open' ? { ...r, state: 'abandoned' } : r));
    this.waiting = [];
    this.cohort = new Set();
    this.connected.clear();
    const progress = progressOf(this.stored);
    return initialState(progress, {
      done: nextKind(this.task, progress) === null,
      participations: ImmutableMap(this.taken),
    });
  }

  send(event: TrainingEvent): void {
    const { state, effects } = step(this.task, this.state, event, this.now);
    this.state = state;
    for (const effect of effects) this.perform(effect);
    this.check();
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'open': {
        const { number, cohort, kind, modelRound } = effect.round;
        const { members } = cohort;
        // Round numbers strictly increase, and members are clients that are there, or have gone since the round was made
        // ready, and no more than the task allows.
        expect(this.stored.every((r) => r.round < number)).toBe(true);
        expect([...members].every(([p, { present }]) => present === this.connected.has(p))).toBe(true);
        expect(members.size).toBeGreaterThanOrEqual(this.task.cohort.quorum);
        expect(members.size).toBeLessThanOrEqual(invitationLimit(this.task));
        expect(kind).toBe(nextKind(this.task, progressOf(this.stored)));
        expect(modelRound).toBe(this.stored.filter((r) => r.kind === 'train' && r.state === 'committed').length);
        this.chosen = new Set(members.keys());
        // [R25]
        if (kind === 'train') expect([...members.keys()].filter((p) => !this.mayContribute(p, number))).toEqual([]);
        this.waiting.push(effect);
        return;
      }
      case 'invite':
        if (this.cohort.size === 0) this.accepted = new Set();
        this.cohort = this.chosen;
        this.invitedUntil = effect.deadline;
        for (const p of effect.participants) {
          expect(this.cohort.has(p) && this.connected.has(p) && !this.accepted.has(p)).toBe(true);
        }
        return;
      case 'aggregate':
        expect(effect.turnout.accepted).toBe(this.accepted.size);
        expect(this.accepted.size).toBeGreaterThanOrEqual(this.task.cohort.quorum);
        // [R6] Never more than the round wants, and every member in one state.
        expect(this.accepted.size).toBeLessThanOrEqual(this.task.cohort.size);
        expectTurnout(effect);
        this.waiting.push(effect);
        return;
      case 'abandon':
        expect(effect.turnout.accepted).toBe(this.accepted.size);
        expectTurnout(effect);
        this.end(effect.round, 'abandoned');
        return;
      case 'close':
        // Whoever is told not to send has sent nothing that counts.
        expect(effect.participants.filter((p) => this.accepted.has(p) || !this.connected.has(p))).toEqual([]);
        return;
      case 'defer':
        throw new Error('nobody is sent away below the number of seats');
      case 'turn-away':
        expect(this.taken.get(effect.participant)?.updates).toBe(participationLimits(this.task).atMost);
        this.connected.delete(effect.participant);
        return;
      case 'announce':
        expect(this.stored.find((r) => r.round === effect.round.number)?.state).toBe(effect.outcome);
        return;
      case 'finish':
        expect(new Set(effect.participants)).toEqual(this.connected);
        return;
    }
  }

  mayContribute(participant: string, round: number): boolean {
    const { atMost, spacing } = participationLimits(this.task);
    const taken = this.taken.get(participant) ?? { updates: 0, latestRound: -Infinity };
    return taken.updates < atMost && round >= taken.latestRound + spacing;
  }

  end(round: Round, state: 'committed' | 'abandoned'): void {
    for (const participant of round.kind === 'train' && isLimited(this.task) ? this.accepted : []) {
      const updates = (this.taken.get(participant)?.updates ?? 0) + 1;
      this.taken.set(participant, { updates, latestRound: round.number });
    }
    this.cohort = new Set();
    this.stored = this.stored.map((r) => (r.round === round.number ? { ...r, state } : r));
  }

  act(action: Action): void {
    switch (action.do) {
      case 'wait':
        this.now += action.ms;
        this.send({ type: 'tick' });
        return;
      case 'restart':
        this.state = this.restarted();
        return;
      case 'open':
        this.settle('open', action.succeeds);
        return;
      case 'make': {
        // Who comes and goes between this and the commit is known to the round that follows.
        const made = this.waiting.find((effect) => effect.type === 'aggregate');
        if (made?.type === 'aggregate') this.send({ type: 'aggregated', round: made.round.number });
        return;
      }
      case 'store':
        this.settle('aggregate', action.succeeds);
        return;
      default: {
        const participant = `p${action.who}`;
        const round = this.state.progress.round - action.lag;
        if (action.do === 'join') {
          this.connected.add(participant);
          this.send({ type: 'joined', participant, group: 'north' });
        } else if (action.do === 'lose' || action.do === 'leave') {
          this.connected.delete(participant);
          this.send({ type: 'left', participant, forGood: action.do === 'leave' });
        } else if (action.do === 'update') {
          const { phase } = this.state;
          const isMember =
            phase.state === 'reporting' && phase.round.cohort.members.get(participant)?.standing === 'pending';
          if (isMember && action.lag === 0 && this.now < this.invitedUntil) this.accepted.add(participant);
          this.send({ type: 'update-accepted', round, participant });
        } else {
          this.send({ type: 'declined', round, participant });
        }
      }
    }
  }

  /** Lets the store answer the oldest request of this kind, if there is one. */
  settle(type: 'open' | 'aggregate', succeeds: boolean): void {
    const index = this.waiting.findIndex((effect) => effect.type === type);
    if (index === -1) return;
    const [effect] = this.waiting.splice(index, 1);
    if (effect?.type !== 'open' && effect?.type !== 'aggregate') return;
    const { round } = effect;
    if (!succeeds) {
      this.send({ type: 'failed', round: round.number, reason: 'disk full' });
    } else if (type === 'open') {
      this.stored.push({ round: round.number, kind: round.kind, state: 'open', modelRound: round.modelRound });
      this.accepted = new Set();
      this.send({ type: 'opened', round: round.number });
    } else {
      this.end(round, 'committed');
      this.committed.push({ kind: round.kind, modelRound: round.modelRound });
      this.send({ type: 'stored', round: round.number });
    }
  }

  check(): void {
    const { phase } = this.state;
    if (phase.state === 'reporting') {
      // Nothing is past its deadline, and a timer is always set to end it.
      expect(this.now).toBeLessThan(phase.deadline);
      expect(nextWake(this.task, this.state)).toBeLessThanOrEqual(phase.deadline);
      const inState = [...phase.round.cohort.members].filter(([, m]) => m.standing === 'accepted').map(([p]) => p);
      expect(new Set(inState)).toEqual(this.accepted);
    }
    expectQuiet(this.task, this.state);
    const { connected, resting } = this.state;
    expect(new Set([...connected.keys(), ...resting.keys()])).toEqual(this.connected);
    expect(connected.size + resting.size).toBe(this.connected.size);
  }
}

function expectTurnout({ round, turnout }: Extract<Effect, { type: 'aggregate' | 'abandon' }>): void {
  expect(turnout.shape.invited).toBe(round.cohort.members.size);
  expectShape(turnout);
}

describe('step, over random clients, clocks, failing stores and restarts', () => {
  it('[R1] [R2] [R3] [R5] [R7] [R8] [R10] [R25] keeps its rules', () => {
    let committed = 0;
    fc.assert(
      fc.property(tasks, fc.array(actions, { minLength: 20, maxLength: 250, size: 'max' }), (task, list) => {
        const world = new World(task);
        for (const act of list) world.act(act);
        committed += world.committed.length;
        const trained = world.committed.filter((c) => c.kind === 'train');
        expect(trained.map((c) => c.modelRound)).toEqual(trained.map((_, i) => i));
        expect(trained.length).toBeLessThanOrEqual(task.rounds);
      }),
      { numRuns: 600 },
    );
    // Power: rounds do get committed in these sequences.
    expect(committed).toBeGreaterThan(250);
  });

  it('[R6] [R11] [R25] always gets done once clients stay and the store works', () => {
    let exhausted = 0;
    fc.assert(
      fc.property(tasks, fc.array(actions, { maxLength: 60, size: 'max' }), (task, list) => {
        const world = new World(task);
        for (const act of list) world.act(act);
        for (let who = 0; who < 7; who += 1) world.act({ do: 'join', who, lag: 0 });
        for (let i = 0; i < 200 && world.state.phase.state !== 'done'; i += 1) {
          world.act({ do: 'open', succeeds: true });
          for (let who = 0; who < 7; who += 1) world.act({ do: 'update', who, lag: 0 });
          world.act({ do: 'store', succeeds: true });
          const wake = nextWake(task, world.state);
          if (wake !== null) world.act({ do: 'wait', ms: Math.max(0, wake - world.now) });
        }
        // [R25] Or until too few are left that may contribute.
        if (isLimited(task) && world.state.phase.state !== 'done') {
          const next = world.state.progress.round + 1;
          const left = Array.from({ length: 7 }, (_, who) => world.mayContribute(`p${who}`, next)).filter(Boolean);
          expect(left.length).toBeLessThan(task.cohort.quorum);
          if (left.length === 0) expect(trainingStanding(task, world.state).state).toBe('exhausted');
          exhausted += 1;
          return;
        }
        expect(world.state.phase.state).toBe('done');
        expect(world.stored.filter((r) => r.kind === 'train' && r.state === 'committed')).toHaveLength(task.rounds);
        expect(world.stored.some((r) => r.kind === 'evaluate')).toBe(task.clients === 'site');
      }),
      { numRuns: 200 },
    );
    // Power: limits do end some trainings.
    expect(exhausted).toBeGreaterThan(0);
  });
});
