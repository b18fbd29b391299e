import { manifestHash, PLAIN_FORMAT, type UpdateFormat, updateFormat } from '@chorale/protocol';
import { Crowd } from './clients/crowd.ts';
import type { BenchOptions } from './options.ts';
import { megabytes } from './print.ts';
import type { FloorConfig } from './servers/round-floor.ts';
import { type ServerProcess, startCoordinatorServer, startFloorServer } from './servers/server-process.ts';
import { signTokens } from './sign-tokens.ts';
import { benchStudy } from './training-study.ts';

/** `bits` are those of a parameter in an update that the coordinator is sent; those of the floors have 32 and 64. */
type Shape = { parameters: number; clients: number; bits: UpdateFormat['bits'] };
type Cost = { cpuMs: number; peakRssBytes: number; waits: number };

/** Times that each of the servers is measured, in turn: other work on the machine disturbs them alike. */
const REPEATS = 3;

/** Coordinates that are summed before the first round that is measured, when code is compiled, and in those that are. */
const COORDINATES = 1e8;

/**
 * What does a round cost the server, next to a bare socket.io program that only sends the model and adds vectors up, of
 * 32-bit floats or of doubles? Each in a process of its own, with as many clients, in turn.
 */
export async function benchServerCost(options: BenchOptions): Promise<void> {
  if (options.rounds !== null) return benchMemory(options.rounds);
  console.log('server CPU a round, over loopback, without the clients');
  console.log(
    'parameters  clients  bits     float32     float64   coordinator   ratios to both   peak RSS of the three   waits',
  );
  for (const parameters of options.parameters ?? [10_000, 100_000, 1_000_000]) {
    for (const clients of options.clients ?? [10, 50, 100]) {
      for (const bits of options.bits === null ? ([32, 8] as const) : [options.bits]) {
        const shape = { parameters, clients, bits };
        printCost(shape, await compare(shape, options));
      }
    }
  }
}

type Comparison = { float32: Cost; float64: Cost; ours: Cost };

/** The three whose ratio, to the floor with 32-bit floats, is in the middle. */
async function compare(shape: Shape, options: BenchOptions): Promise<Comparison> {
  const rounds = planRounds(shape);
  const costs: Comparison[] = [];
  for (let i = 0; i < REPEATS; i += 1) {
    costs.push({
      float32: await floorCost(shape, rounds, 'float32'),
      float64: await floorCost(shape, rounds, 'float64'),
      ours: await coordinatorCost(shape, rounds, options),
    });
  }
  const ratio = ({ float32, ours }: Comparison): number => ours.cpuMs / float32.cpuMs;
  return costs.toSorted((a, b) => ratio(a) - ratio(b))[Math.floor(REPEATS / 2)]!;
}

function printCost({ parameters, clients, bits }: Shape, { float32, float64, ours }: Comparison): void {
  const cells = [
    parameters.toLocaleString('en').padStart(10),
    String(clients).padStart(8),
    String(bits).padStart(5),
    `${float32.cpuMs.toFixed(1)} ms`.padStart(11),
    `${float64.cpuMs.toFixed(1)} ms`.padStart(11),
    `${ours.cpuMs.toFixed(1)} ms`.padStart(13),
    (ours.cpuMs / float32.cpuMs).toFixed(2).padStart(9),
    (ours.cpuMs / float64.cpuMs).toFixed(2).padStart(6),
    [float32, float64, ours]
      .map((cost) => megabytes(cost.peakRssBytes))
      .join(', ')
      .padStart(23),
    String(ours.waits).padStart(7),
  ];
  console.log(cells.join(' '));
}

/** Does memory stay where it is over many rounds? */
async function benchMemory(rounds: number): Promise<void> {
  const shape = { parameters: 10_000, clients: 10, bits: 32 } as const;
  const marks = [10, 100, 500, 1000, 2000, 5000].filter((mark) => mark < rounds);
  console.log(`memory of the coordinator over ${rounds} rounds of 10 clients and 10,000 parameters`);
  const { server, crowd } = await startTraining(shape, {
    rounds: rounds + 1,
    holdAt: [...marks, rounds].map((n) => n + 1),
  });
  try {
    for (const mark of [...marks, rounds]) {
      await crowd.held();
      const { rssBytes, peakRssBytes } = await server.restingUsage();
      console.log(
        `after ${String(mark).padStart(5)} rounds: RSS ${megabytes(rssBytes)}, peak ${megabytes(peakRssBytes)}`,
      );
      crowd.release();
    }
  } finally {
    await crowd.stop();
    await server.stop();
  }
}

type Rounds = { warmUp: number; measured: number };

function planRounds({ parameters, clients }: Shape): Rounds {
  const coordinates = parameters * clients;
  return {
    warmUp: Math.max(3, Math.round(COORDINATES / coordinates)),
    measured: Math.max(4, Math.round(COORDINATES / coordinates)),
  };
}

async function floorCost(shape: Shape, rounds: Rounds, floats: FloorConfig['floats']): Promise<Cost> {
  const server = await startFloorServer('rounds', { ...shape, floats });
  const crowd = new Crowd({
    ...crowdOf(shape),
    format: PLAIN_FORMAT,
    holdAt: ends(rounds),
    url: server.url,
    target: floats,
    study: '',
    manifest: '',
    tokens: Array.from({ length: shape.clients }, () => ''),
  });
  return measure(server, crowd, rounds);
}

async function coordinatorCost(shape: Shape, rounds: Rounds, { profile }: BenchOptions): Promise<Cost> {
  const { server, crowd } = await startTraining(shape, { rounds: total(rounds), holdAt: ends(rounds), profile });
  return measure(server, crowd, rounds);
}

async function startTraining(
  shape: Shape,
  { rounds, holdAt, profile = null }: { rounds: number; holdAt: number[]; profile?: string | null },
): Promise<{ server: ServerProcess; crowd: Crowd }> {
  const manifest = benchStudy({ ...shape, bitsPerParameter: shape.bits, rounds });
  const { server, invitations } = await startCoordinatorServer({ manifests: [manifest], profile });
  const crowd = new Crowd({
    ...crowdOf(shape),
    format: updateFormat(manifest.training!),
    holdAt,
    url: server.url,
    target: 'coordinator',
    study: 'bench',
    manifest: await manifestHash(manifest),
    tokens: await signTokens(invitations, { study: 'bench', group: 'a', count: shape.clients }),
  });
  return { server, crowd };
}

function crowdOf({ parameters }: Shape) {
  return { parameters, atOnce: 20, processes: 2 };
}

/** One more than is measured: the last one is begun, and ends nowhere. */
function total({ warmUp, measured }: Rounds): number {
  return warmUp + measured + 1;
}

/** The rounds whose invitation is the start and the end of what is measured. */
function ends({ warmUp, measured }: Rounds): number[] {
  return [warmUp + 1, warmUp + measured + 1];
}

/** From one invitation that all have received to another: whole rounds, and nothing else. */
async function measure(server: ServerProcess, crowd: Crowd, { measured }: Rounds): Promise<Cost> {
  try {
    await crowd.held();
    const before = await server.restingUsage();
    crowd.release();
    await crowd.held();
    const after = await server.restingUsage();
    const { waits } = await crowd.times();
    return { cpuMs: (after.cpuMs - before.cpuMs) / measured, peakRssBytes: after.peakRssBytes, waits };
  } finally {
    await crowd.stop();
    await server.stop();
  }
}
