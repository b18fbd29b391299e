import { ChoraleError, encodeParameters } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';

/** A study's trained model as it is sent. */
export type TrainedModel = { modelRound: number; bytes: Buffer };

/** How long what the store said is good for: a model is large, and anybody may ask for it. */
const FRESH_MS = 500;

type Known = { askedAt: number; answer: Promise<TrainedModel>; model: TrainedModel | null };

/** The latest trained models, read once for all who ask at the same time, and one copy of each for all. */
export class TrainedModels {
  readonly #store: Pick<Store, 'latestModel'>;
  readonly #known = new Map<string, Known>();

  constructor(store: Pick<Store, 'latestModel'>) {
    this.#store = store;
  }

  /** @throws ChoraleError `TRAINING_ABSENT` while there is none. */
  async latest(study: string): Promise<TrainedModel> {
    const known = this.#known.get(study);
    const now = performance.now();
    if (known !== undefined && now - known.askedAt <= FRESH_MS) return known.answer;
    const asked: Known = { askedAt: now, model: known?.model ?? null, answer: this.#read(study, known?.model ?? null) };
    this.#known.set(study, asked);
    try {
      asked.model = await asked.answer;
      return asked.model;
    } catch (error) {
      // Whoever asks next asks the store.
      asked.askedAt = -Infinity;
      throw error;
    }
  }

  async #read(study: string, known: TrainedModel | null): Promise<TrainedModel> {
    const record = await this.#store.latestModel(study);
    if (record === null) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no trained model`);
    const { modelRound, parameters } = record;
    if (known?.modelRound === modelRound) return known;
    const { buffer, byteOffset, byteLength } = encodeParameters(parameters);
    return { modelRound, bytes: Buffer.from(buffer, byteOffset, byteLength) };
  }
}
