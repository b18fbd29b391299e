import type { ModelRecord, ReportRecord } from '../src/storage/store.ts';
import type { StorePlace } from './store-place.ts';

/** What a burst is told, as JSON in its first argument. */
export type BurstOptions = {
  place: StorePlace;
  /** File that acknowledgements are appended to. */
  ledger: string;
  /** Begins the names of its participants. */
  name: string;
};

export const BURST_STUDY = 'burst';

/** The report of a participant of a burst. */
export function burstReport(participant: string): ReportRecord {
  const text = `report of ${participant} `.repeat(8);
  return { study: BURST_STUDY, participant, group: 'sales', text, receivedAt: '2026-11-01T00:00:00.000Z' };
}

/** The model after so many rounds: all of its numbers, those of its optimizer too, tell which one it is. */
export function burstModel(modelRound: number): ModelRecord {
  const vector = (length: number) => new Float32Array(length).fill(modelRound);
  return { study: BURST_STUDY, modelRound, parameters: vector(5000), optimizer: vector(10_000) };
}
