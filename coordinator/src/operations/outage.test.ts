import { manifestHash, PROTOCOL_VERSION, type Reply, surveyChannels } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startPostgres } from '../../testing/postgres-server.ts';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { postgresProgramsMissing } from '../../testing/shared-postgres.ts';
import { mountSmallDisk } from '../../testing/small-disk.ts';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

const manifest = pulseStudy();
const disk = mountSmallDisk({ mebibytes: 4 });
const noDisk = 'missing' in disk ? ` (skipped: ${disk.missing})` : '';

/** Two devices that may report, and one connection for both. */
async function twoDevices(coordinator: Running) {
  const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
  const tokens = await coordinator.invite('pulse', ...['Ann', 'Bob'].map((name) => ({ name, group: 'sales' })));
  const client = await coordinator.connect();
  const [ann, bob] = tokens.map((token) => {
    const message = { protocol: PROTOCOL_VERSION, token, report: reportText(study, { stay: true }) };
    return (): Promise<Reply> => client.timeout(60_000).emitWithAck('report', message);
  });
  return { client, ann: ann!, bob: bob! };
}

/** What a node does while its store fails, and once it works again. */
async function outlives(coordinator: Running, { breakStore, mend }: Record<'breakStore' | 'mend', () => unknown>) {
  const { client, ann, bob } = await twoDevices(coordinator);
  const readiness = async (): Promise<number> => (await coordinator.get('/readyz')).status;
  expect(await ann()).toMatchObject({ ok: true });
  expect(await readiness()).toBe(200);

  await breakStore();
  expect(await bob()).toMatchObject({
    ok: false,
    error: { code: 'STORAGE_UNAVAILABLE', retryAfterMs: expect.any(Number) },
  });
  await expect.poll(readiness, { timeout: 20_000 }).toBe(503);
  const unready = await coordinator.get('/readyz');
  expect(await unready.json()).toMatchObject({ status: 503, code: 'STORAGE_UNAVAILABLE' });
  expect(Number(unready.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await coordinator.get('/healthz')).status).toBe(200);

  await mend();
  await expect.poll(readiness, { timeout: 20_000 }).toBe(200);
  expect(client.connected).toBe(true);
  // Connections of before may still turn out to be dead: devices ask again, as they are told to.
  await expect.poll(bob, { timeout: 20_000 }).toMatchObject({ ok: true });
  await expect.poll(ann, { timeout: 20_000 }).toMatchObject({ ok: true, duplicate: true });
  expect(await (await coordinator.get('/api/v1/studies')).json()).toMatchObject([{ id: 'pulse', voices: 2 }]);
}

describe('[S10] a store that fails refuses new work by name and loses nothing; the node is well again by itself', () => {
  it.skipIf(postgresProgramsMissing)(`lost database${postgresProgramsMissing}`, { timeout: 90_000 }, async () => {
    const postgres = await startPostgres();
    onTestFinished(() => postgres.remove());
    const coordinator = await runCoordinator({ manifests: [manifest], databaseUrl: postgres.databaseUrl });
    await outlives(coordinator, { breakStore: () => postgres.kill(), mend: () => postgres.start() });
  });

  it.skipIf(noDisk)(`full disk${noDisk}`, { timeout: 60_000 }, async () => {
    if ('missing' in disk) throw new TypeError(disk.missing);
    onTestFinished(() => disk.unmount());
    const coordinator = await runCoordinator({ manifests: [manifest], dataFolder: disk.folder });
    await outlives(coordinator, { breakStore: () => disk.fill(), mend: () => disk.free() });
    await coordinator.close();
  });
});
