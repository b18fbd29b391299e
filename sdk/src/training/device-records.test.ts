import { expect, test } from 'vitest';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest, trainingRecords } from '../testing/training-study.ts';
import { deviceRecords } from './device-records.ts';

const manifest = trainingManifest();
const records = trainingRecords(manifest);

test.each([
  ['a number that is not finite', { inputs: records.inputs.with(4, NaN) }],
  ['an infinite one', { inputs: records.inputs.with(0, Infinity) }],
  ['a label that is neither', { labels: records.labels.with(1, 2) }],
  ['another width', { inputs: records.inputs.slice(1) }],
])('rows with %s are refused before they train', async (_, change) => {
  const store = new MemoryDeviceStore();
  await store.putRecords(manifest.id, { ...records, ...change });
  const read = deviceRecords(manifest.training!, { store, study: manifest.id });
  await expect(read).rejects.toMatchObject({ code: 'TRAINING_DATA_INVALID' });
  await store.putRecords(manifest.id, records);
  expect(await deviceRecords(manifest.training!, { store, study: manifest.id })).toMatchObject({ rows: 40 });
});
