import { expect, it } from 'vitest';
import { clusterTrials } from '../../testing/cluster/cluster-trials.ts';
import { startPostgres } from '../../testing/postgres-server.ts';
import { postgresProgramsMissing } from '../../testing/shared-postgres.ts';

it.skipIf(postgresProgramsMissing)(
  `[R16] [R19] every committed sum is exact though nodes are killed at random moments${postgresProgramsMissing}`,
  async () => {
    const server = await startPostgres();
    try {
      const result = await clusterTrials({ databaseUrl: server.databaseUrl, kills: 4, seed: 3 });
      expect(result.kills).toBe(4);
      // The last two at least, whatever the kills left of the others.
      expect(result.checked).toBeGreaterThanOrEqual(2);
      expect(result.shared).toBeGreaterThan(0);
    } finally {
      await server.remove();
    }
  },
  120_000,
);
