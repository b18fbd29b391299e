import { Command } from 'commander';
import type { Coordinator } from '../main.ts';
import { readStudyFile } from '../surveys/study-file.ts';
import { parseWholeNumber, UsageError } from './command-errors.ts';
import { defaults } from './defaults.ts';

type Options = { port?: number; host?: string; data?: string; demo?: string; study?: string[] };

/** How long open requests may hold up a stop. */
const DRAIN_MS = 10_000;

/** `chorale start`: runs the coordinator until it is told to stop. */
export function startCommand(): Command {
  return new Command('start')
    .description('run the coordinator')
    .option('--port <PORT>', 'port to listen on; 0 takes a free one (default: PORT, else 8787)', parseWholeNumber)
    .option('--host <HOST>', 'address to listen on; 0.0.0.0 is all (default: HOST, else localhost)')
    .option('--data <DIR>', 'data folder, made when there is none (default: DATA_DIR, else ./data)')
    .option('--demo <DIR>', 'serve the demo in this folder, and invite whoever asks')
    .option('--study <FILE...>', 'publish these studies')
    .action(async ({ study = [], demo, ...options }: Options) => {
      const { port, host, data: dataFolder } = { ...defaults(), ...options };
      if (!(port >= 0 && port <= 65_535)) throw new UsageError(`--port must be in [0, 65535], got ${port}`);
      const manifests = await Promise.all(study.map(readStudyFile));
      // Loaded here, so that the commands that only calculate start at once.
      const [{ pino }, { startCoordinator }] = await Promise.all([import('pino'), import('../main.ts')]);
      const log = pino({ level: process.env['LOG_LEVEL'] ?? 'warn' }, pino.destination({ dest: 2, sync: true }));
      const coordinator = await startCoordinator({ host, port, dataFolder, demoFolder: demo ?? null, manifests, log });
      stopOnSignal(coordinator);
      process.stdout.write(welcome(coordinator.url, demo !== undefined));
    });
}

function welcome(url: string, hasPages: boolean): string {
  const pages: [string, string][] = [
    ['overview', '/'],
    ['survey', '/survey'],
    ['site', '/site'],
    ['results', '/results'],
  ];
  const links = hasPages ? pages : ([['studies', '/api/v1/studies']] satisfies typeof pages);
  return ['Chorale is ready', ...links.map(([name, path]) => `  ${name.padEnd(8)}  ${url}${path}`), ''].join('\n');
}

function stopOnSignal(coordinator: Coordinator): void {
  let isStopping = false;
  const stop = (): void => {
    // A terminal signals the whole group, and parents pass their signal on: the second is the first again.
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    void coordinator.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}
