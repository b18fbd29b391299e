import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgres, openPlace, type StorePlace, startPostgres } from '@chorale/coordinator/testing';

const CALLERS = 200;
const SECONDS = 5;
/** Reports in the store that is backed up. */
const BACKUP_REPORTS = 200_000;
const STUDY = 'bench';
const time = '2026-11-01T00:00:00.000Z';

/** How many reports a second become durable, and what a backup of many costs. */
export async function benchStorage(): Promise<void> {
  console.log(`storage: ${CALLERS} callers, each sending one report of 600 bytes after the other`);
  const folder = mkdtempSync(join(tmpdir(), 'chorale-bench-'));
  const found = findPostgres();
  const server = 'missing' in found ? null : await startPostgres();
  try {
    const sqlite: StorePlace = { type: 'sqlite', folder: join(folder, 'data') };
    await writeReports('SqliteStore', sqlite);
    await backUp('SqliteStore', sqlite, ['--data', sqlite.folder], folder);
    if (server === null) return console.log('  PostgresStore: skipped, no Postgres is installed here');
    const { databaseUrl } = server;
    const postgres: StorePlace = { type: 'postgres', databaseUrl, schema: 'public' };
    await writeReports('PostgresStore', postgres);
    await backUp('PostgresStore', postgres, ['--database-url', databaseUrl], folder);
  } finally {
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function writeReports(name: string, place: StorePlace): Promise<void> {
  const store = await openPlace(place);
  await store.putStudy({ id: STUDY, hash: 'h', manifest: '{}', publishedAt: time });
  const end = performance.now() + SECONDS * 1000;
  const slowest: number[] = [];
  const call = async (caller: number): Promise<number> => {
    let done = 0;
    for (let before = performance.now(); before < end; done += 1) {
      await store.addReport(reportOf(`caller-${caller}-${done}`));
      const after = performance.now();
      slowest.push(after - before);
      before = after;
    }
    return done;
  };
  const counts = await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));
  await store.close();
  const all = counts.reduce((sum, count) => sum + count, 0);
  slowest.sort((a, b) => a - b);
  const p99 = slowest[Math.floor(slowest.length * 0.99)] ?? 0;
  console.log(`  ${name}: ${Math.round(all / SECONDS)} durable reports a second, 99% within ${p99.toFixed(1)} ms`);
}

async function backUp(name: string, place: StorePlace, flags: string[], folder: string): Promise<void> {
  const store = await openPlace(place);
  const present = await store.countReports(STUDY);
  for (let first = present; first < BACKUP_REPORTS; first += 5000) {
    const due = Math.min(5000, BACKUP_REPORTS - first);
    await Promise.all(Array.from({ length: due }, (_, i) => store.addReport(reportOf(`more-${first + i}`))));
  }
  const reports = await store.countReports(STUDY);
  await store.close();
  const file = join(folder, `${place.type}.gz`);
  const backup = await measured(['backup', ...flags, '--out', file]);
  const restore = await measured(['restore', '--data', join(folder, `${place.type}-copy`), '--from', file]);
  console.log(
    `  ${name}: backup of ${reports} reports: ${describe(backup)}, ${mebibytes(statSync(file).size)} on disk`,
  );
  console.log(`  ${name}: its restore into a folder: ${describe(restore)}`);
}

type Cost = { seconds: number; peakBytes: number };

/** Runs the command in a process of its own, which tells its largest resident memory at its end. */
async function measured(args: string[]): Promise<Cost> {
  const program = new URL('../coordinator/bin/chorale.mjs', import.meta.url);
  const tell = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`;
  const before = performance.now();
  const preload = `data:text/javascript,${encodeURIComponent(tell)}`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', preload, program.pathname, ...args]);
  const kibibytes = Number(/peak (\d+)/.exec(stderr)?.[1]);
  return { seconds: (performance.now() - before) / 1000, peakBytes: kibibytes * 1024 };
}

function reportOf(participant: string) {
  const text = `${participant} `.padEnd(600, '{"question":"workload","letter":3}');
  return { study: STUDY, participant, group: 'sales', text, receivedAt: time };
}

function describe({ seconds, peakBytes }: Cost): string {
  return `${seconds.toFixed(1)} s, at most ${mebibytes(peakBytes)} of memory`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
