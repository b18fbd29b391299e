import { decodeParameters, encodeIntegers, GRID_STEPS, manifestHash, type TrainingTask } from '@chorale/protocol';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { platformTimers } from '../rounds/scheduler.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';
import { startTrainingServer, type TrainingServer } from '../rounds/testing/training-server.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { Cluster } from './cluster.ts';

const STUDY = 'attrition';
const GROUPS = ['north', 'south', 'west'];
const log = pino({ level: 'silent' });
const grid = (...shares: number[]): number[] => shares.map((share) => share * GRID_STEPS);
const refusal = (code: string) => expect.objectContaining({ ok: false, error: expect.objectContaining({ code }) });

type Node = { server: TrainingServer; cluster: Cluster; store: PostgresStore; hash: string; die(): Promise<void> };

/** Nodes over a schema of their own: real connections to one Postgres, real sockets to each. */
class Nodes {
  readonly schema = temporarySchema();
  readonly task: TrainingTask;

  constructor(changes: Partial<TrainingTask> = {}) {
    this.task = siteTask(changes);
  }

  async start(): Promise<Node> {
    const databaseUrl = await sharedDatabaseUrl();
    const { schema } = this;
    const manifest = trainedManifest(this.task);
    const store = await PostgresStore.open(databaseUrl, { schema });
    const cluster = await Cluster.open({ databaseUrl, schema, log, onLost: () => {}, watchMs: 50 });
    const server = await startTrainingServer({
      store,
      manifests: [manifest],
      now: Date.now,
      schedule: platformTimers,
      resume: cluster.resume,
    });
    let isDead = false;
    onTestFinished(async () => {
      if (isDead) return;
      await server.close();
      await cluster.close();
      await store.close();
    });
    /** Without a word to anybody, as by `kill -9`. */
    const die = async (): Promise<void> => {
      isDead = true;
      cluster.destroy();
      await server.io.close();
      await store.close();
    };
    return { server, cluster, store, hash: await manifestHash(manifest), die };
  }
}

function connect({ server }: Node): TrainingTestClient {
  const client = new TrainingTestClient(server.url);
  onTestFinished(() => client.close());
  return client;
}

/** A new connection of one of three participants at a node, joined; asks again while the cluster changes hands. */
async function joined(node: Node, index: number): Promise<TrainingTestClient> {
  const client = connect(node);
  const token = await node.server.token(STUDY, `participant-${index}`, GROUPS[index]);
  await expect.poll(() => client.join(token, node.hash), { timeout: 10_000 }).toMatchObject({ ok: true });
  return client;
}

const outcome = (client: TrainingTestClient) => client.next('round-ended');

describe.skipIf(postgresMissing)(`several nodes${postgresMissing}`, () => {
  it('[R16] [R19] sum the updates of one round exactly, wherever they came in', async () => {
    const nodes = new Nodes({ weights: { north: 2, south: 5 } });
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const clients = [await joined(owner, 0), await joined(peer, 1), await joined(peer, 2)];
    for (const client of clients) expect(await client.next('round')).toMatchObject({ round: 1, modelRound: 0 });
    const updates = [grid(1, 0, 0.5), grid(0, -0.5, 0), grid(-1, 0, 0.25)];
    for (const [i, client] of clients.entries()) {
      expect(await client.update(STUDY, 1, updates[i]!)).toEqual({ ok: true, duplicate: false });
    }
    for (const client of clients) {
      expect(await outcome(client)).toMatchObject({ round: 1, outcome: 'committed', committedRounds: 1 });
    }
    const expected = Float32Array.of((2 - 1) / 8, (-0.5 * 5) / 8, (0.5 * 2 + 0.25) / 8);
    const [second] = await Promise.all(clients.map((client) => client.next('round')));
    const third = clients[2]!;
    expect(decodeParameters(new Uint8Array(second!.model!), 3)).toEqual(expected);
    expect(await peer.server.training.model(STUDY, 1)).toEqual(await owner.server.training.model(STUDY, 1));
    expect(await peer.server.training.model(STUDY, 0)).toBeNull();
    const told = await peer.server.training.rounds(STUDY);
    expect(told).toEqual(await owner.server.training.rounds(STUDY));
    expect(told).toMatchObject({ committedRounds: 1, rounds: [{ accepted: 3, dropouts: 0 }, { state: 'reporting' }] });
    expect(await third.request('decline', { study: STUDY, round: 2, code: 'BUDGET_EXCEEDED' })).toMatchObject({
      ok: true,
    });
    expect(await third.update(STUDY, 2, grid(0, 0, 0))).toEqual(refusal('NOT_IN_COHORT'));
  });

  it('[R25] know who has contributed, whichever node took it in and whichever is left', async () => {
    const nodes = new Nodes({
      clients: 'employee',
      privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
    });
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const clients = [await joined(owner, 0), await joined(peer, 1), await joined(peer, 2)];
    for (const client of clients) await client.next('round');
    for (const client of clients) expect(await client.update(STUDY, 1, grid(0, 0, 0))).toMatchObject({ ok: true });
    for (const client of clients) expect(await outcome(client)).toMatchObject({ outcome: 'committed' });
    const again = async (node: Node, index: number) =>
      connect(node).join(await node.server.token(STUDY, `participant-${index}`, GROUPS[index]), node.hash);
    const usedUp = { ok: true, committedRounds: 1, done: false, usedUp: true };
    for (const node of [owner, peer]) expect(await again(node, 0)).toEqual(usedUp);
    const standing = { state: 'exhausted', usedUp: 3, waiting: 0 };
    for (const { server } of [owner, peer]) expect(await server.training.rounds(STUDY)).toMatchObject(standing);
    await owner.die();
    await expect.poll(() => again(peer, 1), { timeout: 10_000 }).toEqual(usedUp);
    expect(await peer.server.training.rounds(STUDY)).toMatchObject(standing);
  });

  it('[R3] counts a client once that sends to both, and refuses what it must on each', async () => {
    const nodes = new Nodes();
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const [a, b, c] = [await joined(owner, 0), await joined(peer, 1), await joined(peer, 2)] as const;
    await Promise.all([a, b, c].map((client) => client.next('round')));
    expect(await b.update(STUDY, 1, grid(1, 0))).toEqual(refusal('UPDATE_SHAPE'));
    expect(await b.update(STUDY, 1, [2 ** 31 - 1, 0, 0])).toEqual(refusal('UPDATE_OVER_NORM'));
    expect(await b.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: false });
    expect(await b.update(STUDY, 1, grid(0.5, 0, 0))).toEqual({ ok: true, duplicate: true });
    expect(await b.update(STUDY, 1, grid(0, 0.5, 0))).toEqual(refusal('UPDATE_DUPLICATE'));
    // The same bytes to the other node: never acknowledged there, because they are not there.
    const same = encodeIntegers(Int32Array.from(grid(0.5, 0, 0)));
    const elsewhere = { study: STUDY, participant: 'participant-1', client: null, round: 1, update: same };
    await expect(owner.server.training.update(elsewhere)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: expect.any(Number),
    });
    // By HTTP an update may arrive where the client has no connection.
    const update = encodeIntegers(Int32Array.from(grid(0, 0.5, 0)));
    const byHttp = { study: STUDY, participant: 'participant-0', client: null, round: 1, update };
    const twice = [peer.server.training.update(byHttp), peer.server.training.update(byHttp)];
    expect(await Promise.all(twice)).toEqual(expect.arrayContaining([{ duplicate: false }, { duplicate: true }]));
    await expect(peer.server.training.update({ ...byHttp, participant: 'participant-9' })).rejects.toMatchObject({
      code: 'NOT_IN_COHORT',
    });
    expect(await c.update(STUDY, 1, grid(0, 0, 0.75))).toEqual({ ok: true, duplicate: false });
    expect(await outcome(a)).toMatchObject({ outcome: 'committed' });
    expect(await owner.store.latestModel(STUDY)).toMatchObject({
      parameters: Float32Array.of(0.5 / 3, 0.5 / 3, 0.25),
    });
    expect(await c.update(STUDY, 1, grid(0, 0, 0.75))).toEqual({ ok: true, duplicate: true });
    expect(await b.update(STUDY, 1, grid(0, 0, 0))).toEqual(refusal('ROUND_CLOSED'));
  });

  it('[R16] [R19] [R22] weigh updates by staleness and know their repeats, on whichever node they came in', async () => {
    const nodes = new Nodes({
      cohort: { size: 2, quorum: 2, overSelection: 1.5, selectionTimeoutMs: 5000, deadlineMs: 30_000 },
      rounds: 9,
      evaluation: { ...siteTask().evaluation, everyRounds: 9 },
      asynchronous: { maximumStaleness: 2, stalenessExponent: 0.5 },
    });
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const [a, b, c] = [await joined(owner, 0), await joined(peer, 1), await joined(peer, 2)] as const;
    for (const client of [a, b, c]) expect(await client.next('round')).toMatchObject({ round: 1, modelRound: 0 });
    for (const client of [a, b]) expect(await client.update(STUDY, 1, grid(0.5, 0, 0))).toMatchObject({ ok: true });
    for (const client of [a, b]) {
      expect(await outcome(client)).toMatchObject({ round: 1, outcome: 'committed' });
      expect(await client.next('round')).toMatchObject({ round: 2, modelRound: 1 });
    }
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: false });
    expect(await a.update(STUDY, 2, grid(0, 0, 0))).toEqual({ ok: true, duplicate: false });
    expect(await outcome(c)).toMatchObject({ round: 1, outcome: 'committed', committedRounds: 2 });
    expect(await c.next('round')).toMatchObject({ round: 3, modelRound: 2 });
    expect(await c.update(STUDY, 1, grid(0, 1, 0))).toEqual({ ok: true, duplicate: true });
    expect(await c.update(STUDY, 1, grid(1, 0, 0))).toEqual(refusal('UPDATE_DUPLICATE'));
    expect(await owner.store.latestModel(STUDY)).toMatchObject({
      parameters: Float32Array.of(0.5, 724 / (724 + 1024), 0),
    });
    expect(await peer.server.training.rounds(STUDY)).toEqual(await owner.server.training.rounds(STUDY));
  });

  it('[R19] lose with a node what it held, and take the same update again elsewhere', async () => {
    const nodes = new Nodes();
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const clients = [await joined(owner, 0), await joined(owner, 1), await joined(peer, 2)];
    await Promise.all(clients.map((client) => client.next('round')));
    expect(await clients[2]!.update(STUDY, 1, grid(0, 0, 0.75))).toMatchObject({ ok: true });
    expect(await clients[0]!.update(STUDY, 1, grid(0.75, 0, 0))).toMatchObject({ ok: true });
    await peer.die();
    const back = await joined(owner, 2);
    expect(await back.next('round')).toMatchObject({ round: 1 });
    await expect.poll(() => back.update(STUDY, 1, grid(0, 0, 0.75)), { timeout: 10_000 }).toMatchObject({ ok: true });
    expect(await clients[1]!.update(STUDY, 1, grid(0, 0.75, 0))).toMatchObject({ ok: true });
    expect(await outcome(back)).toMatchObject({ outcome: 'committed' });
    expect(await owner.store.latestModel(STUDY)).toMatchObject({ parameters: Float32Array.of(0.25, 0.25, 0.25) });
  });

  it('[R15] [R19] take over from an owner that is gone, from the last committed round', async () => {
    const nodes = new Nodes();
    const [owner, peer] = [await nodes.start(), await nodes.start()];
    const clients = [await joined(owner, 0), await joined(peer, 1), await joined(peer, 2)];
    await Promise.all(clients.map((client) => client.next('round')));
    for (const client of clients) await client.update(STUDY, 1, grid(0.5, 0, 0));
    for (const client of clients) await outcome(client);
    await Promise.all(clients.map((client) => client.next('round')));
    expect(await clients[1]!.update(STUDY, 2, grid(0, 0.5, 0))).toMatchObject({ ok: true });
    await owner.die();
    clients[0] = await joined(peer, 0);
    // Whoever stayed connected to the other node need not do anything.
    const third = await Promise.all(clients.map((client) => client.next('round')));
    expect(third).toMatchObject(Array.from({ length: 3 }, () => ({ round: 3, modelRound: 1 })));
    for (const client of clients) expect(await client.update(STUDY, 3, grid(0, 0, 0.5))).toMatchObject({ ok: true });
    for (const client of clients) expect(await outcome(client)).toMatchObject({ round: 3, outcome: 'committed' });
    expect(await peer.store.latestModel(STUDY)).toMatchObject({
      modelRound: 2,
      parameters: Float32Array.of(0.5, 0, 0.5),
    });
    expect((await peer.store.readRounds(STUDY)).slice(0, 3)).toMatchObject([
      { round: 1, state: 'committed' },
      { round: 2, state: 'abandoned', reason: 'coordinator restarted' },
      { round: 3, state: 'committed' },
    ]);
  });

  it('[R19] start at the same time, and one of them owns the rounds', async () => {
    const nodes = new Nodes();
    const three = await Promise.all([nodes.start(), nodes.start(), nodes.start()]);
    const clients = await Promise.all(three.map((node, index) => joined(node, index)));
    await Promise.all(clients.map((client) => client.next('round')));
    for (const client of clients) expect(await client.update(STUDY, 1, grid(0.25, 0, 0))).toMatchObject({ ok: true });
    for (const client of clients) expect(await outcome(client)).toMatchObject({ outcome: 'committed' });
  });
});
