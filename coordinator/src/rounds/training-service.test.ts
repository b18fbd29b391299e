import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeParameters,
  GRID_STEPS,
  manifestHash,
  type RoundMessage,
  type TrainingTask,
  updateLength,
} from '@chorale/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Invitations } from '../surveys/invitations.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { ABSENCE_GRACE_MS, BACKOFF_MS } from './round.ts';
import { faultyStore } from './testing/faulty-store.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { siteTask, trainedManifest } from './testing/study.ts';
import { TrainingTestClient } from './testing/training-client.ts';
import { startTrainingServer, type TrainingServer } from './testing/training-server.ts';

const STUDY = 'attrition';
const NAMES = ['participant-a', 'participant-b', 'participant-c'] as const;
const GROUPS = ['north', 'south', 'west'] as const;

let folder: string;
let clock: ManualClock;
let store: SqliteStore;
let server: TrainingServer;
let clients: TrainingTestClient[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorale-training-'));
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

async function start(task: TrainingTask, on: Store = store): Promise<string> {
  const manifest = trainedManifest(task);
  server = await startTrainingServer({ store: on, manifests: [manifest], now: clock.now, schedule: clock.schedule });
  return manifestHash(manifest);
}

function connect(url = server.url): TrainingTestClient {
  const client = new TrainingTestClient(url);
  clients.push(client);
  return client;
}

/** A new connection of one of the three participants, joined. */
async function joined(index: number, hash: string): Promise<TrainingTestClient> {
  const client = connect();
  const reply = await client.join(await server.token(STUDY, NAMES[index]!, GROUPS[index]), hash);
  expect(reply).toMatchObject({ ok: true });
  return client;
}

/** All three participants, invited to the first round. */
async function invitedTrio(hash: string): Promise<{ trio: TrainingTestClient[]; round: RoundMessage }> {
  const trio = [await joined(0, hash), await joined(1, hash), await joined(2, hash)];
  const [round] = await Promise.all(trio.map((client) => client.next('round')));
  return { trio, round: round! };
}

const joinAgain = async (index: number, hash: string) =>
  connect().join(await server.token(STUDY, NAMES[index]!, GROUPS[index]), hash);

const modelOf = (message: RoundMessage): number[] => [...decodeParameters(new Uint8Array(message.model!), 3)];
const refusal = (code: string) => expect.objectContaining({ ok: false, error: expect.objectContaining({ code }) });
const grid = (...shares: number[]): number[] => shares.map((share) => share * GRID_STEPS);

describe('training over sockets and a store', () => {
  it('[R13] commits rounds with the exact weighted mean, evaluates, and gets done', async () => {
    const hash = await start(siteTask({ weights: { north: 2, south: 5 } }));
    const { trio, round } = await invitedTrio(hash);
    expect(round).toMatchObject({ study: STUDY, round: 1, kind: 'train', modelRound: 0, deadlineMs: 30_000 });
    expect(modelOf(round)).toEqual([0, 0, 0]);

    const updates = [grid(1, 0, 0.5), grid(0, -0.5, 0), grid(-1, 0, 0.25)];
    for (const [i, client] of trio.entries()) {
      expect(await client.update(STUDY, 1, updates[i]!)).toEqual({ ok: true, duplicate: false });
    }
    for (const client of trio) {
      expect(await client.next('round-ended')).toEqual({
        study: STUDY,
        round: 1,
        outcome: 'committed',
        committedRounds: 1,
      });
    }
    const expected = [...Float32Array.of((2 - 1) / 8, (-0.5 * 5) / 8, (0.5 * 2 + 0.25) / 8)];
    const [second] = await Promise.all(trio.map((client) => client.next('round')));
    expect(second).toMatchObject({ round: 2, kind: 'train', modelRound: 1 });
    expect(modelOf(second!)).toEqual(expected);
    expect(await store.latestModel(STUDY)).toMatchObject({ modelRound: 1, parameters: Float32Array.from(expected) });

    await Promise.all(trio.map((client) => client.update(STUDY, 2, [0, 0, 0])));
    const [evaluation] = await Promise.all(trio.map((client) => client.next('round')));
    expect(evaluation).toMatchObject({ round: 3, kind: 'evaluate', modelRound: 2 });
    const histogram = [30, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 15];
    await Promise.all(trio.map((client) => client.update(STUDY, 3, histogram)));
    for (const client of trio) {
      expect(await client.next('training-done')).toEqual({ study: STUDY, committedRounds: 2 });
    }
    const rounds = await server.training.rounds(STUDY);
    expect(rounds).toMatchObject({
      manifest: hash,
      clients: 'site',
      noised: true,
      waiting: 0,
      committedRounds: 2,
      totalRounds: 2,
    });
    expect(rounds.rounds).toMatchObject([
      { round: 1, kind: 'train', state: 'committed', modelRound: 0, cohort: 3, accepted: 3, dropouts: 0, reason: null },
      { round: 2, kind: 'train', state: 'committed', modelRound: 1, evaluation: null },
      { round: 3, kind: 'evaluate', state: 'committed', evaluation: { auc: 1, accuracy: 1, rows: 180 } },
    ]);
    expect(rounds.rounds.map((r) => r.spent.map((s) => s.privacyUnit))).toEqual(
      Array.from({ length: 3 }, () => ['site', 'employee']),
    );
    expect(await connect().join(await server.token(STUDY, 'participant-z'), hash)).toMatchObject({
      ok: true,
      done: true,
    });
  });

  it('[R6] commits without a client whose connection is lost in the middle of the round', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    const gone = server.nextDisconnect();
    trio[2]!.socket.io.engine.close();
    await gone;
    await trio[0]!.update(STUDY, 1, grid(0.5, 0, 0));
    await trio[1]!.update(STUDY, 1, grid(0.25, 0, 0));
    clock.advance(ABSENCE_GRACE_MS);
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.375, 0, 0) });
    expect(await store.readRounds(STUDY)).toMatchObject([
      { round: 1, state: 'committed', cohort: 3, accepted: 2, dropouts: 1 },
    ]);
  });

  it('[R4] invites a client that reconnects again, unless its update was accepted', async () => {
    const hash = await start(siteTask());
    const { trio, round } = await invitedTrio(hash);
    await trio[0]!.update(STUDY, 1, grid(0.5, 0, 0));
    for (const index of [0, 2]) {
      const gone = server.nextDisconnect();
      trio[index]!.close();
      await gone;
    }
    clock.advance(4000);
    const back = await joined(2, hash);
    expect(await back.next('round')).toEqual({ ...round, deadlineMs: 26_000 });
    const reported = await joined(0, hash);
    expect(await reported.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: true });
    expect(reported.count('round')).toBe(0);
    await back.update(STUDY, 1, grid(0.5, 0, 0));
    await trio[1]!.update(STUDY, 1, grid(0.5, 0, 0));
    expect(await reported.next('round-ended')).toMatchObject({ round: 1, outcome: 'committed' });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.5, 0, 0) });
  });

  it('[R3] [R8] [R17] refuses what it must, and the sum does not show it', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    const [a, b, c] = trio as [TrainingTestClient, TrainingTestClient, TrainingTestClient];
    const outsider = connect();
    expect(await outsider.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    await outsider.join(await server.token(STUDY, 'participant-d'), hash);
    expect(await outsider.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    expect(await a.update(STUDY, 2, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    expect(await a.update('another', 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    expect(await a.update(STUDY, 1, grid(1, 0))).toEqual(refusal('UPDATE_SHAPE'));
    expect(await a.request('update', { study: STUDY, round: 1, update: Buffer.alloc(11) })).toEqual(
      refusal('UPDATE_SHAPE'),
    );
    expect(await a.update(STUDY, 1, [2 ** 31 - 1, 0, 0])).toEqual(refusal('UPDATE_OVER_NORM'));
    const malformed: unknown[] = [
      undefined,
      null,
      'update',
      [],
      { study: STUDY, round: 1 },
      { study: STUDY, round: 1, update: [NaN, 1, 2] },
      { study: STUDY, round: 1, update: '\u0000\u0000' },
      { study: STUDY, round: NaN, update: Buffer.alloc(12) },
      { study: STUDY, round: -1, update: Buffer.alloc(12) },
      { study: STUDY, round: 1, update: Buffer.alloc(12), extra: true },
      { study: { toString: 1 }, round: 1, update: Buffer.alloc(12) },
    ];
    for (const data of malformed) expect(await a.request('update', data)).toEqual(refusal('MESSAGE_MALFORMED'));
    // Without an acknowledgement to answer through, and with arguments that are no message at all.
    a.socket.emit('update');
    a.socket.emit('update', Buffer.alloc(3), 3, 7);
    a.socket.emit('leave');
    a.socket.emit('leave', { study: 'another' });
    a.socket.emit('decline', 1, 2);

    expect(await a.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: false });
    expect(await a.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: true });
    expect(await a.update(STUDY, 1, grid(0.5, 0, 1))).toEqual(refusal('UPDATE_DUPLICATE'));
    expect(await a.request('decline', { study: STUDY, round: 1, code: 'BUDGET_EXCEEDED' })).toEqual(
      refusal('UPDATE_DUPLICATE'),
    );
    expect(await b.update(STUDY, 1, grid(0, 0.5, 0))).toEqual({ ok: true, duplicate: false });
    clock.advance(30_000);
    expect(await c.update(STUDY, 1, grid(0, 0, 1))).toEqual(refusal('ROUND_CLOSED'));
    expect(await a.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await c.update(STUDY, 1, grid(0, 0, 1))).toEqual(refusal('ROUND_CLOSED'));
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.25, 0.25, 0) });
    expect(await store.readRounds(STUDY)).toMatchObject([{ accepted: 2, dropouts: 1 }, { round: 2 }]);
  });

  it('[R8] closes a round at its deadline although the timer is late', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    await trio[0]!.update(STUDY, 1, grid(0.5, 0, 0));
    await trio[1]!.update(STUDY, 1, grid(0.5, 0, 0));
    clock.skip(30_000);
    expect(await trio[2]!.update(STUDY, 1, grid(0, 1, 0))).toEqual(refusal('ROUND_CLOSED'));
    expect(await trio[2]!.next('round-ended')).toMatchObject({ outcome: 'closed' });
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.5, 0, 0) });
  });

  it('[R8] counts an update that comes in just before the deadline', async () => {
    const manifest = trainedManifest(siteTask());
    let creepMs = 0;
    const now = (): number => {
      clock.skip(creepMs);
      return clock.now();
    };
    server = await startTrainingServer({ store, manifests: [manifest], now, schedule: clock.schedule });
    const { trio } = await invitedTrio(await manifestHash(manifest));
    await trio[0]!.update(STUDY, 1, grid(0.5, 0, 0));
    clock.skip(29_998);
    // From here on each look at the clock finds it a millisecond later.
    creepMs = 1;
    expect(await trio[1]!.update(STUDY, 1, grid(0.25, 0, 0))).toEqual({ ok: true, duplicate: false });
    expect(await trio[2]!.update(STUDY, 1, grid(0, 1, 0))).toEqual(refusal('ROUND_CLOSED'));
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.375, 0, 0) });
  });

  it('[R1] gives no seat to a connection that was lost while its token was checked', async () => {
    const manifest = trainedManifest(siteTask());
    const checking = Promise.withResolvers<void>();
    const checked = Promise.withResolvers<void>();
    const beforeVerify = async (): Promise<void> => {
      checking.resolve();
      await checked.promise;
    };
    const timing = { now: clock.now, schedule: clock.schedule, beforeVerify };
    server = await startTrainingServer({ store, manifests: [manifest], ...timing });
    const hash = await manifestHash(manifest);
    const hasty = connect();
    const token = await server.token(STUDY, NAMES[0], GROUPS[0]);
    hasty.socket.emit('join', { protocol: 1, token, manifest: hash });
    await checking.promise;
    const gone = server.nextDisconnect();
    hasty.close();
    await gone;
    checked.resolve();
    await joined(1, hash);
    expect(await server.training.rounds(STUDY)).toMatchObject({ waiting: 1 });
  });

  it('[R7] [R9] abandons a round that declines put out of reach, and tries again after a rest', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    await trio[0]!.update(STUDY, 1, grid(1, 0, 0));
    const decline = { study: STUDY, round: 1, code: 'BUDGET_EXCEEDED' };
    expect(await trio[1]!.request('decline', decline)).toEqual({ ok: true });
    expect(await trio[1]!.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    expect(await trio[2]!.request('decline', decline)).toEqual({ ok: true });
    expect(await trio[0]!.next('round-ended')).toEqual({
      study: STUDY,
      round: 1,
      outcome: 'abandoned',
      committedRounds: 0,
    });
    clock.advance(BACKOFF_MS.first);
    expect(await trio[0]!.next('round')).toMatchObject({ round: 2, modelRound: 0 });
    const { rounds } = await server.training.rounds(STUDY);
    expect(rounds[0]).toMatchObject({ state: 'abandoned', accepted: 1, reason: 'quorum out of reach' });
    // What was sent is spent, committed or not.
    expect(rounds[1]!.spent[0]!.epsilon).toBeGreaterThan(rounds[0]!.spent[0]!.epsilon);
  });

  it('refuses to seat who has no place in the study', async () => {
    const manifest = trainedManifest(siteTask());
    const { training: _training, ...untrained } = { ...manifest, id: 'survey-only' };
    const survey = { type: 'yesno', id: 'q', text: 'Well?', report: 'favourable' } as const;
    const manifests = [manifest, { ...untrained, survey: { epsilon: 1, questions: [survey] } }];
    server = await startTrainingServer({ store, manifests, now: clock.now, schedule: clock.schedule });
    const hash = await manifestHash(manifest);
    const token = await server.token(STUDY, NAMES[0]);
    const client = connect();
    expect(await client.request('join', { protocol: 99, token, manifest: hash })).toEqual(refusal('PROTOCOL_VERSION'));
    expect(await client.join('not.a.token', hash)).toEqual(refusal('TOKEN_INVALID'));
    const foreign = await new Invitations(new Uint8Array(32)).sign({ study: STUDY, sub: NAMES[0], group: 'north' });
    expect(await client.join(foreign, hash)).toEqual(refusal('TOKEN_INVALID'));
    expect(await client.join(await server.token(STUDY, NAMES[0], 'mars'), hash)).toEqual(refusal('TOKEN_INVALID'));
    expect(await client.join(await server.token('unknown', NAMES[0]), hash)).toEqual(refusal('STUDY_UNKNOWN'));
    expect(await client.join(token, 'sha256-other')).toEqual(refusal('MANIFEST_MISMATCH'));
    const other = await manifestHash(manifests[1]!);
    expect(await client.join(await server.token('survey-only', NAMES[0]), other)).toEqual(refusal('TRAINING_ABSENT'));
    for (const data of [undefined, null, 7, {}, { protocol: 1, token, manifest: 7 }]) {
      expect(await client.request('join', data)).toEqual(expect.objectContaining({ ok: false }));
    }
    expect(await server.training.rounds(STUDY)).toMatchObject({ waiting: 0 });
    await expect(server.training.rounds('survey-only')).rejects.toMatchObject({ code: 'TRAINING_ABSENT' });
    await expect(server.training.rounds('unknown')).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
  });

  it('[R14] lets a later connection take the seat over, for good', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    const second = await joined(0, hash);
    expect(await second.next('round')).toMatchObject({ round: 1 });
    expect(await trio[0]!.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
    const gone = server.nextDisconnect();
    trio[0]!.close();
    await gone;
    for (const client of [second, trio[1]!, trio[2]!]) {
      expect(await client.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: false });
    }
    expect(await second.next('round')).toMatchObject({ round: 2 });
    expect(await store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.5, 0, 0) });
  });

  it('[R6] ends at once when the last missing client says that it leaves', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    await trio[0]!.update(STUDY, 1, grid(1, 0, 0));
    await trio[1]!.update(STUDY, 1, grid(1, 0, 0));
    trio[2]!.socket.emit('leave', { study: STUDY });
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    expect(await server.training.rounds(STUDY)).toMatchObject({ waiting: 2, committedRounds: 1 });
  });
});

describe('employees, who contribute once', () => {
  const once = siteTask({
    clients: 'employee',
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
  });
  it('[R25] are not invited again, also after a restart, and the study says that it needs new ones', async () => {
    let hash = await start(once);
    expect(await server.training.rounds(STUDY)).toMatchObject({ state: 'waiting', usedUp: 0 });
    const { trio } = await invitedTrio(hash);
    expect(await server.training.rounds(STUDY)).toMatchObject({ state: 'training' });
    for (const client of trio.slice(0, 2)) await client.update(STUDY, 1, [0, 0, 0]);
    // Who comes back to a round that it is in has its seat.
    expect(await joinAgain(0, hash)).toEqual({ ok: true, committedRounds: 0, done: false });
    trio[2]!.socket.emit('leave', { study: STUDY });
    expect(await trio[1]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    for (const phase of ['running', 'restarted']) {
      const reply = { ok: true, committedRounds: 1, done: false };
      for (const index of [0, 1]) expect(await joinAgain(index, hash), phase).toEqual({ ...reply, usedUp: true });
      expect(await server.training.rounds(STUDY), phase).toMatchObject({
        state: 'exhausted',
        waiting: 0,
        usedUp: 2,
        totalRounds: 2,
      });
      expect(await joinAgain(2, hash), phase).toEqual(reply);
      expect(await server.training.rounds(STUDY), phase).toMatchObject({ state: 'waiting', waiting: 1, usedUp: 2 });
      if (phase === 'restarted') continue;
      await server.close();
      hash = await start(once);
    }
    await connect().join(await server.token(STUDY, 'participant-d', 'north'), hash);
    clock.advance(once.cohort.selectionTimeoutMs);
    expect(await clients.at(-1)!.next('round')).toMatchObject({ round: 2, modelRound: 1 });
  });

  it('[R25] have used it up where the round is abandoned, too', async () => {
    const hash = await start({ ...once, cohort: { ...once.cohort, quorum: 3 } });
    const { trio } = await invitedTrio(hash);
    await trio[0]!.update(STUDY, 1, [0, 0, 0]);
    trio[2]!.socket.emit('leave', { study: STUDY });
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'abandoned' });
    expect(await joinAgain(0, hash)).toMatchObject({ usedUp: true });
    expect(await joinAgain(1, hash)).toEqual({ ok: true, committedRounds: 0, done: false });
  });

  it('[R25] [T5] are invited to each attempt at a one-shot task, which gets the bytes of before', async () => {
    const task = siteTask({
      ...once,
      rounds: 1,
      learningRate: 1,
      exampleClippingNorm: 1,
      cohort: { ...once.cohort, quorum: 3 },
      algorithm: { oneShot: { rule: 'class-mean-difference' } },
    });
    const hash = await start(task);
    const { trio } = await invitedTrio(hash);
    const update = Array.from({ length: updateLength(task) }, () => 0);
    expect(await trio[0]!.update(STUDY, 1, update)).toMatchObject({ ok: true });
    trio[2]!.socket.emit('leave', { study: STUDY });
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'abandoned' });
    expect(await joinAgain(0, hash)).toEqual({ ok: true, committedRounds: 0, done: false });
    expect(await server.training.rounds(STUDY)).toMatchObject({ state: 'waiting', usedUp: 0 });
  });

  it('[R25] are believed when they say that they have, whatever was lost here', async () => {
    const hash = await start(once);
    const { trio } = await invitedTrio(hash);
    const message = { study: STUDY, round: 1, code: 'PARTICIPATION_USED' };
    expect(await trio[0]!.request('decline', message)).toEqual({ ok: true });
    expect(await joinAgain(0, hash)).toMatchObject({ usedUp: true });
    expect(await server.training.rounds(STUDY)).toMatchObject({ usedUp: 1 });
  });

  it('[R25] rest between rounds where they may contribute to several', async () => {
    const hash = await start({ ...once, rounds: 5, participation: { atMost: 2, spacing: 2 } });
    const { trio } = await invitedTrio(hash);
    for (const client of trio) await client.update(STUDY, 1, [0, 0, 0]);
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed' });
    // Nobody is left for round 2, without which round 3 does not come.
    expect(await server.training.rounds(STUDY)).toMatchObject({ state: 'exhausted', waiting: 0, usedUp: 0 });
    expect(await joinAgain(0, hash)).toEqual({ ok: true, committedRounds: 1, done: false });
    const others = await Promise.all(
      ['d', 'e', 'f'].map(async (name) => {
        const client = connect();
        await client.join(await server.token(STUDY, `participant-${name}`, 'north'), hash);
        return client;
      }),
    );
    for (const client of others) expect(await client.next('round')).toMatchObject({ round: 2 });
    for (const client of others) await client.update(STUDY, 2, [0, 0, 0]);
    for (const client of trio.slice(1)) expect(await client.next('round')).toMatchObject({ round: 3 });
  });
});

describe('a store that fails', () => {
  it('[R2] [R13] is asked once for the end of a round and the number of the next', async () => {
    const writes: string[] = [];
    const counted = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'openRound' || name === 'endRound') writes.push(name);
          return Reflect.apply(value, target, args);
        };
      },
    });
    const hash = await start(siteTask(), counted);
    const { trio } = await invitedTrio(hash);
    await Promise.all(trio.map((client) => client.update(STUDY, 1, grid(1, 0, 0))));
    expect(await trio[0]!.next('round')).toMatchObject({ round: 2, modelRound: 1 });
    expect(writes).toEqual(['openRound', 'endRound']);
    expect(await store.readRounds(STUDY)).toMatchObject([{ state: 'committed' }, { round: 2, state: 'open' }]);
  });

  it('[R13] abandons a round whose outcome was not written, and goes on', async () => {
    const faulty = faultyStore(store);
    const hash = await start(siteTask(), faulty.store);
    const { trio } = await invitedTrio(hash);
    faulty.fail('endRound', 'before');
    await Promise.all(trio.map((client) => client.update(STUDY, 1, grid(1, 0, 0))));
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'abandoned', committedRounds: 0 });
    expect(await store.latestModel(STUDY)).toBeNull();
    clock.advance(BACKOFF_MS.first);
    expect(modelOf(await trio[0]!.next('round'))).toEqual([0, 0, 0]);
    expect(await store.readRounds(STUDY)).toMatchObject([{ state: 'abandoned' }, { round: 2, state: 'open' }]);
    await Promise.all(trio.map((client) => client.update(STUDY, 2, grid(1, 0, 0))));
    expect(await trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed', committedRounds: 1 });
  });

  it('[R13] asks how a round ended where the confirmation was lost, until it knows', async () => {
    const faulty = faultyStore(store);
    const hash = await start(siteTask(), faulty.store);
    const { trio } = await invitedTrio(hash);
    faulty.fail('endRound', 'after');
    faulty.fail('readRounds', 'before');
    await Promise.all(trio.map((client) => client.update(STUDY, 1, grid(1, 0, 0))));
    // The first question fails as well; the next is put when its timer runs, which this waits for.
    const ended = trio[0]!.next('round-ended');
    const moving = setInterval(() => clock.advance(100), 5);
    expect(await ended).toMatchObject({ outcome: 'committed', committedRounds: 1 });
    clearInterval(moving);
    expect(modelOf(await trio[0]!.next('round'))).toEqual([1, 0, 0]);
  });

  it('[R2] invites nobody to a round whose number could not be written', async () => {
    const faulty = faultyStore(store);
    const hash = await start(siteTask(), faulty.store);
    faulty.fail('openRound', 'before');
    const trio = [await joined(0, hash), await joined(1, hash), await joined(2, hash)];
    const invited = trio[0]!.next('round');
    const moving = setInterval(() => clock.advance(100), 5);
    expect(await invited).toMatchObject({ round: 2 });
    clearInterval(moving);
    expect(trio[1]!.count('round')).toBeLessThanOrEqual(1);
    expect(await store.readRounds(STUDY)).toMatchObject([{ round: 2 }]);
  });
});

describe('a coordinator that stops', () => {
  it('[R15] resumes from the last committed round, and abandons the one that was open', async () => {
    const hash = await start(siteTask());
    const { trio } = await invitedTrio(hash);
    await Promise.all(
      trio.map((client) =>
        client.update(
          STUDY,
          1,
          grid(1, 0.5, 0.25).map((v) => v / 2),
        ),
      ),
    );
    await Promise.all(trio.map((client) => client.next('round')));
    await trio[0]!.update(STUDY, 2, grid(1, 0, 0));
    await server.close();
    await start(siteTask());
    expect(await server.training.rounds(STUDY)).toMatchObject({
      committedRounds: 1,
      rounds: [{ state: 'committed' }, { state: 'abandoned', reason: 'coordinator restarted' }],
    });
    const { round } = await invitedTrio(hash);
    expect(round).toMatchObject({ round: 3, kind: 'train', modelRound: 1 });
    expect(modelOf(round)).toEqual([0.5, 0.25, 0.125]);
  });

  it('[T4] [R15] takes up what the rule of the server remembers, and ends where it would have without a restart', async () => {
    const server4: TrainingTask['algorithm'] = { server: { rule: 'momentum', momentum: 0.5, learningRate: 2 } };
    const task = siteTask({ rounds: 4, algorithm: server4 });
    const hash = await start(task);
    const { trio } = await invitedTrio(hash);
    await Promise.all(trio.map((client) => client.update(STUDY, 1, grid(0.5, 0, -0.25))));
    await Promise.all(trio.map((client) => client.next('round')));
    const first = { modelRound: 1, parameters: Float32Array.of(1, 0, -0.5), optimizer: Float32Array.of(0.5, 0, -0.25) };
    expect(await store.latestModel(STUDY)).toMatchObject(first);
    await trio[0]!.update(STUDY, 2, grid(1, 0, 0));
    await server.close();
    await start(task);
    const again = await invitedTrio(hash);
    expect(modelOf(again.round)).toEqual([1, 0, -0.5]);
    await Promise.all(again.trio.map((client) => client.update(STUDY, 3, grid(0.25, 0.5, 0))));
    await Promise.all(again.trio.map((client) => client.next('round-ended')));
    // m = .5 x (.5, 0, -.25) + (.25, .5, 0); the model moves by twice that.
    const second = {
      modelRound: 2,
      parameters: Float32Array.of(2, 1, -0.75),
      optimizer: Float32Array.of(0.5, 0.5, -0.125),
    };
    expect(await store.latestModel(STUDY)).toMatchObject(second);
  });

  it('[T6] [R15] tells each round its clipping norm, which follows the updates and outlives a restart', async () => {
    const adaptiveClipping = { quantile: 0.5, learningRate: 1, minimum: 0.1, maximum: 1.5, indicatorShare: 0.5 };
    const task = siteTask({ rounds: 4, adaptiveClipping });
    const hash = await start(task);
    const { trio, round } = await invitedTrio(hash);
    expect(round.clippingNorm).toBe(1);
    const short = await trio[0]!.update(STUDY, 1, grid(0.5, 0, -0.25));
    expect(short).toEqual(refusal('UPDATE_SHAPE'));
    // Two within the norm, one clipped: with half of the charge, the indicator is as large as a clipping norm.
    const sent = [1, 1, -1].map((indicator) => grid(0.5, 0, -0.25, indicator));
    await Promise.all(trio.map((client, i) => client.update(STUDY, 1, sent[i]!)));
    const [second] = await Promise.all(trio.map((client) => client.next('round')));
    const norm = Math.fround(Math.exp(-(2 / 3 - 0.5)));
    expect(second!.clippingNorm).toBeCloseTo(norm, 6);
    expect(modelOf(second!)).toEqual([0.5, 0, -0.25]);
    expect((await server.training.rounds(STUDY)).clippingNorm).toBe(second!.clippingNorm);
    await server.close();
    await start(task);
    const again = await invitedTrio(hash);
    expect(again.round.clippingNorm).toBe(second!.clippingNorm);
    await Promise.all(again.trio.map((client) => client.update(STUDY, again.round.round, grid(1, 0, 0, -1))));
    const [evaluation] = await Promise.all(again.trio.map((client) => client.next('round')));
    expect(evaluation).toMatchObject({ kind: 'evaluate' });
    expect(evaluation).not.toHaveProperty('clippingNorm');
    expect(modelOf(evaluation!)[0]).toBeCloseTo(0.5 + norm, 6);
    // All were clipped: up by exp(.5), as far as the bound allows.
    expect((await server.training.rounds(STUDY)).clippingNorm).toBeCloseTo(Math.min(1.5, norm * Math.exp(0.5)), 6);
  });

  it('[T4] does not go on from a model that lacks what the rule of the server remembers', async () => {
    const task = siteTask({ algorithm: { server: { rule: 'momentum', momentum: 0.5, learningRate: 1 } } });
    const hash = await start(task);
    const { trio } = await invitedTrio(hash);
    await Promise.all(trio.map((client) => client.update(STUDY, 1, grid(0.5, 0, 0))));
    await Promise.all(trio.map((client) => client.next('round-ended')));
    await server.close();
    const forgetful = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== 'latestModel') return typeof value === 'function' ? value.bind(target) : value;
        return async (study: string) => {
          const { optimizer: _, ...rest } = (await target.latestModel(study))!;
          return rest;
        };
      },
    });
    await expect(start(task, forgetful)).rejects.toThrow(/lacks what the server remembers/);
  });
});
