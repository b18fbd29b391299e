import { SqliteStore } from '../../storage/sqlite-store.ts';
import type { RoundRecord } from '../../storage/store.ts';

/** The first round of the study `attrition`, open, with some of its fields replaced. */
export function openRecord(changes: Partial<RoundRecord> = {}): RoundRecord {
  return {
    study: 'attrition',
    round: 1,
    kind: 'train',
    state: 'open',
    modelRound: 0,
    cohort: 3,
    accepted: 0,
    dropouts: 0,
    startedAt: '2026-11-01T00:00:00.000Z',
    endedAt: null,
    reason: null,
    histogram: null,
    shape: null,
    ...changes,
  };
}

/** The same round, committed with two updates. */
export function committedRecord(changes: Partial<RoundRecord> = {}): RoundRecord {
  return openRecord({ state: 'committed', accepted: 2, dropouts: 1, endedAt: '2026-11-01T00:01:00.000Z', ...changes });
}

/** Writes that round and its model into a data folder, as a coordinator leaves them. */
export async function storeModel(folder: string, parameters: Float32Array<ArrayBuffer>): Promise<void> {
  const store = await SqliteStore.open(folder);
  await store.openRound(openRecord());
  await store.endRound(committedRecord(), { study: 'attrition', modelRound: 1, parameters });
  await store.close();
}
