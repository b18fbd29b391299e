import { ChoraleError, invitationLimit, participationLimits, type TrainingTask } from '@chorale/protocol';
import * as fc from 'fast-check';
import { Map as ImmutableMap } from 'immutable';
import { describe, expect, it } from 'vitest';
import { EXPIRY_MARGIN_MS } from './buffered-round.ts';
import { nextKind, progressOf } from './cadence.ts';
import { requirePlace } from './membership.ts';
import { isLimited, trainingStanding } from './participation.ts';
import { nextWake, step } from './round.ts';
import { expectQuiet, expectShape } from './testing/round-expectations.ts';
import { siteTask } from './testing/study.ts';
import { type Effect, initialState, type TrainingEvent, type TrainingState } from './training-state.ts';

type Action =
  | { do: 'join' | 'lose' | 'leave' | 'update' | 'decline' | 'lose-update'; who: number; lag: number }
  | { do: 'open' | 'store'; succeeds: boolean; unheard: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'restart' };

const actions: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 100,
    arbitrary: fc.record({
      do: fc.oneof(
        { weight: 7, arbitrary: fc.constant('join' as const) },
        { weight: 14, arbitrary: fc.constant('update' as const) },
        { weight: 2, arbitrary: fc.constant('lose' as const) },
        { weight: 1, arbitrary: fc.constantFrom('leave' as const, 'decline' as const, 'lose-update' as const) },
      ),
      who: fc.nat(6),
      // Most messages are about the invitation that there is, some about a round before or after it.
      lag: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
    }),
  },
  {
    weight: 40,
    arbitrary: fc.record({
      do: fc.constantFrom('open' as const, 'store' as const),
      succeeds: fc.constantFrom(true, true, true, true, false),
      unheard: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, 500, 3000, 6000, 12_000, 40_000, -1, -20_000, -3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
);

const tasks = fc
  .record({
    size: fc.integer({ min: 1, max: 4 }),
    rounds: fc.integer({ min: 1, max: 8 }),
    every: fc.integer({ min: 1, max: 5 }),
    clients: fc.constantFrom('site' as const, 'employee' as const),
    overSelection: fc.constantFrom(1, 1.3, 2),
    maximumStaleness: fc.constantFrom(0, 1, 2, 1000),
    participation: fc.record({ atMost: fc.constantFrom(1, 1, 1, 2, 3, 1000), spacing: fc.constantFrom(1, 1, 2, 3) }),
  })
  .map(({ size, rounds, every, clients, overSelection, maximumStaleness, participation }): TrainingTask => {
    const task = siteTask({
      rounds,
      clients,
      ...(clients === 'employee' ? { participation } : {}),
      cohort: { size, quorum: size, selectionTimeoutMs: 5000, deadlineMs: 30_000, overSelection },
      asynchronous: { maximumStaleness, stalenessExponent: 0.5 },
    });
    return { ...task, evaluation: { ...task.evaluation, everyRounds: every } };
  });

type Stored = {
  round: number;
  kind: 'train' | 'evaluate';
  state: 'open' | 'committed' | 'abandoned';
  modelRound: number;
};

/** What the world knows that one client is asked for, and where its update is. */
type Asked = { round: number; modelRound: number; deadline: number; in: number | null };

/**
 * The world around `step`: clients and a store that fail as told, with books of its own, kept by the rules and
 * not by the state, on who was asked for what and which buffer has it.
 */
class World {
  readonly task: TrainingTask;
  state: TrainingState;
  now = 0;
  stored: Stored[] = [];
  asked = new Map<string, Asked>();
  /** Round numbers by client of invitations whose updates are in a model. */
  counted = new Set<string>();
  waiting: Extract<Effect, { type: 'open' | 'aggregate' }>[] = [];
  connected = new Set<string>();
  /** How many rounds each client's updates were in, and which was the latest. */
  taken = new Map<string, { updates: number; latestRound: number }>();
  /** How often an update was in a model that was made after others since its invitation. */
  stale = 0;

  constructor(task: TrainingTask) {
    this.task = task;
    this.state = this.restarted();
  }

  restarted(): TrainingState {
    this.stored = this.stored.map((r) => (r.state === 'open' ? { ...r, state: 'abandoned' } : r));
    this.waiting = [];
    this.asked.clear();
    this.connected.clear();
    const progress = progressOf(this.stored);
    return initialState(progress, {
      done: nextKind(this.task, progress) === null,
      participations: ImmutableMap(this.taken),
    });
  }

  get models(): number {
    return this.stored.filter((r) => r.kind === 'train' && r.state === 'committed').length;
  }

  /** The round that contributions are taken to now. */
  get present(): { number: number; kind: 'train' | 'evaluate' } | null {
    const { phase } = this.state;
    return phase.state === 'buffering' || phase.state === 'reporting' ? phase.round : null;
  }

  get isEvaluating(): boolean {
    const { phase } = this.state;
    return 'round' in phase && phase.round.kind === 'evaluate';
  }

  send(event: TrainingEvent): void {
    // A clock that was set back prolongs nothing.
    for (const asked of this.asked.values()) {
      asked.deadline = Math.min(asked.deadline, this.now + this.task.cohort.deadlineMs);
    }
    const { state, effects } = step(this.task, this.state, event, this.now);
    this.state = state;
    for (const effect of effects) this.perform(effect);
    this.check();
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'open': {
        const { number, kind, modelRound } = effect.round;
        expect(this.stored.every((r) => r.round < number)).toBe(true);
        expect(kind).toBe(nextKind(this.task, progressOf(this.stored)));
        expect(modelRound).toBe(this.models);
        // Before an evaluation nobody is left to compute.
        if (kind === 'evaluate') this.expectNobodyAsked();
        this.forgetExpired();
        this.waiting.push(effect);
        return;
      }
      case 'invite':
        for (const participant of effect.participants) this.invite(participant, effect);
        return;
      case 'aggregate':
        expectShape(effect.turnout);
        expect(effect.turnout.accepted).toBe(this.inBuffer(effect.round.number).length);
        expect(effect.turnout.accepted).toBe(this.task.cohort.size);
        this.waiting.push(effect);
        return;
      case 'abandon':
        expectShape(effect.turnout);
        this.end(effect.round.number, 'abandoned');
        return;
      case 'close':
        for (const participant of effect.participants) {
          const asked = this.asked.get(participant);
          if (effect.round.number === this.stored.at(-1)?.round && this.stored.at(-1)?.kind === 'evaluate') {
            this.asked.delete(participant);
            continue;
          }
          // Whoever is told to stop was asked, sent nothing that counts, and is of no use any more.
          expect(asked).toMatchObject({ round: effect.round.number, in: null });
          const isOver = nextKind(this.task, progressOf(this.stored)) !== 'train';
          expect(isOver || this.models - asked!.modelRound > this.staleness).toBe(true);
          this.asked.delete(participant);
        }
        return;
      case 'announce':
        for (const participant of effect.participants) {
          const asked = this.asked.get(participant);
          if (asked?.round === effect.round.number) this.asked.delete(participant);
        }
        return;
      case 'defer':
        throw new Error('nobody is sent away below the number of seats');
      case 'turn-away':
        expect(this.taken.get(effect.participant)?.updates).toBe(participationLimits(this.task).atMost);
        this.connected.delete(effect.participant);
        return;
      case 'finish':
        expect(new Set(effect.participants)).toEqual(this.connected);
        this.expectNobodyAsked();
        return;
    }
  }

  /** Whose time was up once has no right to more, however the clock is set. */
  forgetExpired(): void {
    for (const [participant, asked] of this.asked) {
      if (asked.in === null && this.now >= asked.deadline + EXPIRY_MARGIN_MS) this.asked.delete(participant);
    }
  }

  expectNobodyAsked(): void {
    expect([...this.asked.values()].filter(({ deadline }) => this.now < deadline)).toEqual([]);
    this.asked.clear();
  }

  get staleness(): number {
    return this.task.asynchronous!.maximumStaleness;
  }

  invite(participant: string, { round, deadline }: Extract<Effect, { type: 'invite' }>): void {
    const asked = this.asked.get(participant);
    expect(this.connected.has(participant)).toBe(true);
    expect(round.modelRound).toBe(this.models);
    expect(deadline).toBeGreaterThan(this.now);
    expect(deadline).toBeLessThanOrEqual(this.now + this.task.cohort.deadlineMs);
    expect(this.counted.has(`${participant} ${round.number}`)).toBe(false);
    if (asked !== undefined && this.now < asked.deadline) {
      // Once more, under the number that it was invited by, with the time that is left.
      expect(asked).toMatchObject({ round: round.number, in: null, deadline });
      return;
    }
    // Of who is asked anew nothing is in a buffer, and the time for anything before is over.
    if (asked !== undefined) {
      expect(asked.in).toBeNull();
      expect(this.now).toBeGreaterThanOrEqual(asked.deadline + EXPIRY_MARGIN_MS);
    }
    expect(round.number).toBe(this.state.progress.round);
    expect(this.mayContribute(participant, round.number)).toBe(true);
    this.asked.set(participant, { round: round.number, modelRound: round.modelRound, deadline, in: null });
  }

  /** [R25] */
  mayContribute(participant: string, round: number): boolean {
    const { atMost, spacing } = participationLimits(this.task);
    const taken = this.taken.get(participant) ?? { updates: 0, latestRound: -Infinity };
    return taken.updates < atMost && round >= taken.latestRound + spacing;
  }

  inBuffer(round: number): string[] {
    return [...this.asked].filter(([, asked]) => asked.in === round).map(([participant]) => participant);
  }

  /** What was held is gone; its client is asked once more, with all the time that the task gives. */
  lose(asked: Asked): void {
    asked.in = null;
    asked.deadline = this.now + this.task.cohort.deadlineMs;
  }

  end(round: number, state: 'committed' | 'abandoned'): void {
    const kind = this.stored.find((r) => r.round === round)?.kind;
    this.stored = this.stored.map((r) => (r.round === round ? { ...r, state } : r));
    if (kind !== 'evaluate') return;
    // Rounds of one cohort leave nothing open.
    for (const [participant, asked] of this.asked) {
      if (asked.round === round && asked.in === null) this.asked.delete(participant);
    }
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
        this.settle('open', action);
        return;
      case 'store':
        this.settle('aggregate', action);
        return;
      default:
        this.actOf(`p${action.who}`, action);
    }
  }

  actOf(participant: string, action: { do: string; lag: number }): void {
    const round = (this.asked.get(participant)?.round ?? this.state.progress.round) - action.lag;
    switch (action.do) {
      case 'join':
        this.connected.add(participant);
        this.send({ type: 'joined', participant, group: 'north' });
        return;
      case 'lose':
      case 'leave': {
        const forGood = action.do === 'leave';
        this.connected.delete(participant);
        if (forGood && this.asked.get(participant)?.in === null) this.asked.delete(participant);
        this.send({ type: 'left', participant, forGood });
        return;
      }
      case 'decline':
        if (this.asked.get(participant)?.round === round && this.asked.get(participant)?.in === null) {
          this.asked.delete(participant);
        }
        this.send({ type: 'declined', round, participant });
        return;
      case 'lose-update': {
        const asked = this.asked.get(participant);
        const { present } = this;
        if (present?.kind !== 'train' || asked?.in !== present.number) return;
        this.lose(asked);
        this.send({ type: 'updates-lost', round: present.number, participants: [participant] });
        return;
      }
      case 'update':
        this.update(participant, round);
    }
  }

  /** What a runner does with an update: asks for its place, adds it, and says so. */
  update(participant: string, round: number): void {
    this.send({ type: 'tick' });
    const asked = this.asked.get(participant);
    const { present } = this;
    const isTimely = asked !== undefined && asked.round === round && asked.in === null && this.now < asked.deadline;
    let place: { round: number; staleness: number } | null = null;
    try {
      place = requirePlace(this.task, this.state, { participant, round }, this.now);
    } catch (error) {
      expect(error).toBeInstanceOf(ChoraleError);
      // Whoever has a right to be counted is asked for patience while nothing is taken in.
      const isPatience = (error as ChoraleError).code === 'UNAVAILABLE';
      expect(isPatience).toBe(isTimely && present === null && !this.isEvaluating);
    }
    const isWanted = isTimely && present !== null;
    if (present?.kind !== 'evaluate') expect(place !== null).toBe(isWanted);
    if (place === null || !isTimely) return;
    expect(place.round).toBe(present!.number);
    if (present!.kind === 'train') {
      expect(place.staleness).toBe(this.models - asked.modelRound);
      expect(place.staleness).toBeLessThanOrEqual(this.staleness);
      if (place.staleness > 0) this.stale += 1;
    }
    asked.in = place.round;
    this.send({ type: 'update-accepted', round: place.round, participant });
  }

  /** Lets the store answer the oldest request of this kind, if there is one. */
  settle(type: 'open' | 'aggregate', { succeeds, unheard }: { succeeds: boolean; unheard: boolean }): void {
    const index = this.waiting.findIndex((effect) => effect.type === type);
    if (index === -1) return;
    const { round } = this.waiting.splice(index, 1)[0]!;
    if (!succeeds) {
      if (type === 'aggregate') this.charge(round, this.inBuffer(round.number));
      for (const [participant, asked] of this.asked) if (asked.in === round.number) this.asked.delete(participant);
      this.send({ type: 'failed', round: round.number, reason: 'disk full' });
    } else if (type === 'open') {
      this.stored.push({ round: round.number, kind: round.kind, state: 'open', modelRound: round.modelRound });
      this.send({ type: 'opened', round: round.number });
    } else {
      this.commit(round, { unheard });
    }
  }

  commit(round: { number: number; kind: 'train' | 'evaluate' }, { unheard }: { unheard: boolean }): void {
    // A node may hold an update that nobody has heard of.
    const more = round.kind === 'train' && unheard ? [...this.asked].find(([, asked]) => asked.in === null) : undefined;
    if (more !== undefined) {
      // And another one may have died, with what was heard of.
      const lost = this.inBuffer(round.number).find((participant) => participant < more[0]);
      if (lost !== undefined) this.lose(this.asked.get(lost)!);
      more[1].in = round.number;
    }
    const participants = new Set(this.inBuffer(round.number));
    this.end(round.number, 'committed');
    for (const participant of participants) {
      const asked = this.asked.get(participant)!;
      const key = `${participant} ${asked.round}`;
      // [R22] An invitation is in one model, whatever happened in between.
      expect(this.counted.has(key)).toBe(false);
      this.counted.add(key);
    }
    this.charge(round, participants);
    this.send({ type: 'stored', round: round.number, participants });
    for (const participant of participants) {
      if (this.asked.get(participant)?.in === round.number) this.asked.delete(participant);
    }
  }

  charge({ number, kind }: { number: number; kind: 'train' | 'evaluate' }, participants: Iterable<string>): void {
    for (const participant of kind === 'train' && isLimited(this.task) ? participants : []) {
      const updates = (this.taken.get(participant)?.updates ?? 0) + 1;
      this.taken.set(participant, { updates, latestRound: number });
    }
  }

  check(): void {
    const { phase, computing, connected, resting } = this.state;
    expectQuiet(this.task, this.state);
    expect(new Set([...connected.keys(), ...resting.keys()])).toEqual(this.connected);
    if (phase.state !== 'buffering') return;
    this.forgetExpired();
    // Who computes in the books computes in the state, until its time is up.
    const open = [...this.asked].filter(([, a]) => a.in === null && this.now < a.deadline);
    for (const [participant, { round, deadline, modelRound }] of open) {
      expect(computing.get(participant)).toMatchObject({ round, deadline, modelRound });
      expect(this.models - modelRound).toBeLessThanOrEqual(this.staleness);
    }
    expect(computing.count(({ deadline }) => this.now < deadline)).toBe(open.length);
    const accepted = [...phase.round.cohort.members].filter(([, m]) => m.standing === 'accepted').map(([p]) => p);
    expect(new Set(accepted)).toEqual(new Set(this.inBuffer(phase.round.number)));
    // No place is empty while a client waits that may be asked.
    const limit = invitationLimit(this.task);
    if (computing.size < limit) expect([...phase.ready]).toEqual([]);
    const wake = nextWake(this.task, this.state);
    if (computing.size > 0) expect(wake).toBeLessThanOrEqual(this.now + this.task.cohort.deadlineMs + EXPIRY_MARGIN_MS);
    expect(wake ?? Infinity).toBeGreaterThan(this.now);
  }
}

describe('asynchronous step, over random clients, clocks, failing stores, nodes and restarts', () => {
  it('[R2] [R3] [R8] [R21] [R22] [R23] [R24] keeps its rules', () => {
    let models = 0;
    let stale = 0;
    fc.assert(
      fc.property(tasks, fc.array(actions, { minLength: 20, maxLength: 300, size: 'max' }), (task, list) => {
        const world = new World(task);
        for (const act of list) world.act(act);
        models += world.models;
        stale += world.stale;
        expect(world.models).toBeLessThanOrEqual(task.rounds);
      }),
      { numRuns: 300 },
    );
    // Power: models do get made in these sequences, of updates that others overtook as well.
    expect(models).toBeGreaterThan(200);
    expect(stale).toBeGreaterThan(30);
  });

  it('[R11] [R21] [R25] always gets done once clients stay and the store works', () => {
    let exhausted = 0;
    fc.assert(
      fc.property(tasks, fc.array(actions, { maxLength: 60, size: 'max' }), (task, list) => {
        const world = new World(task);
        for (const act of list) world.act(act);
        const everybody = Array.from({ length: 9 }, (_, who) => who);
        for (const who of everybody) world.act({ do: 'join', who, lag: 0 });
        for (let i = 0; i < 300 && world.state.phase.state !== 'done'; i += 1) {
          world.act({ do: 'open', succeeds: true, unheard: false });
          for (const who of everybody) world.act({ do: 'update', who, lag: 0 });
          world.act({ do: 'store', succeeds: true, unheard: false });
          const wake = nextWake(task, world.state);
          if (wake !== null) world.act({ do: 'wait', ms: Math.max(0, wake - world.now) });
        }
        // [R25] Or until nobody is left that may contribute to this buffer or the next.
        const { phase, progress } = world.state;
        if (isLimited(task) && phase.state !== 'done') {
          const next = phase.state === 'buffering' ? progress.round : progress.round + 1;
          const accepted = phase.state === 'buffering' ? world.inBuffer(progress.round) : [];
          const left = everybody.filter((who) => world.mayContribute(`p${who}`, next) && !accepted.includes(`p${who}`));
          expect(left).toEqual([]);
          expect(trainingStanding(task, world.state).state).toBe('exhausted');
          exhausted += 1;
          return;
        }
        expect(phase.state).toBe('done');
        expect(world.models).toBe(task.rounds);
        expect(world.stored.some((r) => r.kind === 'evaluate')).toBe(task.clients === 'site');
      }),
      { numRuns: 100 },
    );
    // Power: limits do end some trainings.
    expect(exhausted).toBeGreaterThan(0);
  });
});
