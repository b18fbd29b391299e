import { manifestHash, PLAIN_FORMAT } from '@chorale/protocol';
import { connectionLimit } from './clients/connection-limit.ts';
import { Crowd } from './clients/crowd.ts';
import type { BenchOptions } from './options.ts';
import { megabytes, seconds } from './print.ts';
import { startCoordinatorServer } from './servers/server-process.ts';
import { signTokens } from './sign-tokens.ts';
import { benchStudy } from './training-study.ts';

/** How long does one round of a thousand clients take whose training takes no time? */
export async function benchManyClients(options: BenchOptions): Promise<void> {
  const clients = Math.min(options.clients?.[0] ?? 1000, connectionLimit());
  console.log(`one round of ${clients.toLocaleString('en')} clients that train nothing`);
  console.log('parameters   from the first join   from the invitation   to the last invitation   peak RSS');
  for (const parameters of options.parameters ?? [1_000, 10_000]) {
    const { times, peakRssBytes } = await oneRound({ parameters, clients });
    const { firstJoinAt, firstInvitedAt, lastInvitedAt, committedAt } = times;
    const cells = [
      parameters.toLocaleString('en').padStart(10),
      seconds(committedAt - firstJoinAt).padStart(21),
      seconds(committedAt - firstInvitedAt).padStart(21),
      seconds(lastInvitedAt - firstInvitedAt).padStart(24),
      megabytes(peakRssBytes).padStart(10),
    ];
    console.log(cells.join(' '));
  }
}

async function oneRound(shape: { parameters: number; clients: number }) {
  const manifest = benchStudy({ ...shape, rounds: 1 });
  const { server, invitations } = await startCoordinatorServer({ manifests: [manifest] });
  const tokens = await signTokens(invitations, { study: 'bench', group: 'a', count: shape.clients });
  const crowd = new Crowd({
    url: server.url,
    target: 'coordinator',
    study: 'bench',
    manifest: await manifestHash(manifest),
    tokens,
    parameters: shape.parameters,
    format: PLAIN_FORMAT,
    holdAt: [],
    atOnce: 50,
    processes: 2,
  });
  try {
    const times = await crowd.committed();
    return { times, ...(await server.usage()) };
  } finally {
    await crowd.stop();
    await server.stop();
  }
}
