import { expect, it } from 'vitest';
import { fuzz, storedFaults } from '../../testing/fuzz/fuzz.ts';
import { fuzzStudies } from '../../testing/fuzz/fuzz-studies.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';

it('[P4] no wrong frame or request stops the coordinator, nor counts beside what honest clients send', async () => {
  const studies = fuzzStudies({ rounds: 5 });
  const coordinator = await runCoordinator({
    manifests: Object.values(studies),
    // Else most of it would be refused before it is looked at.
    rateLimits: { perConnection: 0, perAddress: 0 },
  });
  const sign = async ({ study, sub, group }: { study: string; sub: string; group: string }): Promise<string> =>
    (await coordinator.invite(study, { name: sub, group }))[0]!;
  const result = await fuzz({
    url: coordinator.url.replace('localhost', '127.0.0.1'),
    studies,
    sign,
    seed: 1,
    frames: 4000,
    requests: 400,
    reports: 10,
    atOnce: 4,
  });
  expect(result.statuses.get(500)).toBeUndefined();
  expect(Object.prototype).not.toHaveProperty('polluted');
  expect((await coordinator.get('/healthz')).status).toBe(200);
  expect(coordinator.logged.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);

  await coordinator.close();
  const store = await SqliteStore.open(coordinator.dataFolder);
  expect(await storedFaults(store, result)).toEqual([]);
  await store.close();
}, 120_000);
