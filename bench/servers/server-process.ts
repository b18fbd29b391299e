import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { memory } from '../../coordinator/bin/memory.mjs';
import { Invitations } from '../../coordinator/src/surveys/invitations.ts';
import { Child } from '../child.ts';
import type { CoordinatorConfig } from './coordinator-server.ts';
import type { FloorConfig } from './round-floor.ts';
import type { ServerUsage } from './server-usage.ts';

const COORDINATOR = new URL('./coordinator-server.ts', import.meta.url);
const FLOORS = {
  rounds: new URL('./round-floor.ts', import.meta.url),
  reports: new URL('./report-floor.ts', import.meta.url),
};

/** A server in a process of its own. */
export class ServerProcess {
  readonly child: Child;
  readonly url: string;

  constructor(child: Child, url: string) {
    this.child = child;
    this.url = url;
  }

  async usage(): Promise<ServerUsage> {
    return (await this.child.ask({ type: 'usage' }, 'usage')) as unknown as ServerUsage;
  }

  /** Usage once the server rests: nothing is left over from what was asked of it before. A profiled one never rests. */
  async restingUsage(): Promise<ServerUsage> {
    let before = await this.usage();
    for (let polls = 0; polls < 20; polls += 1) {
      await sleep(150);
      const now = await this.usage();
      if (now.cpuMs - before.cpuMs < 3) return now;
      before = now;
    }
    return before;
  }

  /** Usage at rest after a full garbage collection; the server must run with `--expose-gc`. */
  async collectedUsage(): Promise<ServerUsage> {
    await this.restingUsage();
    await this.child.ask({ type: 'collect' }, 'collect');
    return this.usage();
  }

  stop(): Promise<void> {
    return this.child.stop();
  }
}

type CoordinatorOptions = Partial<CoordinatorConfig> &
  Pick<CoordinatorConfig, 'manifests'> & {
    /** Folder that profiles of its CPU are written to. */
    profile?: string | null;
    execArgv?: string[];
  };

/** Starts the real coordinator, and gives what signs its invitations. */
export async function startCoordinatorServer({
  profile = null,
  execArgv = [],
  ...config
}: CoordinatorOptions): Promise<{ server: ServerProcess; invitations: Invitations }> {
  const defaults = { logLevel: 'warn', dataFolder: null, databaseUrl: null, rateLimits: true };
  const child = new Child(COORDINATOR, {
    config: { ...defaults, ...config } satisfies CoordinatorConfig,
    execArgv: [...memory.flags, ...execArgv, ...(profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
    // The command has them too.
    env: { ...memory.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
  });
  const { url, secret } = await child.next('ready');
  const invitations = new Invitations(Uint8Array.from(secret as Uint8Array));
  return { server: new ServerProcess(child, String(url)), invitations };
}

/** Starts a bare program, with socket.io as it comes: `bufferutil` is an addition that the coordinator has. */
export async function startFloorServer(of: 'rounds', config: FloorConfig): Promise<ServerProcess>;
export async function startFloorServer(of: 'reports'): Promise<ServerProcess>;
export async function startFloorServer(of: keyof typeof FLOORS, config: object = {}): Promise<ServerProcess> {
  const child = new Child(FLOORS[of], { config, env: { WS_NO_BUFFER_UTIL: '1' } });
  const { url } = await child.next('ready');
  return new ServerProcess(child, String(url));
}
