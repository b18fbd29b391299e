import { type BenchOptions, parseOptions } from './options.ts';

// `npm run bench`: figures of this machine, side by side in one run; compare ratios, not times.
// Names of parts and flags may follow: `npm run bench -- server-cost --parameters 10000 --clients 10,50`.

/** A part is loaded when its turn comes: what another part needs cannot keep it from running. */
type Part = {
  run: (options: BenchOptions) => Promise<void>;
  /** Only when it is asked for: it takes long, or looks for faults instead of times. */
  onlyByName?: true;
};

const parts: Record<string, Part> = {
  samplers: { run: async () => (await import('./samplers.ts')).benchSamplers() },
  privacy: { run: async () => (await import('./privacy.ts')).benchPrivacy() },
  'local-round': { run: async () => (await import('./local-round.ts')).benchLocalRound() },
  'main-thread': { run: async () => (await import('./main-thread.ts')).benchMainThread() },
  aggregation: { run: async () => (await import('./aggregation.ts')).benchAggregation() },
  storage: { run: async () => (await import('./storage.ts')).benchStorage() },
  rounds: { run: async () => (await import('./rounds.ts')).benchRounds() },
  simulation: { run: async (options) => (await import('./simulation.ts')).benchSimulation(options) },
  waves: { run: async (options) => (await import('./waves.ts')).benchWaves(options) },
  'skewed-sites': { run: async () => (await import('./skewed-sites.ts')).benchSkewedSites() },
  'server-cost': { run: async (options) => (await import('./server-cost.ts')).benchServerCost(options) },
  'many-clients': { run: async (options) => (await import('./many-clients.ts')).benchManyClients(options) },
  'idle-clients': { run: async (options) => (await import('./idle-clients.ts')).benchIdleClients(options) },
  'durable-reports': { run: async (options) => (await import('./durable-reports.ts')).benchDurableReports(options) },
  utility: { run: async () => (await import('./utility.ts')).benchUtility(), onlyByName: true },
  mnist: { run: async () => (await import('./mnist.ts')).benchMnist(), onlyByName: true },
  kill: { run: async (options) => (await import('./kill.ts')).benchKills(options), onlyByName: true },
  'cluster-kill': {
    run: async (options) => (await import('./cluster-kill.ts')).benchClusterKills(options),
    onlyByName: true,
  },
  fuzz: { run: async (options) => (await import('./fuzz.ts')).benchFuzz(options), onlyByName: true },
};

const { parts: asked, options } = parseArguments();
const unknown = asked.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) fail(`no part ${unknown}; there are ${Object.keys(parts).join(', ')}`);
for (const [name, { run, onlyByName }] of Object.entries(parts)) {
  if (asked.length === 0 ? onlyByName : !asked.includes(name)) continue;
  await run(options);
  console.log();
}

function parseArguments(): ReturnType<typeof parseOptions> {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(reason: string): never {
  console.error(`bench: ${reason}`);
  process.exit(2);
}
