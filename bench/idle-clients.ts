import { manifestHash, PLAIN_FORMAT } from '@chorale/protocol';
import { connectionLimit } from './clients/connection-limit.ts';
import { Crowd } from './clients/crowd.ts';
import type { BenchOptions } from './options.ts';
import { megabytes, seconds } from './print.ts';
import { startCoordinatorServer } from './servers/server-process.ts';
import { signTokens } from './sign-tokens.ts';
import { benchStudy } from './training-study.ts';

/** What do clients cost that wait for a round, each on its own connection? */
export async function benchIdleClients({ clients: asked }: BenchOptions): Promise<void> {
  const wanted = asked?.[0] ?? 10_000;
  const clients = Math.min(wanted, connectionLimit());
  if (clients < wanted) {
    console.log(`only ${clients} clients: a process may not open more files here (raise "ulimit -n")`);
  }
  // One client too few for a round, so that all wait.
  const manifest = benchStudy({ parameters: 3, clients: clients + 1, rounds: 1 });
  const { server, invitations } = await startCoordinatorServer({ manifests: [manifest] });
  try {
    const before = await server.restingUsage();
    const tokens = await signTokens(invitations, { study: 'bench', group: 'a', count: clients });
    const crowd = new Crowd({
      url: server.url,
      target: 'coordinator',
      study: 'bench',
      manifest: await manifestHash(manifest),
      tokens,
      parameters: 3,
      format: PLAIN_FORMAT,
      holdAt: [],
      atOnce: 50,
      processes: 2,
    });
    try {
      const { firstJoinAt, joinedAt } = await crowd.joined();
      const after = await server.restingUsage();
      const perClient = ((after.rssBytes - before.rssBytes) / clients / 1024).toFixed(1);
      console.log(`${clients.toLocaleString('en')} idle clients, joined to a study that trains`);
      console.log(
        `joined in ${seconds(joinedAt - firstJoinAt)}, ${perMs(after.cpuMs - before.cpuMs, clients)} of CPU each`,
      );
      console.log(
        `RSS ${megabytes(after.rssBytes)} (before ${megabytes(before.rssBytes)}), ${perClient} KiB each; ` +
          `peak ${megabytes(after.peakRssBytes)}`,
      );
    } finally {
      await crowd.stop();
    }
  } finally {
    await server.stop();
  }
}

function perMs(ms: number, clients: number): string {
  return `${(ms / clients).toFixed(2)} ms`;
}
