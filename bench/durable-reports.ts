import { findPostgres, startPostgres } from '@chorale/coordinator/testing';
import type { Manifest } from '@chorale/protocol';
import { pulseStudy } from '../coordinator/testing/pulse-study.ts';
import { Child } from './child.ts';
import type { ReportersConfig } from './clients/report-clients.ts';
import type { BenchOptions } from './options.ts';
import { megabytes } from './print.ts';
import { startCoordinatorServer } from './servers/server-process.ts';
import { signTokens } from './sign-tokens.ts';

const PROGRAM = new URL('./clients/report-clients.ts', import.meta.url);
const SOCKETS = 200;
const WARM_UP = 4000;
const PROCESSES = 2;

/** How many reports a second are checked, made durable and acknowledged, end to end over real sockets? */
export async function benchDurableReports(options: BenchOptions): Promise<void> {
  const count = options.requests ?? 40_000;
  console.log(`durable reports, ${SOCKETS} sockets, one in flight on each, ${count.toLocaleString('en')} reports`);
  await measure('SQLite', { count, databaseUrl: null, profile: options.profile });
  if (options.databaseUrl !== null) {
    await measure('Postgres', { count, databaseUrl: options.databaseUrl, profile: options.profile });
    return;
  }
  const found = findPostgres();
  if ('missing' in found) return console.log(`Postgres   skipped, ${found.missing}`);
  const postgres = await startPostgres();
  try {
    await measure('Postgres', { count, databaseUrl: postgres.databaseUrl, profile: options.profile });
  } finally {
    await postgres.remove();
  }
}

async function measure(
  name: string,
  { count, ...where }: { count: number; databaseUrl: string | null; profile: string | null },
): Promise<void> {
  const manifest = pulseStudy();
  const { server, invitations } = await startCoordinatorServer({ manifests: [manifest], ...where });
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
    const cells = [
      `${Math.round((count / ms) * 1000).toLocaleString('en')} a second`,
      `${((cpuMs / count) * 1000).toFixed(0)} µs of server CPU each (${((cpuMs / ms) * 100).toFixed(0)}% of a core)`,
      `peak RSS ${megabytes(after.peakRssBytes)}`,
    ];
    console.log(`${name.padEnd(10)} ${cells.join(', ')}`);
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
