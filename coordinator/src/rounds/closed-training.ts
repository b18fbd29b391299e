import { ChoraleError, type TrainingRounds } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { initialParameters } from './model.ts';
import { storedRounds } from './stored-rounds.ts';
import type { StudyRounds, TrainedStudy } from './study-rounds.ts';

/** The rounds of a study that is closed: they can be read, and so can the model that they made. [O4] */
export class ClosedTraining implements StudyRounds {
  readonly #study: TrainedStudy;
  readonly #store: Store;

  constructor(study: TrainedStudy, store: Store) {
    this.#study = study;
    this.#store = store;
  }

  join = (): Promise<never> => refuse();
  update = (): Promise<never> => refuse();
  decline = (): Promise<never> => refuse();

  rounds(): Promise<TrainingRounds> {
    return storedRounds(this.#study, this.#store);
  }

  async model(modelRound: number): Promise<Uint8Array | null> {
    const { manifest, hash } = this.#study;
    const latest = await this.#store.latestModel(manifest.id);
    if ((latest?.modelRound ?? 0) !== modelRound) return null;
    const { buffer, byteOffset, byteLength } = latest?.parameters ?? initialParameters(manifest.training, hash);
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  leave(): void {
    // Nobody has a seat.
  }

  finish(): void {
    // Nothing is under way.
  }

  async stop(): Promise<void> {
    // Nothing is under way.
  }

  async close(): Promise<void> {
    // It is.
  }
}

async function refuse(): Promise<never> {
  throw new ChoraleError('STUDY_CLOSED', 'this study is closed');
}
