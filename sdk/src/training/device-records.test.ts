import { limits, type TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest, trainingRecords } from '../testing/training-study.ts';
import { deviceRecords, storedRecords } from './device-records.ts';

const manifest = trainingManifest();
const records = trainingRecords(manifest);
const owned: TrainingTask = { ...manifest.training!, employeeColumn: 'id' };

async function found(task: TrainingTask, employees: number[] | null): Promise<unknown> {
  const store = new MemoryDeviceStore();
  const rows = employees === null ? records : { ...records, employees: Uint32Array.from(employees) };
  await store.putRecords(manifest.id, rows);
  return storedRecords(task, { store, study: manifest.id }).then(
    (stored) => stored?.employees ?? null,
    (error: { code: string }) => error.code,
  );
}

test('[B7] stored rows say whose each is where the task asks for it, numbered as they first appear, and only there', async () => {
  const twice = Array.from({ length: records.rows }, (_, row) => row >> 1);
  expect(await found(owned, twice)).toEqual(Uint32Array.from(twice));
  expect(await found(manifest.training!, null)).toBeNull();
  for (const wrong of [null, twice.slice(1), twice.map((employee) => employee + 1), twice.with(20, 30)]) {
    expect(await found(owned, wrong)).toBe('TRAINING_DATA_INVALID');
  }
  expect(await found(manifest.training!, twice)).toBe('TRAINING_DATA_INVALID');
});

test('[B7] more rows of one employee than there may be are refused', async () => {
  const rows = limits.rowsPerEmployee + 1;
  const many = {
    inputs: new Float32Array(rows * 3),
    labels: new Uint8Array(rows),
    employees: new Uint32Array(rows),
    rows,
    warnings: [],
  };
  const store = new MemoryDeviceStore();
  await store.putRecords(manifest.id, many);
  await expect(storedRecords(owned, { store, study: manifest.id })).rejects.toMatchObject({
    code: 'TRAINING_DATA_INVALID',
  });
  await store.putRecords(manifest.id, { ...many, employees: many.employees.with(0, 0).with(rows - 1, 1) });
  expect(await storedRecords(owned, { store, study: manifest.id })).toMatchObject({ rows });
});

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
