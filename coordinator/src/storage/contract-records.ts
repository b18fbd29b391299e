import { onTestFinished } from 'vitest';
import { openRecord } from '../rounds/testing/round-record.ts';
import type { ModelRecord, ReportRecord, RoundRecord, Store, StudyRecord } from './store.ts';

/** Where the stores under test are: `open` opens the same store again after it was closed, one for each `place`. */
export type StorePlace = { newPlace: () => string; open: (place: string) => Promise<Store> };

export const study = (id: string, hash = `sha256-${id}`): StudyRecord => ({
  id,
  hash,
  manifest: `{"id":"${id}"}`,
  publishedAt: '2026-11-01T08:00:00.000Z',
});

export const report = (participant: string, change: Partial<ReportRecord> = {}): ReportRecord => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: `{"from":"${participant}"}`,
  receivedAt: '2026-11-02T09:00:00.000Z',
  ...change,
});

export const openRound = openRecord({ study: 'pulse', startedAt: '2026-11-03T10:00:00.000Z' });
export const committed: RoundRecord = {
  ...openRound,
  state: 'committed',
  accepted: 2,
  dropouts: 1,
  endedAt: '2026-11-03T10:01:00.000Z',
};

export const modelOf = (modelRound: number, ...optimizer: number[]): ModelRecord => ({
  study: 'pulse',
  modelRound,
  parameters: new Float32Array([modelRound, 2]),
  ...(optimizer.length === 0 ? {} : { optimizer: new Float32Array(optimizer) }),
});

/** A store with the study that reports and rounds belong to, closed at the end of the test. */
export async function openWithStudy({ newPlace, open }: StorePlace, place = newPlace()): Promise<Store> {
  const store = await open(place);
  onTestFinished(() => store.close());
  await store.putStudy(study('pulse'));
  return store;
}
