import { availableParallelism } from 'node:os';
import { ALL_FAULTS } from '../coordinator/src/simulation/faults.ts';
import { simulateInThreads } from '../coordinator/src/simulation/simulate-in-threads.ts';
import type { BenchOptions } from './options.ts';

/** Rounds of each kind where the command line does not say; `--rounds 100000` is the long run. */
const ROUNDS = 20_000;

/** How many whole rounds a second are simulated on SQLite, each held against the rules after every event? */
export async function benchSimulation({ rounds, clients, seed }: BenchOptions): Promise<void> {
  const count = clients?.[0] ?? 10;
  console.log(`simulated rounds on SQLite, ${count} clients, a tenth of them dropping out, seed ${seed}`);
  console.log('                        rounds   rounds a second   CPU ms a round   events   restarts   violations');
  for (const mode of ['cohort', 'asynchronous'] as const) {
    for (const [name, faults] of [
      ['no faults', []],
      ['all faults', ALL_FAULTS],
    ] as const) {
      const before = process.cpuUsage();
      const started = performance.now();
      const task = {
        clients: count,
        rounds: rounds ?? ROUNDS,
        dropout: 0.1,
        seed,
        studies: 64,
        mode,
        faults: new Set(faults),
        place: {},
      };
      const result = await simulateInThreads(task, { threads: availableParallelism() });
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(before);
      const cells = [
        `${mode} ${name}`.padEnd(24),
        result.rounds.toLocaleString('en').padStart(6),
        Math.round(result.rounds / seconds)
          .toLocaleString('en')
          .padStart(17),
        ((user + system) / 1000 / result.rounds).toFixed(3).padStart(16),
        result.events.toLocaleString('en').padStart(8),
        result.restarts.toLocaleString('en').padStart(10),
        result.violations.toLocaleString('en').padStart(12),
      ];
      console.log(cells.join(' '));
      for (const { lane, rule, message } of result.found) console.log(`  lane ${lane}: ${rule}: ${message}`);
    }
  }
}
