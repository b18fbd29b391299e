import { randomBytes } from 'node:crypto';
import { findPostgres, startPostgres } from '@chorale/coordinator/testing';
import type { Manifest } from '@chorale/protocol';
import { Invitations } from '../coordinator/src/surveys/invitations.ts';
import { pulseStudy } from '../coordinator/testing/pulse-study.ts';
import { Child } from './child.ts';
import type { ReportersConfig } from './clients/report-clients.ts';
import type { BenchOptions } from './options.ts';
import { megabytes } from './print.ts';
import { type ServerProcess, startCoordinatorServer, startFloorServer } from './servers/server-process.ts';
import { signTokens } from './sign-tokens.ts';

const PROGRAM = new URL('./clients/report-clients.ts', import.meta.url);
const SOCKETS = 200;
const WARM_UP = 4000;
const PROCESSES = 2;

/**
 * How many reports a second are checked, made durable and acknowledged, end to end over real sockets? Beside a bare
 * socket.io program that acknowledges them at once: what this machine can do just now, with the same clients.
 */
export async function benchDurableReports(options: BenchOptions): Promise<void> {
  const count = options.requests ?? 40_000;
  console.log(`durable reports, ${SOCKETS} sockets, one in flight on each, ${count.toLocaleString('en')} reports`);
  const manifest = pulseStudy();
  const floor = await startFloorServer('reports');
  const bare = await measure('bare', { server: floor, invitations: new Invitations(randomBytes(32)), manifest, count });
  const compare = async (name: string, databaseUrl: string | null): Promise<void> => {
    const coordinator = await startCoordinatorServer({
      manifests: [manifest],
      databaseUrl,
      profile: options.profile,
    });
    await measure(name, { ...coordinator, manifest, count, bare });
  };
  await compare('SQLite', null);
  if (options.databaseUrl !== null) return compare('Postgres', options.databaseUrl);
  const found = findPostgres();
  if ('missing' in found) return console.log(`Postgres   skipped, ${found.missing}`);
  const postgres = await startPostgres();
  try {
    await compare('Postgres', postgres.databaseUrl);
  } finally {
    await postgres.remove();
  }
}

type Measured = {
  server: ServerProcess;
  invitations: Invitations;
  manifest: Manifest;
  count: number;
  /** Reports a second of the bare program. */
  bare?: number;
};

/** @returns reports a second */
async function measure(name: string, { server, invitations, manifest, count, bare }: Measured): Promise<number> {
  const tokens = await signTokens(invitations, { study: manifest.id, group: 'sales', count: count + WARM_UP });
  const reporters = startReporters({ url: server.url, manifest, tokens });
  const all = (message: string, answer: string) =>
    Promise.all(reporters.map((child) => child.ask({ type: message }, answer)));
  try {
    await Promise.all(reporters.map((child) => child.next('prepared')));
    await all('warm-up', 'warm');
    const before = await server.usage();
    const started = performance.now();
    await all('send', 'sent');
    const ms = performance.now() - started;
    const after = await server.usage();
    const cpuMs = after.cpuMs - before.cpuMs;
    const perSecond = (count / ms) * 1000;
    const cells = [
      `${Math.round(perSecond).toLocaleString('en')} a second`,
      ...(bare === undefined ? [] : [`${(perSecond / bare).toFixed(2)} of the bare program`]),
      `${((cpuMs / count) * 1000).toFixed(0)} µs of server CPU each (${((cpuMs / ms) * 100).toFixed(0)}% of a core)`,
      `peak RSS ${megabytes(after.peakRssBytes)}`,
    ];
    console.log(`${name.padEnd(10)} ${cells.join(', ')}`);
    return perSecond;
  } finally {
    await Promise.all(reporters.map((child) => child.stop()));
    await server.stop();
  }
}

function startReporters({ url, manifest, tokens }: { url: string; manifest: Manifest; tokens: string[] }): Child[] {
  const share = Math.ceil(tokens.length / PROCESSES);
  return Array.from({ length: PROCESSES }, (_, i) => {
    const config: ReportersConfig = {
      url,
      manifest,
      tokens: tokens.slice(i * share, (i + 1) * share),
      sockets: SOCKETS / PROCESSES,
      warmUp: WARM_UP / PROCESSES,
    };
    return new Child(PROGRAM, { config });
  });
}
