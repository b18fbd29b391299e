import { type DBSchema, type IDBPObjectStore, openDB } from 'idb';
import * as v from 'valibot';

/** What a self-test found best, and why, in words. */
const Choice = v.object({
  name: v.picklist(['typed-arrays', 'webgpu', 'webgl', 'wasm']),
  reason: v.string(),
  /** When it was found, in milliseconds since 1970. */
  at: v.number(),
});
export type Choice = v.InferOutput<typeof Choice>;

/** Choices of engines that outlive a visit; nothing in them depends on a record. */
export interface ChoiceCache {
  get(key: string): Promise<Choice | undefined>;
  put(key: string, choice: Choice): Promise<void>;
  delete(key: string): Promise<void>;
}

interface Schema extends DBSchema {
  choices: { key: string; value: unknown };
}

type ChoicesStore = IDBPObjectStore<Schema, ['choices'], 'choices', 'readwrite'>;

/** In a database of its own, which holds nothing that must last. Where there is none, nothing is kept. */
export class IndexedDbChoiceCache implements ChoiceCache {
  async get(key: string): Promise<Choice | undefined> {
    const result = v.safeParse(Choice, await this.#run((choices) => choices.get(key)));
    return result.success ? result.output : undefined;
  }

  async put(key: string, choice: Choice): Promise<void> {
    await this.#run((choices) => choices.put(choice, key));
  }

  async delete(key: string): Promise<void> {
    await this.#run((choices) => choices.delete(key));
  }

  async #run<Result>(work: (choices: ChoicesStore) => Promise<Result>): Promise<Result | undefined> {
    try {
      const db = await openDB<Schema>('chorale-engines', 1, {
        upgrade: (made) => void made.createObjectStore('choices'),
      });
      try {
        const transaction = db.transaction('choices', 'readwrite');
        const [result] = await Promise.all([work(transaction.store), transaction.done]);
        return result;
      } finally {
        db.close();
      }
    } catch {
      // Without storage the test is made anew at every visit.
      return undefined;
    }
  }
}
