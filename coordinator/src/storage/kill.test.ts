import { describe, expect, it, onTestFinished } from 'vitest';
import { type KillOptions, killTrials } from '../../testing/kill-trials.ts';
import { startPostgres } from '../../testing/postgres-server.ts';
import { postgresProgramsMissing } from '../../testing/shared-postgres.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';

// `npm run bench -- kill --kills 200` is the same for longer.
const SEED = 20_261_121;

async function survives(options: Omit<KillOptions, 'folder' | 'seed'>): Promise<void> {
  const result = await killTrials({ ...options, folder: temporaryFolder(), seed: SEED });
  expect(result).toMatchObject({ kills: options.kills });
  // Else nothing was put to the test.
  expect(result.reports).toBeGreaterThan(options.kills);
  expect(result.rounds).toBeGreaterThan(0);
}

describe(`kill -9 at random moments (seed ${SEED})`, () => {
  it('[S10] [R13] SqliteStore has what it acknowledged, once', { timeout: 120_000 }, async () => {
    await survives({ place: { type: 'sqlite', folder: temporaryFolder() }, kills: 6 });
  });

  it.skipIf(postgresProgramsMissing)(
    `[S10] [R13] PostgresStore has what it acknowledged, once, though the server is killed as well${postgresProgramsMissing}`,
    { timeout: 120_000 },
    async () => {
      const server = await startPostgres();
      onTestFinished(() => server.remove());
      const place = { type: 'postgres', databaseUrl: server.databaseUrl, schema: 'burst' } as const;
      await survives({ place, kills: 4, server });
    },
  );
});
