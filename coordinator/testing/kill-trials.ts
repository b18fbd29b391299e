import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Store } from '../src/storage/store.ts';
import { burstModel, type BurstOptions, burstReport, BURST_STUDY } from './burst-options.ts';
import type { PostgresServer } from './postgres-server.ts';
import { openPlace, type StorePlace } from './store-place.ts';

export type KillOptions = {
  place: StorePlace;
  /** Folder for the list of what was acknowledged. */
  folder: string;
  kills: number;
  seed: number;
  /** Killed, too, at some of the moments, and started again. */
  server?: PostgresServer;
  onKill?: (result: KillResult) => void;
};

/** What was found so far: acknowledged reports and rounds, all of them there, and what was there besides. */
export type KillResult = { kills: number; serverKills: number; reports: number; stored: number; rounds: number };

/** Longest time after the first acknowledgement until the kill, in milliseconds. */
const LONGEST_MS = 250;

/**
 * Kills a process that writes into a store, again and again at random moments, and looks into the store
 * after each: every acknowledged report is there once as it was sent, every acknowledged round has its
 * outcome, the latest model is that of the last committed round, and nothing is there twice.
 * @throws Error that says what was lost or doubled
 */
export async function killTrials({ place, folder, kills, seed, server, onKill }: KillOptions): Promise<KillResult> {
  const random = seededRandom(seed);
  const ledger = join(folder, 'ledger');
  appendFileSync(ledger, '');
  const found = new Findings();
  const result: KillResult = { kills: 0, serverKills: 0, reports: 0, stored: 0, rounds: 0 };
  for (let kill = 1; kill <= kills; kill += 1) {
    const burst = await startBurst({ place, ledger, name: `burst-${kill}` });
    await pause(random() * LONGEST_MS);
    if (server !== undefined && random() < 0.4) {
      result.serverKills += 1;
      await server.kill();
      // Half of the time the writer lives on and asks again, else both are gone at once.
      if (random() < 0.5) {
        await server.start();
        await pause(random() * LONGEST_MS);
      }
    }
    await end(burst);
    if (server !== undefined) await server.start();
    const store = await openPlace(place);
    try {
      await found.check(store, readLedger(ledger));
    } finally {
      await store.close();
    }
    if (place.type === 'sqlite') checkIntegrity(place.folder);
    Object.assign(result, { kills: kill, reports: found.reports, stored: found.stored, rounds: found.rounds });
    onKill?.(result);
  }
  return result;
}

/** What is known of the store, so that each look only reads what is new. */
class Findings {
  readonly #names = new Set<string>();
  #sequence = 0;
  reports = 0;
  rounds = 0;

  get stored(): number {
    return this.#names.size;
  }

  async check(store: Store, lines: string[]): Promise<void> {
    await this.#readReports(store);
    const count = await store.countReports(BURST_STUDY);
    require(count === this.stored, `${count} reports are counted, ${this.stored} were read`);
    const of = (kind: string) => lines.filter((one) => one.startsWith(kind)).map((one) => one.slice(kind.length));
    const reports = of('report ');
    const lost = reports.filter((name) => !this.#names.has(name));
    require(lost.length === 0, `acknowledged reports are lost: ${lost.length}, such as ${lost[0]}`);
    await checkRounds(store, { opened: of('open ').map(Number), committed: of('committed ').map(Number) });
    this.reports = reports.length;
    this.rounds = of('committed ').length;
    await store.ready();
  }

  async #readReports(store: Store): Promise<void> {
    for (;;) {
      const page = await store.readReports(BURST_STUDY, { after: this.#sequence, limit: 2000 });
      for (const { sequence, participant, text } of page) {
        require(sequence > this.#sequence, `sequence ${sequence} follows ${this.#sequence}`);
        require(!this.#names.has(participant), `a report of ${participant} is there twice`);
        require(text === burstReport(participant).text, `the report of ${participant} was changed`);
        this.#names.add(participant);
        this.#sequence = sequence;
      }
      if (page.length === 0) return;
    }
  }
}

async function checkRounds(store: Store, known: { opened: number[]; committed: number[] }): Promise<void> {
  const rounds = await store.readRounds(BURST_STUDY);
  const states = new Map(rounds.map(({ round, state }) => [round, state]));
  require(states.size === rounds.length, 'a round is there twice');
  for (const round of known.opened) require(states.has(round), `round ${round} was opened and is not there`);
  for (const round of known.committed) {
    require(states.get(round) === 'committed', `round ${round} was committed and is ${states.get(round)}`);
  }
  const committed = rounds.filter(({ state }) => state === 'committed');
  committed.forEach(({ modelRound }, index) => require(modelRound === index, `model ${index} was used twice`));
  const model = await store.latestModel(BURST_STUDY);
  require((model?.modelRound ?? 0) === committed.length, `${committed.length} rounds, but model ${model?.modelRound}`);
  if (model === null) return;
  const wanted = burstModel(committed.length);
  for (const part of ['parameters', 'optimizer'] as const) {
    require(isDeepStrictEqual(model[part], wanted[part]), `the ${part} of a model are a mixture`);
  }
}

function checkIntegrity(folder: string): void {
  const db = new DatabaseSync(join(folder, 'chorale.db'));
  const check = db.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
  db.close();
  require(check === 'ok', `the database is damaged: ${String(check)}`);
}

/** Starts a writer; resolves after its first acknowledgement. */
async function startBurst(options: BurstOptions): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./store-burst.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), exited]);
  require(child.exitCode === null, `the writer ended with code ${child.exitCode}`);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  require(child.exitCode === null && child.signalCode === null, 'the writer ended before it was killed');
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

// The last line may be half of one: the process was killed while it wrote.
function readLedger(path: string): string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

function require(isTrue: boolean, problem: string): asserts isTrue {
  if (!isTrue) throw new Error(problem);
}

/** Numbers in [0, 1) that repeat for the same seed: mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
