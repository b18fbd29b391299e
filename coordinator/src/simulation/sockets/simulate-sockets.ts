import { setTimeout as pause } from 'node:timers/promises';
import { manifestHash, parameterCount } from '@chorale/protocol';
import { pino } from 'pino';
import { type Coordinator, startCoordinator } from '../../main.ts';
import { Invitations } from '../../surveys/invitations.ts';
import { Violations } from '../checker/violations.ts';
import { SimulationRandom } from '../random.ts';
import { checkSimulation, type SimulationOptions } from '../simulation.ts';
import type { SimulationResult } from '../simulation-result.ts';
import { openSimulationStore, type SimulationPlace, temporaryFolder } from '../simulation-store.ts';
import { drawStudy, GROUPS, type SimulatedManifest } from '../study-draw.ts';
import { SocketBooks } from './socket-books.ts';
import { SocketClient, type SocketWorld } from './socket-client.ts';

type Options = Omit<SimulationOptions, 'store'> & { place: SimulationPlace };

/** Real time is dear: rounds are short. */
const COHORT = { selectionTimeoutMs: 100, deadlineMs: 600 } as const;

/** How long a coordinator runs at least, and on average beyond, before it is started anew. */
const RUN_MS = { least: 3000, mean: 6000 } as const;

/** Studies at a time: each has its own clients, all of this process. */
const MOST_STUDIES = 16;

type SocketStudy = { manifest: SimulatedManifest; hash: string; books: SocketBooks; participants: Map<string, string> };

/**
 * The same rounds over real sockets, in real time: a whole coordinator on a port of its own, which is started
 * anew now and then, and clients that do what is drawn from the seed. What happens when is the machine's.
 */
export async function simulateSockets(options: Options): Promise<SimulationResult> {
  checkSimulation(options);
  const startedAt = performance.now();
  const violations = new Violations(() => performance.now() - startedAt);
  const random = new SimulationRandom(options.seed);
  const studies = await drawStudies(options, random, violations);
  const place =
    options.place.databaseUrl === undefined ? { folder: options.place.folder ?? temporaryFolder() } : options.place;
  let url: string | null = null;
  const clients = await createClients(studies, { ...options, place, random, violations, url: () => url });
  for (const client of clients) client.start();
  const invited = (): number => studies.reduce((sum, { books }) => sum + books.invitedRounds, 0);

  let restarts = -1;
  let rounds = { committed: 0, abandoned: 0 };
  while (rounds.committed + rounds.abandoned < options.rounds && violations.count === 0) {
    const coordinator = await start(place, studies);
    ({ url } = coordinator);
    restarts += 1;
    const until =
      performance.now() + (options.faults.has('restarts') ? RUN_MS.least + random.delayMs(RUN_MS.mean) : Infinity);
    while (performance.now() < until && violations.count === 0 && invited() < options.rounds + studies.length) {
      await pause(50);
      options.onProgress?.(Math.min(options.rounds, invited()));
    }
    url = null;
    await coordinator.close();
    for (const client of clients) client.cutOff();
    rounds = await audit(place, studies);
  }
  for (const client of clients) client.stop();
  return {
    ...rounds,
    rounds: rounds.committed + rounds.abandoned,
    violations: violations.count,
    found: violations.kept.map((violation) => ({ lane: 0, ...violation })),
    studies: studies.length,
    events: Object.values(answersOf(studies)).reduce((sum, count) => sum + count, 0),
    restarts,
    restartsDuring: {},
    storeFailures: 0,
    sentAway: 0,
    answers: answersOf(studies),
    simulatedMs: performance.now() - startedAt,
    fingerprint: '',
    laneFingerprints: {},
  };
}

async function drawStudies(
  { studies, clients, dropout, seed }: Options,
  random: SimulationRandom,
  violations: Violations,
): Promise<SocketStudy[]> {
  const tag = Date.now().toString(36);
  return Promise.all(
    Array.from({ length: Math.min(MOST_STUDIES, studies) }, async (_, i) => {
      const drawn = drawStudy(random, {
        id: `sim-${tag}-${seed}-${i}`,
        clients,
        dropout,
        rounds: 10_000,
        mode: 'cohort',
      });
      const cohort = { ...drawn.training.cohort, ...COHORT };
      const manifest = { ...drawn, training: { ...drawn.training, rounds: 10_000, cohort } };
      const participants = new Map(
        Array.from({ length: clients }, (__, p) => [`participant-${String(p).padStart(6, '0')}`, random.pick(GROUPS)]),
      );
      const task = manifest.training;
      const books = new SocketBooks({ task, parameters: parameterCount(task), groups: participants, violations });
      return { manifest, hash: await manifestHash(manifest), books, participants };
    }),
  );
}

async function createClients(
  studies: readonly SocketStudy[],
  options: Options & { random: SimulationRandom; violations: Violations; url: () => string | null },
): Promise<SocketClient[]> {
  const { store, close } = await openSimulationStore(options.place);
  const invitations = new Invitations(await store.secret('invitation', 32).finally(close));
  const { faults, dropout, violations, url, random } = options;
  return Promise.all(
    studies.flatMap(({ manifest, hash, books, participants }) => {
      const world: SocketWorld = { study: { id: manifest.id, hash }, books, violations, faults, dropout, url };
      return Array.from(participants, async ([participant, group]) => {
        const own = random.branch();
        const token = await invitations.sign({ study: manifest.id, sub: participant, group });
        return new SocketClient(world, { participant, token, random: own });
      });
    }),
  );
}

function start({ folder, databaseUrl }: SimulationPlace, studies: readonly SocketStudy[]): Promise<Coordinator> {
  return startCoordinator({
    host: '127.0.0.1',
    port: 0,
    dataFolder: folder ?? temporaryFolder(),
    databaseUrl: databaseUrl ?? null,
    demoFolder: null,
    manifests: studies.map(({ manifest }) => manifest),
    log: pino({ level: 'silent' }),
    rateLimits: { perConnection: 0, perAddress: 0 },
  });
}

/** Reads what a coordinator left behind, and holds it against what the clients know. */
async function audit(
  place: SimulationPlace,
  studies: readonly SocketStudy[],
): Promise<{ committed: number; abandoned: number }> {
  const { store, close } = await openSimulationStore(place);
  try {
    let [committed, abandoned] = [0, 0];
    for (const { manifest, books } of studies) {
      const stored = await store.readRounds(manifest.id);
      books.audit(stored, await store.latestModel(manifest.id));
      committed += stored.filter(({ state }) => state === 'committed').length;
      abandoned += stored.filter(({ state }) => state !== 'committed').length;
    }
    return { committed, abandoned };
  } finally {
    await close();
  }
}

function answersOf(studies: readonly SocketStudy[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [answer, count] of studies.flatMap(({ books }) => Object.entries(books.answers))) {
    total[answer] = (total[answer] ?? 0) + count;
  }
  return total;
}
