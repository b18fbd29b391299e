import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  canonicalManifest,
  GRID_STEPS,
  type Manifest,
  manifestHash,
  parseManifest,
  PROTOCOL_VERSION,
} from '@chorale/protocol';
import { PostgresStore } from '../../src/storage/postgres-store.ts';
import { Invitations } from '../../src/surveys/invitations.ts';
import { ClusterObserver, type Phase } from './cluster-observer.ts';
import { committed, STEP, TrialClient } from './trial-client.ts';
import { TrialNode } from './trial-node.ts';

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

const STUDY = 'cluster-trial';

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
  const observer = await ClusterObserver.watch(databaseUrl, STUDY);
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
