import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteStore } from '../coordinator/src/storage/sqlite-store.ts';
import { fuzz, type FuzzResult, storedFaults } from '../coordinator/testing/fuzz/fuzz.ts';
import { fuzzStudies, TRAINERS } from '../coordinator/testing/fuzz/fuzz-studies.ts';
import type { BenchOptions } from './options.ts';
import { megabytes } from './print.ts';
import { type ServerProcess, startCoordinatorServer } from './servers/server-process.ts';
import type { ServerUsage } from './servers/server-usage.ts';

const FRAMES = 1_000_000;
const REQUESTS = 10_000;
const ROUNDS = 50;

/** One that reports, and those that train. */
const HONEST_CONNECTIONS = 1 + TRAINERS;

/**
 * What the coordinator may hold more at the end than after the first stage, both times after a full garbage
 * collection. What V8 holds for itself moves by a few megabytes, so short runs prove little; in a whole one 240
 * bytes that are kept for each connection are found.
 */
const LEAK_BYTES = 4e6;
/** The same for resident memory, which has what is outside of V8 in it, and what V8 keeps free for later. */
const RESIDENT_LEAK_BYTES = 64e6;
/** Longest wait for connections that were left behind: polling ones are given up after their heartbeat. */
const FORGOTTEN_MS = 60_000;

/** Is there any input from the network that stops the coordinator, or that counts though it should not? */
export async function benchFuzz({ frames, requests, seed }: BenchOptions): Promise<void> {
  const wanted = { frames: frames ?? FRAMES, requests: requests ?? REQUESTS };
  console.log(
    `fuzz: ${wanted.frames.toLocaleString('en')} frames and ${wanted.requests.toLocaleString('en')} requests, seed ${seed}`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'chorale-fuzz-'));
  try {
    const { result, faults } = await fuzzProcess(folder, { ...wanted, seed });
    const store = await SqliteStore.open(folder);
    faults.push(...(await storedFaults(store, result)));
    await store.close();
    console.log(`  ${result.reports.length} honest reports, ${ROUNDS} honest rounds: ${faults.length} faults`);
    for (const fault of faults) console.log(`  FAULT: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fuzzProcess(
  dataFolder: string,
  options: { frames: number; requests: number; seed: number },
): Promise<{ result: FuzzResult; faults: string[] }> {
  const studies = fuzzStudies({ rounds: ROUNDS });
  const { server, invitations } = await startCoordinatorServer({
    manifests: Object.values(studies),
    dataFolder,
    // Else most of what is sent would be refused before it is looked at.
    rateLimits: false,
    execArgv: ['--expose-gc'],
  });
  try {
    const { pid } = server.child;
    const started = performance.now();
    const sign: typeof invitations.sign = (claims) => invitations.sign(claims);
    const rests: Rest[] = [];
    const onRest = async (share: number): Promise<void> => {
      await connectionsAreGone(server.url, HONEST_CONNECTIONS);
      rests.push({ share, ...(await server.collectedUsage()) });
    };
    const onProgress = reporter();
    const result = await fuzz({
      ...options,
      url: server.url,
      studies,
      sign,
      reports: 100,
      atOnce: 10,
      onProgress,
      onRest,
    });
    const seconds = (performance.now() - started) / 1000;
    const statuses = [...result.statuses].toSorted(([a], [b]) => Number(a) - Number(b));
    console.log(`  ${result.connections.toLocaleString('en')} connections, ${seconds.toFixed(0)} s`);
    console.log(`  answers: ${statuses.map(([status, count]) => `${status ?? 'none'} ${count}`).join(', ')}`);
    for (const { share, heldBytes, rssBytes } of rests) {
      console.log(`  after ${share * 100}%: ${megabytes(heldBytes)} held, RSS ${megabytes(rssBytes)}`);
    }
    const faults = [...leaks(rests), ...(await livingFaults(server, pid))];
    for (const [status, count] of statuses) {
      if (status === 500) faults.push(`${count} requests were answered with 500`);
    }
    return { result, faults };
  } catch (error) {
    console.error(server.child.lines.join('').slice(-4000));
    throw error;
  } finally {
    await server.stop();
  }
}

type Rest = ServerUsage & { share: number };

function leaks(rests: readonly Rest[]): string[] {
  const [first, last] = [rests[0]!, rests.at(-1)!];
  const faults: string[] = [];
  const held = last.heldBytes - first.heldBytes;
  if (held > LEAK_BYTES) faults.push(`${megabytes(held)} are held since ${first.share * 100}%`);
  const resident = last.rssBytes - first.rssBytes;
  if (resident > RESIDENT_LEAK_BYTES) faults.push(`RSS grew by ${megabytes(resident)} since ${first.share * 100}%`);
  return faults;
}

/** Waits until nobody else is connected. @throws Error when some connections are never forgotten. */
async function connectionsAreGone(url: string, honest: number): Promise<void> {
  const deadline = performance.now() + FORGOTTEN_MS;
  for (;;) {
    const metrics = await (await fetch(new URL('/metrics', url))).text();
    const open = Number(/^chorale_connections (\d+)$/m.exec(metrics)?.[1]);
    if (open <= honest) return;
    if (performance.now() > deadline) throw new Error(`${open} connections are open, ${honest} should be`);
    await sleep(200);
  }
}

async function livingFaults({ child, url }: ServerProcess, pid: number): Promise<string[]> {
  const faults: string[] = [];
  const response = await fetch(new URL('/healthz', url)).catch(() => null);
  if (response?.status !== 200 || child.hasEnded || child.pid !== pid)
    faults.push('the coordinator does not answer any longer');
  const lines = child.lines.join('').split('\n');
  const errors = lines.filter((line) => line !== '' && !(line.startsWith('{') && Number(JSON.parse(line).level) < 50));
  for (const line of errors.slice(0, 10)) faults.push(`it logged: ${line.slice(0, 500)}`);
  return faults;
}

/** Says how far it is, a line every tenth. */
function reporter(): (share: number) => void {
  let said = 0;
  return (share) => {
    if (share < said + 0.1) return;
    said = Math.floor(share * 10) / 10;
    console.error(`  ${Math.round(said * 100)}%`);
  };
}
