import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import {
  canonicalManifest,
  decodeParameters,
  encodeIntegers,
  GRID_STEPS,
  type Manifest,
  manifestHash,
  parseManifest,
  PROTOCOL_VERSION,
  type ReportReply,
  type RoundEndedMessage,
  type RoundMessage,
} from '@chorale/protocol';
import pg from 'pg';
import { io, type Socket } from 'socket.io-client';
import { PostgresStore } from '../src/storage/postgres-store.ts';
import { Invitations } from '../src/surveys/invitations.ts';

export type ClusterTrialOptions = {
  databaseUrl: string;
  kills: number;
  seed: number;
  nodes?: number;
  clients?: number;
  onKill?: (result: ClusterTrialResult) => void;
};

/** What was killed, and what the clients and the store agree on. */
export type ClusterTrialResult = {
  kills: number;
  ownerKills: number;
  /** Kills by what the study's rounds were at: none open, one that takes updates, one that is being summed up. */
  during: Record<Phase, number>;
  committed: number;
  /** Commitments whose model before and after are known. */
  checked: number;
  /** Commitments whose sum had parts of several nodes. */
  shared: number;
  /** Rounds that came to nothing: each was run again under another number. */
  abandoned: number;
  /** Updates that were sent again, because the node that had accepted them was gone. */
  repeated: number;
};

type Phase = 'pause' | 'reporting' | 'closing';

const PROGRAM = join(import.meta.dirname, '..', 'bin', 'chorale.mjs');
const STUDY = 'cluster-trial';
/** Each client's update is this many grid steps in a coordinate of its own, so a sum tells who is in it. */
const STEP = GRID_STEPS / 2;

/**
 * Kills nodes of a cluster at random moments of its rounds, starts them again, and checks every committed
 * sum: each model is the one before plus the exact mean of as many clients as the round says, each once.
 * @throws Error that says which sum is wrong
 */
export async function clusterTrials(options: ClusterTrialOptions): Promise<ClusterTrialResult> {
  const { databaseUrl, kills, seed, nodes: count = 2, clients: size = 6, onKill } = options;
  const random = seededRandom(seed);
  const folder = mkdtempSync(join(tmpdir(), 'chorale-cluster-'));
  const manifest = trialManifest(size);
  writeFileSync(join(folder, 'study.json'), canonicalManifest(manifest));
  const nodes = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      TrialNode.launch({ folder: join(folder, `node-${i}`), study: join(folder, 'study.json'), databaseUrl }),
    ),
  );
  const store = await PostgresStore.open(databaseUrl);
  const clients: TrialClient[] = [];
  const observer = await ClusterObserver.watch(databaseUrl);
  const during = { pause: 0, reporting: 0, closing: 0 };
  const counts = { kills: 0, ownerKills: 0, committed: 0, checked: 0, shared: 0, abandoned: 0, repeated: 0 };
  const result: ClusterTrialResult = { ...counts, during };
  try {
    const invitations = new Invitations(await store.secret('invitation', 32));
    const hash = await manifestHash(manifest);
    for (let i = 0; i < size; i += 1) {
      const token = await invitations.sign({ study: STUDY, sub: `participant-${i}`, group: 'north' });
      clients.push(
        new TrialClient({ index: i, size, token, manifest: hash, url: () => pick(nodes, random).url, random }),
      );
    }
    for (let kill = 1; kill <= kills; kill += 1) {
      // Whoever had its connection at a killed node has gone to the others since then.
      await Promise.all(clients.map((client) => client.move()));
      await pick(clients, random).next('round');
      const { owner } = await observer.look();
      const victim = pick(nodes, random);
      await momentOf(pick(MOMENTS, random), { client: pick(clients, random), observer, random });
      await victim.stop();
      if (victim.number === owner) result.ownerKills += 1;
      during[(await observer.look()).phase] += 1;
      await victim.start();
      result.kills = kill;
      onKill?.(result);
    }
    // Two more commitments, so that what the last kill left behind comes to its end, and as many as it takes until
    // one has parts of several nodes.
    for (let i = 0; i < 2 || (await observer.shared()) === 0; i += 1) {
      await Promise.all(clients.map((client) => client.move()));
      await committed(clients[0]!);
    }
    const rounds = await store.readRounds(STUDY);
    const latest = await store.latestModel(STUDY);
    const models = new Map(clients.flatMap((client) => [...client.models]));
    for (const client of clients) client.requireSame(models);
    if (latest !== null) models.set(latest.modelRound, latest.parameters);
    const commitments = rounds.filter((r) => r.state === 'committed');
    result.committed = commitments.length;
    result.shared = await observer.shared();
    result.checked = checkSums({ rounds: commitments, models, size });
    result.abandoned = rounds.filter((r) => r.state === 'abandoned').length;
    result.repeated = clients.reduce((sum, { repeated }) => sum + repeated, 0);
    return result;
  } finally {
    for (const client of clients) client.close();
    await Promise.all(nodes.map((node) => node.stop()));
    await observer.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every model is the one before plus the mean of exactly as many whole updates as were accepted. */
function checkSums({
  rounds,
  models,
  size,
}: {
  rounds: { modelRound: number; accepted: number }[];
  models: ReadonlyMap<number, Float32Array>;
  size: number;
}): number {
  let checked = 0;
  for (const { modelRound, accepted } of rounds) {
    const before = models.get(modelRound);
    const after = models.get(modelRound + 1);
    // Nobody was invited to a round from this model, because the coordinator was killed just then.
    if (before === undefined || after === undefined) continue;
    const mean = STEP / accepted / GRID_STEPS;
    let contributors = 0;
    for (let i = 0; i < size; i += 1) {
      const added = after[i] === Math.fround(before[i]! + mean);
      if (added) contributors += 1;
      else if (after[i] !== before[i]) {
        throw new Error(
          `the sum of the round after ${modelRound} is wrong: ${before[i]} became ${after[i]} of ${accepted}`,
        );
      }
    }
    if (contributors !== accepted) {
      throw new Error(`${accepted} were accepted after ${modelRound}, the sum has ${contributors}`);
    }
    checked += 1;
  }
  return checked;
}

/** When a node is killed: at any time of a round, or just when one is being summed up, which is soon over. */
const MOMENTS = ['any', 'closing', 'part'] as const;

async function momentOf(
  moment: (typeof MOMENTS)[number],
  { client, observer, random }: { client: TrialClient; observer: ClusterObserver; random: () => number },
): Promise<void> {
  if (moment === 'any') {
    await client.next('round');
    return pause(random() * 200);
  }
  // Where no other node has a part in a round, none is written.
  await Promise.race([observer.next(moment), pause(2000)]);
}

type TrialClientOptions = {
  index: number;
  size: number;
  token: string;
  manifest: string;
  url: () => string;
  random: () => number;
};

type NodeOptions = { folder: string; study: string; databaseUrl: string };

/** One coordinator process. */
class TrialNode {
  readonly #options: NodeOptions;
  #process: ChildProcess;
  url: string;
  /** Its number among the nodes. */
  number: number;

  private constructor(options: NodeOptions, running: { process: ChildProcess; url: string; number: number }) {
    this.#options = options;
    this.#process = running.process;
    this.url = running.url;
    this.number = running.number;
  }

  static async launch(options: NodeOptions): Promise<TrialNode> {
    return new TrialNode(options, await launch(options));
  }

  /** Starts it again, under another number. */
  async start(): Promise<void> {
    ({ process: this.#process, url: this.url, number: this.number } = await launch(this.#options));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}

async function launch({
  folder,
  study,
  databaseUrl,
}: NodeOptions): Promise<{ process: ChildProcess; url: string; number: number }> {
  const args = ['start', '--host', '127.0.0.1', '--port', '0', '--data', folder, '--study', study];
  const started = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DATABASE_URL: databaseUrl, LOG_LEVEL: 'info' },
  });
  let log = '';
  started.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)));
  for await (const line of createInterface(started.stdout)) {
    const url = /http:\/\/[^/\s]+/.exec(line)?.[0];
    const number = /"node":(\d+)/.exec(log)?.[1];
    if (url !== undefined && number !== undefined) {
      started.stdout.resume();
      return { process: started, url, number: Number(number) };
    }
  }
  throw new Error(`a node ended before it was ready: ${log}`);
}

/** A client that always contributes the same way, keeps what it sent until the round has ended, and goes to any node. */
class TrialClient {
  readonly models = new Map<number, Float32Array>();
  /** Updates that were sent again and were new to the node that got them: the first went down with another. */
  repeated = 0;
  readonly #options: TrialClientOptions;
  readonly #wanted: { event: string; resolve: (message: never) => void }[] = [];
  readonly #accepted = new Set<number>();
  /** What it has sent to a round whose end it has not heard of. */
  #kept: { study: string; round: number; update: Uint8Array } | null = null;
  #socket: Socket;
  #isClosed = false;

  constructor(options: TrialClientOptions) {
    this.#options = options;
    this.#socket = this.#connect();
  }

  next<Message>(event: 'joined' | 'round' | 'round-ended'): Promise<Message> {
    return new Promise((resolve) => this.#wanted.push({ event, resolve }));
  }

  /** Goes to a node at random; resolves once it has a seat there. */
  async move(): Promise<void> {
    const joined = this.next('joined');
    this.#reconnect(this.#socket);
    await joined;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  /** @throws Error when two clients were given different models of one round. */
  requireSame(models: ReadonlyMap<number, Float32Array>): void {
    for (const [round, model] of this.models) {
      if (!Buffer.from(model.buffer).equals(Buffer.from(models.get(round)!.buffer))) {
        throw new Error(`two clients were given different models after ${round} rounds`);
      }
    }
  }

  #connect(): Socket {
    const socket: Socket = io(this.#options.url(), { transports: ['websocket'], forceNew: true, reconnection: false });
    socket.on('connect', () => void this.#join(socket));
    socket.on('connect_error', () => this.#reconnect(socket));
    socket.on('disconnect', () => this.#reconnect(socket));
    socket.on('round', (message: RoundMessage) => void this.#contribute(socket, message));
    socket.on('round-ended', (message: RoundEndedMessage) => {
      this.#heard('round-ended', message);
      if (this.#kept?.round === message.round) this.#kept = null;
    });
    return socket;
  }

  #reconnect(socket: Socket): void {
    socket.removeAllListeners();
    socket.close();
    setTimeout(() => {
      if (!this.#isClosed) this.#socket = this.#connect();
    }, 20);
  }

  async #join(socket: Socket): Promise<void> {
    const { token, manifest } = this.#options;
    const reply = await this.#ask(socket, 'join', { protocol: PROTOCOL_VERSION, token, manifest });
    if (reply !== null && !reply.ok) {
      await pause(reply.error.retryAfterMs ?? 100);
      if (socket.connected) await this.#join(socket);
    } else if (reply !== null) {
      this.#heard('joined', reply);
      if (this.#kept !== null) await this.#send(socket, this.#kept);
    }
  }

  async #contribute(socket: Socket, message: RoundMessage): Promise<void> {
    const { index, size, random } = this.#options;
    const { study, round, modelRound, model } = message;
    this.models.set(modelRound, decodeParameters(new Uint8Array(model!), size + 1));
    this.#heard('round', message);
    const values = new Int32Array(size + 1);
    values[index] = STEP;
    // So that a kill finds some who have contributed and some who have not.
    await pause(random() * 100);
    this.#kept = { study, round, update: encodeIntegers(values) };
    await this.#send(socket, this.#kept);
    // It cannot know whether the answer was lost: what is repeated, perhaps to another node, must not count twice.
    if (socket === this.#socket && random() < 0.3) this.#reconnect(socket);
  }

  async #send(socket: Socket, update: { study: string; round: number; update: Uint8Array }): Promise<void> {
    const { round } = update;
    while (socket.connected) {
      const reply = await this.#ask(socket, 'update', update);
      if (reply?.ok) {
        if (this.#accepted.has(round) && 'duplicate' in reply && !reply.duplicate) this.repeated += 1;
        this.#accepted.add(round);
        return;
      }
      if (reply === null || reply.error.retryAfterMs === undefined) return;
      await pause(reply.error.retryAfterMs / 10);
    }
  }

  async #ask(socket: Socket, event: string, message: object): Promise<ReportReply | null> {
    try {
      return (await socket.timeout(5000).emitWithAck(event, message)) as ReportReply;
    } catch {
      return null;
    }
  }

  #heard(event: string, message: unknown): void {
    for (const wanted of this.#wanted.splice(0)) {
      if (wanted.event === event) wanted.resolve(message as never);
      else this.#wanted.push(wanted);
    }
  }
}

async function committed(client: TrialClient): Promise<void> {
  for (;;) if ((await client.next<RoundEndedMessage>('round-ended')).outcome === 'committed') return;
}

/** Looks at the cluster's tables from outside. */
class ClusterObserver {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Notes from now on which parts of sums are written: the nodes forget them with their round. */
  static async watch(databaseUrl: string): Promise<ClusterObserver> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`
      CREATE TABLE noted_part (round integer, contributions integer);
      CREATE FUNCTION note_part() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO noted_part VALUES (NEW.round, cardinality(NEW.participants));
          NOTIFY cluster_trial, 'part';
          RETURN NULL;
        END $$;
      CREATE FUNCTION note_closing() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          NOTIFY cluster_trial, 'closing';
          RETURN NULL;
        END $$;
      CREATE TRIGGER note_part AFTER INSERT ON partial FOR EACH ROW EXECUTE FUNCTION note_part();
      CREATE TRIGGER note_closing AFTER UPDATE OF closing ON round FOR EACH ROW EXECUTE FUNCTION note_closing();
      LISTEN cluster_trial`);
    return new ClusterObserver(client);
  }

  /** Resolves when a round takes nothing more, or a part of its sum has been written. */
  next(event: 'closing' | 'part'): Promise<void> {
    return new Promise((resolve) => {
      const hear = ({ payload }: pg.Notification): void => {
        if (payload !== event) return;
        this.#client.off('notification', hear);
        resolve();
      };
      this.#client.on('notification', hear);
    });
  }

  async look(): Promise<{ owner: number | null; phase: Phase }> {
    const { rows } = await this.#client.query<{ owner: number | null; closing: boolean | null }>(
      `SELECT owner, closing FROM training LEFT JOIN round ON round.study = training.study AND state = 'open'
       WHERE training.study = $1 ORDER BY round DESC LIMIT 1`,
      [STUDY],
    );
    const { owner = null, closing = null } = rows[0] ?? {};
    return { owner, phase: closing === null ? 'pause' : closing ? 'closing' : 'reporting' };
  }

  /** Committed rounds in which others than the owner had a part; its own part it does not write. */
  async shared(): Promise<number> {
    const { rows } = await this.#client.query<{ shared: number }>(
      `SELECT count(*)::int AS shared FROM round
       JOIN (SELECT round, sum(contributions) AS elsewhere FROM noted_part GROUP BY round) AS parts USING (round)
       WHERE study = $1 AND state = 'committed' AND elsewhere < accepted`,
      [STUDY],
    );
    return rows[0]!.shared;
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}

/** One input more than there are clients would be a bias: as many inputs as clients, and the bias. */
function trialManifest(size: number): Manifest {
  return parseManifest({
    protocol: PROTOCOL_VERSION,
    id: STUDY,
    title: 'Cluster trial',
    simulated: true,
    groups: { attribute: 'site', label: 'Site', values: [{ id: 'north', label: 'North' }] },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.1 },
    training: {
      clients: 'site',
      features: Array.from({ length: size }, (_, i) => ({ type: 'number', column: `x${i}`, minimum: 0, maximum: 1 })),
      label: { column: 'y', positive: 'Yes', negative: 'No' },
      model: { hidden: [], activation: 'relu' },
      rounds: 10_000,
      localEpochs: 1,
      batchSize: null,
      learningRate: 0.1,
      clippingNorm: 1,
      exampleClippingNorm: 1,
      privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
      cohort: { size, quorum: Math.ceil(size / 2), overSelection: 1, selectionTimeoutMs: 100, deadlineMs: 3000 },
      evaluation: { everyRounds: 10_000, holdout: 0.2, seed: 7, bins: 10, noiseMultiplier: 0 },
    },
  });
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)]!;
}

/** Mulberry32: for choosing when to kill, never for noise. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
