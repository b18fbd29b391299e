import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres, type KillOptions, killTrials, startPostgres } from '@chorale/coordinator/testing';
import type { BenchOptions } from './options.ts';

/** Kills of each kind of store where the command line does not say. */
const KILLS = 200;

/** What does `kill -9` lose? Nothing: the first thing that is lost or doubled ends the run with an error. */
export async function benchKills({ kills, seed }: BenchOptions): Promise<void> {
  const trial = { kills: kills ?? KILLS, seed };
  console.log(`kill: ${trial.kills} kills of a process that writes into each store, seed ${seed}`);
  await inFolder((folder) => report('SqliteStore', { ...trial, folder, place: { type: 'sqlite', folder } }));
  const found = findPostgres();
  if ('missing' in found) return console.log(`  PostgresStore: skipped, ${found.missing}`);
  const server = await startPostgres();
  try {
    const place = { type: 'postgres', databaseUrl: server.databaseUrl, schema: 'burst' } as const;
    await inFolder((folder) => report('PostgresStore', { ...trial, folder, place, server }));
  } finally {
    await server.remove();
  }
}

async function report(name: string, options: KillOptions): Promise<void> {
  const onKill: KillOptions['onKill'] = ({ kills, stored }) => {
    if (kills % 20 === 0) console.error(`  ${name}: ${kills} kills, ${stored} reports`);
  };
  const { kills, serverKills, reports, stored, rounds } = await killTrials({ ...options, onKill });
  const servers = options.server === undefined ? '' : `, ${serverKills} of them with the database server`;
  console.log(`  ${name}: ${kills} kills${servers}`);
  console.log(`    ${reports} acknowledged reports and ${rounds} acknowledged rounds: none lost, none twice`);
  console.log(`    ${stored - reports} reports stored whose acknowledgement was cut off`);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'chorale-kill-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
