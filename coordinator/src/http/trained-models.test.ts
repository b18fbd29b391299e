import { expect, it } from 'vitest';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { committedRecord, openRecord } from '../rounds/testing/round-record.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { TrainedModels } from './trained-models.ts';

it('reads a model once for all who ask, and says so where there is none', async () => {
  const store = await SqliteStore.open(temporaryFolder());
  let reads = 0;
  const latestModel: typeof store.latestModel = (study) => {
    reads += 1;
    return store.latestModel(study);
  };
  const models = new TrainedModels({ latestModel });
  await expect(models.latest('attrition')).rejects.toMatchObject({ code: 'TRAINING_ABSENT' });

  await store.putStudy({ id: 'attrition', hash: 'h', manifest: '{}', publishedAt: '2026-01-01T00:00:00Z' });
  await store.openRound(openRecord());
  const parameters = Float32Array.from([1, 2]);
  await store.endRound(committedRecord(), { study: 'attrition', modelRound: 1, parameters });
  reads = 0;
  const [first, second] = await Promise.all([models.latest('attrition'), models.latest('attrition')]);
  expect(first.modelRound).toBe(1);
  // The very same bytes: whoever reads them slowly holds no copy.
  expect(second.bytes).toBe(first.bytes);
  expect(reads).toBe(1);
  await store.close();
});
