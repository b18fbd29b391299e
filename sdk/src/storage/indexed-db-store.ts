import type { Answers, ChoraleError } from '@chorale/protocol';
import * as v from 'valibot';
import { DeviceDatabase } from './database.ts';
import type {
  DeviceStore,
  MemoizedNoise,
  QuestionDraw,
  Receipt,
  SpendRecord,
  StoredReport,
  StoredUpdate,
} from './device-store.ts';
import { seal, type Sealed, unseal } from './sealing.ts';
import type { SealedStore } from './sealing-key.ts';
import { spendKey } from './spend-key.ts';
import {
  parseStored,
  StoredAnswers,
  StoredDraw,
  StoredNoise,
  StoredReceipt,
  StoredReportShape,
  StoredSealed,
  StoredSpend,
  StoredUpdateShape,
} from './stored-shapes.ts';

/**
 * The device store of a browser profile at one origin. Writes are durable (`durability: 'strict'`)
 * before their promise resolves, since noised data leaves right after. Raw answers, rows, reports and memoized noise are
 * sealed by a key of the device; the ledger is not, so that what was spent is known whatever becomes of the key.
 */
export class IndexedDbStore implements DeviceStore {
  readonly #database: DeviceDatabase;

  /** @param options.profile namespace of a made-up employee in a demo; a real device has none. */
  constructor({ profile }: { profile?: string | undefined } = {}) {
    this.#database = new DeviceDatabase(profile === undefined ? 'chorale' : `chorale:${profile}`);
  }

  answers(study: string): Promise<Answers | null> {
    return this.#unsealed('answers', study, StoredAnswers);
  }

  putAnswers(study: string, answers: Answers): Promise<void> {
    return this.#putSealed('answers', study, answers);
  }

  declined(study: string): Promise<boolean> {
    return this.#database.transaction(
      'readonly',
      ['declined'],
      async (t) => (await t.objectStore('declined').get(study)) !== undefined,
    );
  }

  putDeclined(study: string, declined: boolean): Promise<void> {
    return this.#database.transaction('readwrite', ['declined'], async (t) => {
      await (declined ? t.objectStore('declined').put(true, study) : t.objectStore('declined').delete(study));
    });
  }

  draw(study: string): Promise<QuestionDraw | null> {
    return this.#get('draws', study, StoredDraw);
  }

  report(study: string): Promise<StoredReport | null> {
    return this.#unsealed('reports', study, StoredReportShape);
  }

  async commitReport({ draw, report, memo, spend }: Parameters<DeviceStore['commitReport']>[0]): Promise<void> {
    // Sealed first: a transaction does not wait for anything but the database.
    const [sealed, ...noises] = await Promise.all([
      this.#seal('reports', report.study, report),
      ...memo.map(async ([key, noise]) => ({ key, noise: await this.#seal('memo', key, noise) })),
    ]);
    await this.#database.transaction('readwrite', ['draws', 'reports', 'memo', 'spends'], async (t) => {
      await Promise.all([
        t.objectStore('draws').put(draw, draw.study),
        t.objectStore('reports').put(sealed, report.study),
        t.objectStore('spends').put(spend, spendKey(spend)),
        ...noises.map(({ key, noise }) => t.objectStore('memo').put(noise, key)),
      ]);
    });
  }

  async settleReport({ report, receipt }: Parameters<DeviceStore['settleReport']>[0]): Promise<void> {
    const sealed = await this.#seal('reports', report.study, report);
    await this.#database.transaction('readwrite', ['reports', 'receipts'], async (t) => {
      await t.objectStore('reports').put(sealed, report.study);
      if (receipt !== null) await t.objectStore('receipts').put(receipt, receipt.study);
    });
  }

  memo(key: string): Promise<MemoizedNoise | null> {
    return this.#unsealed('memo', key, StoredNoise);
  }

  receipt(study: string): Promise<Receipt | null> {
    return this.#get('receipts', study, StoredReceipt);
  }

  putReceipt(receipt: Receipt): Promise<void> {
    return this.#database.transaction('readwrite', ['receipts'], async (t) => {
      await t.objectStore('receipts').put(receipt, receipt.study);
    });
  }

  receipts(): Promise<Receipt[]> {
    return this.#all('receipts', StoredReceipt);
  }

  spends(): Promise<SpendRecord[]> {
    return this.#all('spends', StoredSpend);
  }

  commitUpdate({ update, spends }: Parameters<DeviceStore['commitUpdate']>[0]): Promise<void> {
    return this.#database.transaction('readwrite', ['updates', 'spends'], async (t) => {
      await Promise.all([
        t.objectStore('updates').put(update, [update.study, update.round]),
        ...spends.map((spend) => t.objectStore('spends').put(spend, spendKey(spend))),
      ]);
    });
  }

  update(study: string, round: number): Promise<StoredUpdate | null> {
    return this.#database.transaction('readonly', ['updates'], async (t) =>
      parseStored(StoredUpdateShape, await t.objectStore('updates').get([study, round])),
    );
  }

  deleteUpdates(study: string, { throughRound }: { throughRound: number }): Promise<void> {
    return this.#database.transaction('readwrite', ['updates'], (t) =>
      t.objectStore('updates').delete(IDBKeyRange.bound([study, 0], [study, throughRound])),
    );
  }

  records(study: string): Promise<unknown> {
    return this.#unsealed('records', study, v.unknown());
  }

  putRecords(study: string, records: unknown): Promise<void> {
    return this.#putSealed('records', study, records);
  }

  async erase(study: string): Promise<void> {
    // Without their key, records of no study can be read.
    if ((await this.#database.key()) === null) await this.#database.forgetSealed();
    const unreadable = await this.#unreadableMemo();
    await this.#database.transaction(
      'readwrite',
      ['answers', 'reports', 'records', 'updates', 'receipts', 'memo'],
      async (t) => {
        const receipt = parseStored(StoredReceipt, await t.objectStore('receipts').get(study));
        await Promise.all([
          // With the memoized noise, the hash of what was sent would tell what was answered.
          receipt === null ? undefined : t.objectStore('receipts').put({ ...receipt, reportHash: null }, study),
          t.objectStore('answers').delete(study),
          t.objectStore('reports').delete(study),
          t.objectStore('records').delete(study),
          ...unreadable.map((key) => t.objectStore('memo').delete(key)),
          t.objectStore('updates').delete(IDBKeyRange.bound([study, 0], [study, Infinity])),
        ]);
      },
    );
  }

  close(): void {
    this.#database.close();
  }

  #get<S extends v.GenericSchema>(
    store: 'draws' | 'receipts' | SealedStore,
    key: string,
    schema: S,
  ): Promise<v.InferOutput<S> | null> {
    return this.#database.transaction('readonly', [store], async (t) =>
      parseStored(schema, await t.objectStore(store).get(key)),
    );
  }

  #all<S extends v.GenericSchema>(store: 'receipts' | 'spends', schema: S): Promise<v.InferOutput<S>[]> {
    return this.#database.transaction('readonly', [store], async (t) => {
      const values = await t.objectStore(store).getAll();
      return values.flatMap((value) => {
        const parsed = parseStored(schema, value);
        return parsed === null ? [] : [parsed];
      });
    });
  }

  /** @throws ChoraleError `STORAGE_KEY_LOST` */
  async #unsealed<S extends v.GenericSchema>(
    store: SealedStore,
    key: string,
    schema: S,
  ): Promise<v.InferOutput<S> | null> {
    const sealed = await this.#get(store, key, StoredSealed);
    if (sealed === null) return null;
    return parseStored(schema, await unseal(await this.#database.key(), sealed, { store, key }));
  }

  async #seal(store: SealedStore, key: string, value: unknown): Promise<Sealed> {
    return seal(await this.#database.key(), value, { store, key });
  }

  async #putSealed(store: SealedStore, key: string, value: unknown): Promise<void> {
    const sealed = await this.#seal(store, key, value);
    await this.#database.transaction('readwrite', [store], async (t) => {
      await t.objectStore(store).put(sealed, key);
    });
  }

  /** Memoized noise that the key does not fit: it would stand in the way of every report with its question. */
  async #unreadableMemo(): Promise<string[]> {
    const keys = await this.#database.transaction('readonly', ['memo'], (t) => t.objectStore('memo').getAllKeys());
    const read = await Promise.allSettled(keys.map((key) => this.memo(key)));
    return keys.filter((_, i) => {
      const one = read[i]!;
      return one.status === 'rejected' && (one.reason as ChoraleError).code === 'STORAGE_KEY_LOST';
    });
  }
}
