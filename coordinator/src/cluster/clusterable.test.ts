import { expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { emptyDatabaseUrl, postgresMissing } from '../../testing/shared-postgres.ts';
import { readServerFile } from '../http/server-file.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { StudyRegistry } from '../surveys/study-registry.ts';

const cohort = { size: 3, quorum: 3, overSelection: 1, selectionTimeoutMs: 60_000, deadlineMs: 60_000 };
const median = trainedManifest(siteTask({ cohort, aggregation: { rule: 'coordinate-median' } }), 'median');

it.skipIf(postgresMissing)(
  `[A4] a study for a coordinator of one node is refused by several, and keeps none from starting${postgresMissing}`,
  async () => {
    const databaseUrl = await emptyDatabaseUrl();
    const node = await runCoordinator({ databaseUrl });
    const { operatorToken } = readServerFile(node.dataFolder)!;
    const refused = await node.get('/api/v1/studies', {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(median),
    });
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'MANIFEST_INVALID' }]);
    expect(await (await node.get('/api/v1/studies')).json()).toEqual([]);

    await node.close();

    // As it comes with a backup of a coordinator that was alone.
    const store = await PostgresStore.open(databaseUrl);
    await new StudyRegistry({ store, now: Date.now }).publish(median, { type: 'operator' });
    await store.close();
    const again = await runCoordinator({ databaseUrl });
    expect((await again.get('/readyz')).status).toBe(200);
    expect((await again.get('/api/v1/studies/median')).status).toBe(200);
    expect(again.logged.join('')).toContain('the training of a study is not run');
    expect((await again.get('/api/v1/studies/median/rounds')).status).toBe(400);
  },
);
