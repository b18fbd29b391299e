import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  canonicalManifest,
  decodeParameters,
  GRID_STEPS,
  type Manifest,
  manifestHash,
  type RoundMessage,
} from '@chorale/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { Invitations } from '../surveys/invitations.ts';
import { siteTask, trainedManifest } from './testing/study.ts';
import { TrainingTestClient } from './testing/training-client.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const STUDY = 'attrition';
const plain = trainedManifest(siteTask(), STUDY);
const remembering = trainedManifest(
  siteTask({ algorithm: { server: { rule: 'momentum', momentum: 0.5, learningRate: 1 } } }),
  STUDY,
);

let folder: string;
let running: ChildProcess[];
let clients: TrainingTestClient[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorale-kill-'));
  running = [];
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(running.map(kill));
  await rm(folder, { recursive: true });
});

/** The whole program on the data folder, as an operator starts it. */
async function startProgram(manifest: Manifest): Promise<{ program: ChildProcess; url: string }> {
  await writeFile(join(folder, 'study.json'), canonicalManifest(manifest));
  const data = ['--data', join(folder, 'data'), '--study', join(folder, 'study.json')];
  const program = spawn(process.execPath, [PROGRAM, 'start', '--host', '127.0.0.1', '--port', '0', ...data], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LOG_LEVEL: 'error' },
  });
  running.push(program);
  for await (const line of createInterface(program.stdout)) {
    const url = /http:\/\/[^/\s]+/.exec(line)?.[0];
    if (url !== undefined) return { program, url };
  }
  throw new Error('the coordinator ended before it was ready');
}

async function kill(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const exited = once(program, 'exit');
  program.kill('SIGKILL');
  await exited;
}

/** Looks into the data folder of a program that is not running. */
async function withStore<T>(look: (store: SqliteStore) => Promise<T>): Promise<T> {
  const store = await SqliteStore.open(join(folder, 'data'));
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

/** Three sites that join, and the round that they are all invited to. */
async function joinTrio(
  url: string,
  manifest: Manifest,
  invitations: Invitations,
): Promise<{ trio: TrainingTestClient[]; round: RoundMessage }> {
  const hash = await manifestHash(manifest);
  const trio = await Promise.all(
    ['north', 'south', 'west'].map(async (group) => {
      const client = new TrainingTestClient(url);
      clients.push(client);
      const token = await invitations.sign({ study: STUDY, sub: `participant-${group}`, group });
      expect(await client.join(token, hash)).toMatchObject({ ok: true });
      return client;
    }),
  );
  const [round] = await Promise.all(trio.map((client) => client.next('round')));
  return { trio, round: round! };
}

it.each([
  ['model', plain, [0.75, 0, 0], undefined],
  // Momentum: .5, then .5 x .5 + .25.
  ['model, and with what the rule of the server remembers', remembering, [1, 0, 0], Float32Array.of(0.5, 0, 0)],
])(
  '[R15] [T4] a coordinator killed in the middle of a round resumes from the last committed %s',
  async (_, manifest, last, optimizer) => {
    const invitations = new Invitations(await withStore((store) => store.secret('invitation', 32)));
    const before = await startProgram(manifest);
    const { trio } = await joinTrio(before.url, manifest, invitations);
    const update = (clientsOf: TrainingTestClient[], round: number, share: number) =>
      Promise.all(clientsOf.map((client) => client.update(STUDY, round, [share * GRID_STEPS, 0, 0])));
    await update(trio, 1, 0.5);
    await Promise.all(trio.map((client) => client.next('round')));
    expect(await trio[0]!.update(STUDY, 2, [0, GRID_STEPS, 0])).toMatchObject({ ok: true });
    await kill(before.program);

    const after = await startProgram(manifest);
    const resumed = await joinTrio(after.url, manifest, invitations);
    expect(resumed.round).toMatchObject({ round: 3, kind: 'train', modelRound: 1 });
    expect(decodeParameters(new Uint8Array(resumed.round.model!), 3)).toEqual(Float32Array.of(0.5, 0, 0));
    expect(await resumed.trio[0]!.update(STUDY, 2, [0, GRID_STEPS, 0])).toMatchObject({
      error: { code: 'ROUND_CLOSED' },
    });
    await update(resumed.trio, 3, 0.25);
    expect(await resumed.trio[0]!.next('round-ended')).toMatchObject({ outcome: 'committed', committedRounds: 2 });
    await kill(after.program);

    await withStore(async (store) => {
      const model = await store.latestModel(STUDY);
      expect(model).toMatchObject({ modelRound: 2, parameters: Float32Array.from(last) });
      expect(model!.optimizer).toEqual(optimizer);
      const states = (await store.readRounds(STUDY)).map((round) => round.state);
      expect(states.slice(0, 3)).toEqual(['committed', 'abandoned', 'committed']);
    });
  },
);
