import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import type { SimulationOptions } from '../simulation/simulation.ts';
import type { SimulationResult } from '../simulation/simulation-result.ts';
import type { Mode } from '../simulation/study-draw.ts';
import { calculate, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Options = {
  clients: number;
  rounds: number;
  dropout: number;
  seed?: number;
  studies?: number;
  mode?: Mode;
  faults: string;
  store?: string;
  databaseUrl?: string;
  sockets?: true;
  threads?: number;
  lane?: number;
  trace?: true;
  json?: true;
};

/** Studies at a time: enough to share each flush to the disk, and each with rounds enough to be a story. */
const MOST_STUDIES = 64;
const ROUNDS_PER_STUDY = 20;

/** Largest seed that is drawn where none is given. */
const SEEDS = 2 ** 32;

/** How often progress is told, in milliseconds: on a line that is written over, or on one after the other. */
const PROGRESS_MS = { terminal: 200, file: 5000 } as const;

/** `chorale simulate`: training rounds under faults, each held against the rules. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description(
      'simulate training rounds with faults and hold each against the rules; ends with code 1 where one is broken',
    )
    .option('--clients <N>', 'clients of each study', parseWholeNumber, 10)
    .option('--rounds <R>', 'rounds in all', parseWholeNumber, 1000)
    .option('--dropout <P>', 'share of invited clients that do not contribute, in [0, 1)', parseNumber, 0.1)
    .option('--seed <S>', 'whole number that everything follows from (default: drawn)', parseWholeNumber)
    .option('--studies <K>', 'studies at a time (default: by the rounds)', parseWholeNumber)
    .addOption(
      new Option(
        '--mode <MODE>',
        'rounds of one cohort each, asynchronous ones, or both (default: both; over sockets cohort)',
      ).choices(['cohort', 'asynchronous', 'both']),
    )
    .option('--faults <LIST>', 'all, none, or names with commas between them', 'all')
    .option('--store <DIR>', 'data folder to store in (default: one that is removed afterwards)')
    .option('--database-url <URL>', 'Postgres database to store in, instead of a folder')
    .option('--sockets', 'real sockets and real time: tens of rounds a second')
    .option('--threads <T>', 'threads that share the studies (default: one a core)', parseWholeNumber)
    .option('--lane <L>', 'of the studies at a time, only this one', parseWholeNumber)
    .option('--trace', 'print what happens on stderr; for one lane')
    .option('--json', 'print one JSON object')
    .action(async ({ json, trace, ...given }: Options) => {
      const [{ parseFaults }, { checkSimulation, simulate }, { openSimulationStore }] = await Promise.all([
        import('../simulation/faults.ts'),
        import('../simulation/simulation.ts'),
        import('../simulation/simulation-store.ts'),
      ]);
      if (given.store !== undefined && given.databaseUrl !== undefined) {
        throw new UsageError('give --store or --database-url, not both');
      }
      if (trace && given.lane === undefined) throw new UsageError('--trace needs --lane: traces of several would mix');
      const { clients, rounds, dropout, lane } = given;
      const mode = given.mode ?? (given.sockets ? 'cohort' : 'both');
      if (given.sockets && mode !== 'cohort') throw new UsageError('--sockets has rounds of one cohort only');
      const seed = given.seed ?? randomInt(SEEDS);
      const studies = given.studies ?? Math.max(1, Math.min(MOST_STUDIES, Math.floor(rounds / ROUNDS_PER_STUDY)));
      // Threads of their own would share one folder only by locking it.
      const threads = given.store === undefined ? (given.threads ?? availableParallelism()) : 1;
      const faults = calculate(() => parseFaults(given.faults));
      const settings = { clients, rounds, dropout, seed, studies, mode, faults, lane };
      calculate(() => checkSimulation(settings));
      endOnSignal();
      // Refusals are many and expected, and so are their stacks.
      Error.stackTraceLimit = 0;
      const startedAt = performance.now();
      const line = progressLine(rounds);
      const options: Omit<SimulationOptions, 'store'> = {
        ...settings,
        trace: trace && ((text) => process.stderr.write(`${text}\n`)),
        onProgress: trace ? undefined : line.tell,
      };
      const place = { folder: given.store, databaseUrl: given.databaseUrl };
      let result: SimulationResult;
      if (given.sockets) {
        const { simulateSockets } = await import('../simulation/sockets/simulate-sockets.ts');
        result = await simulateSockets({ ...options, place });
      } else if (lane === undefined && threads > 1) {
        const { simulateInThreads } = await import('../simulation/simulate-in-threads.ts');
        result = await simulateInThreads({ ...settings, place }, { threads, onProgress: options.onProgress });
      } else {
        const { store, close } = await openSimulationStore(place);
        result = await simulate({ ...options, store }).finally(close);
      }
      line.end();
      const seconds = (performance.now() - startedAt) / 1000;
      const again = `chorale simulate --clients ${clients} --rounds ${rounds} --dropout ${dropout} --seed ${seed} --studies ${studies} --mode ${mode} --faults ${given.faults}`;
      report(result, { settings: { ...settings, faults: given.faults }, seconds, json });
      tellViolations(result, given.sockets ? `${again} --sockets` : again);
    });
}

function report(
  { found, restartsDuring, answers, simulatedMs, laneFingerprints: _lanes, ...counts }: SimulationResult,
  { settings, seconds, json }: { settings: object; seconds: number; json: true | undefined },
): void {
  const { lane: _, ...given } = settings as { lane?: number };
  const flat = {
    ...counts,
    roundsPerSecond: Math.round(counts.rounds / seconds),
    seconds: Math.round(seconds * 100) / 100,
    simulatedHours: Math.round(simulatedMs / 36_000) / 100,
  };
  if (json) printJson({ ...given, ...flat, restartsDuring, answers, found });
  else printFields({ ...given, ...flat });
}

/** Says what was broken, and how to see it again. */
function tellViolations({ violations, found }: SimulationResult, again: string): void {
  if (violations === 0) return;
  process.exitCode = 1;
  for (const { lane, rule, message, atMs } of found) {
    process.stderr.write(`chorale: lane ${lane}, ${(atMs / 1000).toFixed(3)} s: ${rule}: ${message}\n`);
  }
  const [first] = found;
  if (first !== undefined) process.stderr.write(`chorale: to see it again: ${again} --lane ${first.lane} --trace\n`);
}

function progressLine(rounds: number): { tell: (done: number) => void; end: () => void } {
  const isTerminal = process.stderr.isTTY;
  let toldAt = performance.now();
  let isOpen = false;
  return {
    tell(done) {
      if (performance.now() - toldAt < (isTerminal ? PROGRESS_MS.terminal : PROGRESS_MS.file)) return;
      toldAt = performance.now();
      isOpen = isTerminal;
      const text = `chorale: ${done.toLocaleString('en')} of ${rounds.toLocaleString('en')} rounds`;
      process.stderr.write(isTerminal ? `\r${text}` : `${text}\n`);
    },
    end() {
      if (isOpen) process.stderr.write('\n');
    },
  };
}

/** Through `exit`, so that what is temporary is removed. */
function endOnSignal(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
