import { Command } from 'commander';
import type { Logger } from 'pino';
import type { Coordinator } from '../main.ts';
import { readStudyFile } from '../surveys/study-file.ts';
import { withSettings } from './setting.ts';
import { readStartSettings, type StartFlags, startSettings } from './start-settings.ts';

type Options = { demo?: string; study?: string[] };

/** How much longer than its rounds a stop may take. */
const CLOSE_MS = 10_000;

/** Characters of the log that may wait until it can be written again; later ones are left out. */
const LOG_WAITING_LENGTH = 1_000_000;

/** A signal that follows so soon is the first again: a terminal signals the whole group, parents pass theirs on. */
const ECHO_MS = 1000;

/** `chorale start`: runs the coordinator until it is told to stop. */
export function startCommand(): Command {
  const command = new Command('start').description('run the coordinator');
  withSettings(command, startSettings)
    .option('--demo <DIR>', 'serve the demo in this folder, and invite whoever asks')
    .option('--study <FILE...>', 'publish these studies');
  return command.action(async ({ demo, study = [], ...flags }: Options & StartFlags) => {
    const settings = readStartSettings(flags, process.env);
    const {
      data: dataFolder,
      sdk: sdkFolder,
      logLevel,
      drainTimeoutMs,
      connectionRate,
      addressRate,
      polling,
      ...rest
    } = settings;
    const manifests = await Promise.all(study.map(readStudyFile));
    // Loaded here, so that the commands that only calculate start at once.
    const [{ pino }, { startCoordinator }] = await Promise.all([import('pino'), import('../main.ts')]);
    const logFile = pino.destination({ dest: 2, sync: true, maxLength: LOG_WAITING_LENGTH });
    // Such as a disk that is full: a line that cannot be written must not end what serves.
    logFile.on('error', () => {});
    const log = pino({ level: logLevel }, logFile);
    const coordinator = await startCoordinator({
      ...rest,
      dataFolder,
      demoFolder: demo ?? null,
      sdkFolder,
      manifests,
      log,
      rateLimits: { perConnection: connectionRate, perAddress: addressRate },
      // Requests of one client would reach different nodes.
      polling: polling ?? settings.databaseUrl === null,
      // Nothing that it still answers could be trusted; whoever watches over it starts it again.
      onLost: () => process.exit(1),
    });
    stopOnSignal(coordinator, drainTimeoutMs, log);
    process.stdout.write(welcome(coordinator, demo !== undefined));
  });
}

function welcome({ url, demoPersons }: Coordinator, hasPages: boolean): string {
  const pages: [string, string][] = [
    ['overview', '/'],
    ['survey', '/survey'],
    ['site', '/site'],
    ['results', '/results'],
  ];
  const links = hasPages ? pages : ([['studies', '/api/v1/studies']] satisfies typeof pages);
  const lines = links.map(([name, path]) => `  ${name.padEnd(8)}  ${url}${path}`);
  // In the fragment, which browsers send to nobody; on the terminal of whoever started this, and in no log.
  const signIn = demoPersons.map(({ name, role, token }) => {
    const page = role === 'officer' ? 'officer' : 'studio';
    return `  ${page.padEnd(8)}  ${url}/${page}#token=${token}  signs in as ${name}`;
  });
  return ['Chorale is ready', ...lines, ...signIn, ''].join('\n');
}

function stopOnSignal(coordinator: Coordinator, drainTimeoutMs: number, log: Logger): void {
  let stoppedAt: number | null = null;
  const stop = (): void => {
    if (stoppedAt !== null) {
      if (performance.now() - stoppedAt > ECHO_MS) process.exit(1);
      return;
    }
    stoppedAt = performance.now();
    setTimeout(() => process.exit(1), drainTimeoutMs + CLOSE_MS).unref();
    coordinator.drain(drainTimeoutMs).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the end was not orderly');
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
}
