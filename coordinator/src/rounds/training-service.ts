import type { Manifest, ServerToClientEvents, TrainingRounds } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';

/** Where the service reports what operators should know; never an update, an answer or a participant. */
export type Log = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;

/** One connection of a client; a socket.io server socket is one. */
export type TrainingClient = {
  emit<E extends keyof ServerToClientEvents>(event: E, ...message: Parameters<ServerToClientEvents[E]>): unknown;
};

/** A client that is willing to train, as its invitation names it. */
export type Seat = { study: string; participant: string; group: string; client: TrainingClient };

/** Runs the training rounds of all studies of one coordinator. */
export class TrainingService {
  constructor(_options: { store: Store; now: () => number; log: Log }) {}

  /** Takes up a study's training where the store says it was; nothing to do for one without training. */
  async start(_study: { manifest: Manifest; hash: string }): Promise<void> {
    throw new Error('skeleton');
  }

  async rounds(_study: string): Promise<TrainingRounds> {
    throw new Error('skeleton');
  }

  join(_seat: Seat): { committedRounds: number; done: boolean } {
    throw new Error('skeleton');
  }

  leave(_seat: Omit<Seat, 'group'> & { forGood: boolean }): void {
    throw new Error('skeleton');
  }

  update(_contribution: Omit<Seat, 'group'> & { round: number; update: Uint8Array }): { duplicate: boolean } {
    throw new Error('skeleton');
  }

  decline(_refusal: Omit<Seat, 'group'> & { round: number; code: string }): void {
    throw new Error('skeleton');
  }

  async stop(): Promise<void> {}
}
