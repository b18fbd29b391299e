import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChoraleError,
  decodeParameters,
  encodeIntegers,
  GRID_STEPS,
  manifestHash,
  type RoundMessage,
  type TrainingTask,
} from '@chorale/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { BACKOFF_MS } from './round.ts';
import { faultyStore } from './testing/faulty-store.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { siteTask, trainedManifest } from './testing/study.ts';
import { TrainingTestClient } from './testing/training-client.ts';
import { startTrainingServer, type TrainingServer } from './testing/training-server.ts';

const STUDY = 'attrition';
const GROUPS = { 'participant-a': 'north', 'participant-b': 'south', 'participant-c': 'west', 'participant-d': 'west' };
type Name = keyof typeof GROUPS;

let folder: string;
let clock: ManualClock;
let store: SqliteStore;
let server: TrainingServer;
let clients: TrainingTestClient[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorale-asynchronous-'));
  clock = new ManualClock();
  store = await SqliteStore.open(folder);
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
  await store.close();
  await rm(folder, { recursive: true });
});

/** Two updates make a model, three clients compute at a time. */
function asynchronousTask(changes: Partial<TrainingTask> = {}): TrainingTask {
  return siteTask({
    rounds: 6,
    cohort: { size: 2, quorum: 2, overSelection: 1.5, selectionTimeoutMs: 5000, deadlineMs: 30_000 },
    evaluation: { ...siteTask().evaluation, everyRounds: 6 },
    asynchronous: { maximumStaleness: 2, stalenessExponent: 0.5 },
    ...changes,
  });
}

async function start(task: TrainingTask, on: Store = store): Promise<string> {
  const manifest = trainedManifest(task);
  server = await startTrainingServer({ store: on, manifests: [manifest], now: clock.now, schedule: clock.schedule });
  return manifestHash(manifest);
}

async function joined(name: Name, hash: string): Promise<TrainingTestClient> {
  const client = new TrainingTestClient(server.url);
  clients.push(client);
  expect(await client.join(await server.token(STUDY, name, GROUPS[name]), hash)).toMatchObject({ ok: true });
  return client;
}

/** Three clients, invited to the first round. */
async function invitedTrio(hash: string): Promise<[TrainingTestClient, TrainingTestClient, TrainingTestClient]> {
  const trio = [
    await joined('participant-a', hash),
    await joined('participant-b', hash),
    await joined('participant-c', hash),
  ] as const;
  for (const client of trio) expect(await client.next('round')).toMatchObject({ kind: 'train', modelRound: 0 });
  return [...trio];
}

/** Makes the next model of the updates of these two, as large as the model is to be; both are invited anew. */
async function makeModel(
  pair: readonly [TrainingTestClient, TrainingTestClient],
  round: number,
  update: readonly number[] = [0, 0, 0],
): Promise<void> {
  for (const client of pair) {
    expect(await client.update(STUDY, round, update)).toEqual({ ok: true, duplicate: false });
  }
  for (const client of pair) {
    expect(await client.next('round-ended')).toMatchObject({ round, outcome: 'committed', committedRounds: round });
    expect(await client.next('round')).toMatchObject({ round: round + 1, modelRound: round });
  }
}

const modelOf = (message: RoundMessage): number[] => [...decodeParameters(new Uint8Array(message.model!), 3)];
const refusal = (code: string) => expect.objectContaining({ ok: false, error: expect.objectContaining({ code }) });
const grid = (...shares: number[]): number[] => shares.map((share) => share * GRID_STEPS);

describe('asynchronous training over sockets and a store', () => {
  it('[R16] [R22] makes each model of the exact mean, weighted by group and staleness', async () => {
    const hash = await start(asynchronousTask({ weights: { north: 3, west: 5 } }));
    const [a, b, c] = await invitedTrio(hash);
    await makeModel([a, b], 1);
    await makeModel([a, b], 2);
    // Two models have been made since this one's: 1024 / sqrt(3) is 591, times the weight of its group.
    expect(await c.update(STUDY, 1, grid(0.5, 0, -1))).toEqual({ ok: true, duplicate: false });
    expect(await a.update(STUDY, 3, grid(0.25, 1, 0))).toEqual({ ok: true, duplicate: false });
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed', committedRounds: 3 });
    expect(await a.next('round-ended')).toMatchObject({ round: 3, outcome: 'committed', committedRounds: 3 });
    const weights = { c: 5 * 591, a: 3 * 1024 };
    const total = weights.c + weights.a;
    const expected = Float32Array.of(
      (0.5 * weights.c + 0.25 * weights.a) / total,
      weights.a / total,
      -weights.c / total,
    );
    expect(await store.latestModel(STUDY)).toMatchObject({ modelRound: 3, parameters: expected });
    const next = await c.next('round');
    expect(next).toMatchObject({ round: 4, modelRound: 3, deadlineMs: 30_000 });
    expect(modelOf(next)).toEqual([...expected]);
    expect((await server.training.rounds(STUDY)).rounds).toMatchObject([
      { round: 1, kind: 'train', state: 'committed', modelRound: 0, cohort: 3, accepted: 2, shape: { late: 1 } },
      { round: 2, state: 'committed', modelRound: 1, cohort: 3, accepted: 2, shape: { invited: 3, late: 1 } },
      { round: 3, state: 'committed', modelRound: 2, cohort: 3, accepted: 2, dropouts: 0 },
      { round: 4, state: 'reporting', cohort: 3, accepted: 0 },
    ]);
  });

  it('[R22] knows a repeat of an update after the commit that took it, and refuses another one', async () => {
    const hash = await start(asynchronousTask());
    const [a, b, c] = await invitedTrio(hash);
    await makeModel([a, b], 1, grid(0.5, 0, 0));
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: false });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: true });
    expect(await c.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('UPDATE_DUPLICATE'));
    // In that buffer, but nobody asked for it under its number.
    expect(await c.update(STUDY, 2, grid(0, 1, 0))).toEqual(refusal('NOT_IN_COHORT'));
    expect(await c.request('decline', { study: STUDY, round: 1, code: 'INTERNAL' })).toEqual(
      refusal('UPDATE_DUPLICATE'),
    );
    expect(await a.update(STUDY, 2, grid(0, 0, 0))).toMatchObject({ ok: true });
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed' });
    expect(await c.next('round')).toMatchObject({ round: 3 });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: true });
    expect(await c.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('UPDATE_DUPLICATE'));
    expect(await store.readRounds(STUDY)).toMatchObject([{ accepted: 2 }, { accepted: 2 }, { state: 'open' }]);
  });

  it('[R23] tells a client that its model is too old when that is so, and refuses its update', async () => {
    const hash = await start(asynchronousTask({ asynchronous: { maximumStaleness: 1, stalenessExponent: 1 } }));
    const [a, b, c] = await invitedTrio(hash);
    await makeModel([a, b], 1);
    expect(c.count('round-ended')).toBe(0);
    await makeModel([a, b], 2, grid(0.5, 0, 0));
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'closed', committedRounds: 2 });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual(refusal('ROUND_CLOSED'));
    expect(await c.next('round')).toMatchObject({ round: 3, modelRound: 2 });
    expect(await c.update(STUDY, 3, grid(0, 0.5, 0))).toEqual({ ok: true, duplicate: false });
  });

  it('[R22] loses nothing that arrives while a model is made: it counts in the next one', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'endRound') return typeof value === 'function' ? value.bind(target) : value;
        return async (...args: Parameters<Store['endRound']>) => {
          await gate.promise;
          return target.endRound(...args);
        };
      },
    });
    const hash = await start(asynchronousTask(), slow);
    const [a, b, c] = await invitedTrio(hash);
    await a.update(STUDY, 1, grid(0.5, 0, 0));
    await b.update(STUDY, 1, grid(0.5, 0, 0));
    // By HTTP, where it needs no connection, as on the socket.
    const update = encodeIntegers(Int32Array.from(grid(0, 1, 0)));
    const byHttp = { study: STUDY, participant: 'participant-c', client: null, round: 1, update };
    const early = server.training.update(byHttp);
    await expect(early).rejects.toBeInstanceOf(ChoraleError);
    await expect(early).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual(refusal('UNAVAILABLE'));
    gate.resolve();
    expect(await a.next('round')).toMatchObject({ round: 2 });
    expect(await server.training.update(byHttp)).toEqual({ duplicate: false });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: true });
    await a.update(STUDY, 2, grid(0, 0, 0));
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed', committedRounds: 2 });
    const [fresh, stale] = [1024, 724];
    expect(await store.latestModel(STUDY)).toMatchObject({
      parameters: Float32Array.of(0.5, stale / (fresh + stale), 0),
    });
  });

  it('[R21] asks the next in the queue as soon as a place is free', async () => {
    const hash = await start(asynchronousTask());
    const [a, b, c] = await invitedTrio(hash);
    const d = await joined('participant-d', hash);
    expect(await server.training.rounds(STUDY)).toMatchObject({ waiting: 1, rounds: [{ cohort: 3 }] });
    expect(await c.request('decline', { study: STUDY, round: 1, code: 'BUDGET_EXCEEDED' })).toEqual({ ok: true });
    expect(await d.next('round')).toMatchObject({ round: 1, modelRound: 0 });
    expect(await c.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    a.socket.emit('leave', { study: STUDY });
    await b.update(STUDY, 1, grid(0.5, 0, 0));
    await d.update(STUDY, 1, grid(0.5, 0, 0));
    expect(await d.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed' });
    expect(await store.readRounds(STUDY)).toMatchObject([
      {
        cohort: 4,
        accepted: 2,
        dropouts: 1,
        shape: { invited: 4, accepted: 2, declined: 1, left: 1, lost: 0, late: 0 },
      },
      { round: 2 },
    ]);
  });

  it('[R24] stops all who compute before an evaluation, and goes on after it', async () => {
    const evaluation = { ...siteTask().evaluation, everyRounds: 1 };
    const hash = await start(asynchronousTask({ evaluation, rounds: 2 }));
    const [a, b, c] = await invitedTrio(hash);
    await a.update(STUDY, 1, grid(1, 0, 0));
    await b.update(STUDY, 1, grid(0.5, 0, 0));
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'closed' });
    for (const client of [a, b, c]) expect(await client.next('round')).toMatchObject({ round: 2, kind: 'evaluate' });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual(refusal('ROUND_CLOSED'));
    const histogram = [30, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 15];
    await a.update(STUDY, 2, histogram);
    await b.update(STUDY, 2, histogram);
    expect(await c.next('round-ended')).toMatchObject({ round: 2, outcome: 'closed' });
    for (const client of [a, b, c]) {
      expect(await client.next('round')).toMatchObject({ round: 3, kind: 'train', modelRound: 1 });
    }
    await b.update(STUDY, 3, grid(0, 0, 1));
    await c.update(STUDY, 3, grid(0, 0, 1));
    await Promise.all([a, b].map((client) => client.next('round')));
    // Clients are invited once their round is stored: from here on there are four.
    expect(await store.readRounds(STUDY)).toMatchObject([
      { kind: 'train', state: 'committed' },
      // Histograms are counts, which nothing weighs.
      { kind: 'evaluate', state: 'committed', histogram: histogram.map((count) => 2 * count) },
      { kind: 'train', state: 'committed' },
      { kind: 'evaluate', state: 'open' },
    ]);
    await a.update(STUDY, 4, histogram);
    await b.update(STUDY, 4, histogram);
    expect(await c.next('training-done')).toEqual({ study: STUDY, committedRounds: 2 });
  });

  it('[R15] resumes from the last model, and abandons the buffer that was open', async () => {
    const hash = await start(asynchronousTask());
    const [a, b, c] = await invitedTrio(hash);
    await makeModel([a, b], 1, grid(0.5, 0.25, 0));
    await c.update(STUDY, 1, grid(0, 0, 1));
    await server.close();
    await start(asynchronousTask());
    expect(await server.training.rounds(STUDY)).toMatchObject({
      committedRounds: 1,
      rounds: [{ state: 'committed' }, { state: 'abandoned', reason: 'coordinator restarted' }],
    });
    const back = await joined('participant-c', hash);
    const round = await back.next('round');
    expect(round).toMatchObject({ round: 3, modelRound: 1 });
    expect(modelOf(round)).toEqual([0.5, 0.25, 0]);
    expect(await back.update(STUDY, 1, grid(0, 0, 1))).toEqual(refusal('ROUND_CLOSED'));
  });

  it('[R13] abandons a buffer that could not be written, and takes those who compute along', async () => {
    const faulty = faultyStore(store);
    const hash = await start(asynchronousTask(), faulty.store);
    const [a, b, c] = await invitedTrio(hash);
    faulty.fail('endRound', 'before');
    await a.update(STUDY, 1, grid(1, 0, 0));
    await b.update(STUDY, 1, grid(1, 0, 0));
    expect(await a.next('round-ended')).toMatchObject({ round: 1, outcome: 'abandoned', committedRounds: 0 });
    expect(await c.update(STUDY, 1, grid(0, 0.5, 0))).toEqual(refusal('UNAVAILABLE'));
    clock.advance(BACKOFF_MS.first);
    for (const client of [a, b]) expect(await client.next('round')).toMatchObject({ round: 2, modelRound: 0 });
    await c.update(STUDY, 1, grid(0, 0.5, 0));
    await a.update(STUDY, 2, grid(0, 0.25, 0));
    expect(await c.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed', committedRounds: 1 });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0, 0.375, 0) });
  });
});
