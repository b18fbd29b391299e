import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, openSync, closeSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { findPostgres, type PostgresPrograms } from './find-postgres.ts';

/** A real Postgres server in a temporary folder, for one user of it. It writes through to the disk. */
export type PostgresServer = {
  databaseUrl: string;
  /** Starts it again unless it runs, on the same data and port; resolves when it answers, after its recovery. */
  start(): Promise<void>;
  /** Ends connections and stops in good order. */
  stop(): Promise<void>;
  /** Kills all of its processes at once, as a power cut would. */
  kill(): Promise<void>;
  /** Stops the server's processes where they are, or lets them go on. */
  freeze(isFrozen: boolean): void;
  /** Kills it and deletes its folder. */
  remove(): Promise<void>;
};

const SETTINGS = { listen_addresses: '127.0.0.1', max_connections: '200', shared_buffers: '64MB' };

/** How long a start with its recovery may take. */
const START_MS = 60_000;

/**
 * Makes a database cluster and starts a server on it. It is gone when it is removed, and when this process
 * ends in whatever way.
 * @throws Error where Postgres cannot be run
 */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = findPostgres();
  if ('missing' in programs) throw new Error(programs.missing);
  const folder = mkdtempSync(join(tmpdir(), 'chorale-postgres-'));
  if (programs.user !== undefined) chownSync(folder, programs.user.uid, programs.user.gid);
  const data = join(folder, 'data');
  // The cluster itself need not survive a power cut before it is first used.
  const init = ['-D', data, '--username=chorale', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await promisify(execFile)(join(programs.folder, 'initdb'), init, { ...programs.user, cwd: folder });

  const port = await freePort();
  const databaseUrl = `postgres://chorale:not-a-secret@127.0.0.1:${port}/postgres`;
  const cleaner = cleanUpAfterwards(folder, programs);
  let server: ChildProcess | null = null;

  const end = async (signal: (running: ChildProcess) => void): Promise<void> => {
    if (!isRunning(server)) return;
    // Until it has ended this process waits for it.
    server.ref();
    const exited = once(server, 'exit');
    signal(server);
    await exited;
  };
  const start = async (): Promise<void> => {
    if (isRunning(server)) return;
    const deadline = Date.now() + START_MS;
    for (;;) {
      server = await launch({ programs, folder, port });
      if (await answers(databaseUrl, { server, deadline })) return;
      const said = readFileSync(join(folder, 'log'), 'utf8').slice(-2000);
      // A process that the killed server had just started is about to notice that it is gone.
      if (Date.now() > deadline || !said.includes('pre-existing shared memory block')) {
        throw new Error(`Postgres did not start:\n${said}`);
      }
      await pause(50);
    }
  };
  const kill = () => end((running) => signalAll(running, 'SIGKILL'));
  const freeze = (isFrozen: boolean): void => {
    if (isRunning(server)) signalAll(server, isFrozen ? 'SIGSTOP' : 'SIGCONT');
  };
  await start();
  return {
    databaseUrl,
    start,
    stop: () => end((running) => running.kill('SIGINT')),
    kill,
    freeze,
    async remove() {
      await kill();
      cleaner.ref();
      const cleaned = once(cleaner, 'exit');
      cleaner.stdin?.end();
      await cleaned;
    },
  };
}

async function launch(options: { programs: PostgresPrograms; folder: string; port: number }): Promise<ChildProcess> {
  const { programs, folder, port } = options;
  const settings = Object.entries({ ...SETTINGS, port, unix_socket_directories: folder });
  const log = openSync(join(folder, 'log'), 'a');
  const server = spawn(
    join(programs.folder, 'postgres'),
    ['-D', join(folder, 'data'), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Detached: a terminal's Ctrl+C is for the tests, which then end the server.
    { ...programs.user, cwd: folder, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  await once(server, 'spawn');
  server.unref();
  return server;
}

/** Waits for the server's first answer; `false` when it ended, or had none by the deadline. */
async function answers(
  databaseUrl: string,
  { server, deadline }: { server: ChildProcess; deadline: number },
): Promise<boolean> {
  while (isRunning(server) && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 1000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await pause(50);
    }
  }
  return false;
}

function isRunning(server: ChildProcess | null): server is ChildProcess {
  return server !== null && server.exitCode === null && server.signalCode === null;
}

function signalAll(server: ChildProcess, signal: NodeJS.Signals): void {
  for (const pid of processesOf(server)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself.
    }
  }
}

/** The server's process and those that it started, as far as the system tells. */
function processesOf({ pid }: ChildProcess): number[] {
  if (pid === undefined) return [];
  const list = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
  return [pid, ...children.filter(Boolean).map(Number)];
}

/** A process that waits for the end of this one, which closes the pipe between them, and cleans up. */
function cleanUpAfterwards(folder: string, programs: PostgresPrograms): ChildProcess {
  const script = 'cat >/dev/null; "$1/pg_ctl" -D "$2/data" -m immediate stop; rm -rf "$2"';
  const cleaner = spawn('sh', ['-c', script, 'sh', programs.folder, folder], {
    ...programs.user,
    cwd: tmpdir(),
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  cleaner.unref();
  // A socket in truth, whose type does not say so: it must not keep this process alive.
  if (cleaner.stdin !== null && 'unref' in cleaner.stdin && typeof cleaner.stdin.unref === 'function') {
    cleaner.stdin.unref();
  }
  return cleaner;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
