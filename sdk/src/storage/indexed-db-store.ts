import type { Answers } from '@chorale/protocol';
import type * as v from 'valibot';
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
import { spendKey } from './spend-key.ts';
import {
  parseStored,
  StoredAnswers,
  StoredDraw,
  StoredNoise,
  StoredReceipt,
  StoredReportShape,
  StoredSpend,
  StoredUpdateShape,
} from './stored-shapes.ts';

type SimpleStore = 'answers' | 'draws' | 'reports' | 'memo' | 'receipts' | 'records';

/**
 * The device store of a browser profile at one origin. Writes are durable (`durability: 'strict'`)
 * before their promise resolves, since noised data leaves right after.
 */
export class IndexedDbStore implements DeviceStore {
  readonly #database: DeviceDatabase;

  /** @param options.profile namespace of a made-up employee in a demo; a real device has none. */
  constructor({ profile }: { profile?: string | undefined } = {}) {
    this.#database = new DeviceDatabase(profile === undefined ? 'chorale' : `chorale:${profile}`);
  }

  answers(study: string): Promise<Answers | null> {
    return this.#get('answers', study, StoredAnswers);
  }

  putAnswers(study: string, answers: Answers): Promise<void> {
    return this.#put('answers', study, answers);
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
    return this.#get('reports', study, StoredReportShape);
  }

  commitReport({ draw, report, memo, spend }: Parameters<DeviceStore['commitReport']>[0]): Promise<void> {
    return this.#database.transaction('readwrite', ['draws', 'reports', 'memo', 'spends'], async (t) => {
      await Promise.all([
        t.objectStore('draws').put(draw, draw.study),
        t.objectStore('reports').put(report, report.study),
        t.objectStore('spends').put(spend, spendKey(spend)),
        ...memo.map(([key, noise]) => t.objectStore('memo').put(noise, key)),
      ]);
    });
  }

  settleReport({ report, receipt }: Parameters<DeviceStore['settleReport']>[0]): Promise<void> {
    return this.#database.transaction('readwrite', ['reports', 'receipts'], async (t) => {
      await t.objectStore('reports').put(report, report.study);
      if (receipt !== null) await t.objectStore('receipts').put(receipt, receipt.study);
    });
  }

  memo(key: string): Promise<MemoizedNoise | null> {
    return this.#get('memo', key, StoredNoise);
  }

  receipt(study: string): Promise<Receipt | null> {
    return this.#get('receipts', study, StoredReceipt);
  }

  putReceipt(receipt: Receipt): Promise<void> {
    return this.#put('receipts', receipt.study, receipt);
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
    return this.#database.transaction(
      'readonly',
      ['records'],
      async (t) => (await t.objectStore('records').get(study)) ?? null,
    );
  }

  putRecords(study: string, records: unknown): Promise<void> {
    return this.#put('records', study, records);
  }

  erase(study: string): Promise<void> {
    return this.#database.transaction(
      'readwrite',
      ['answers', 'reports', 'records', 'updates', 'receipts'],
      async (t) => {
        const receipt = parseStored(StoredReceipt, await t.objectStore('receipts').get(study));
        await Promise.all([
          // With the memoized noise, the hash of what was sent would tell what was answered.
          receipt === null ? undefined : t.objectStore('receipts').put({ ...receipt, reportHash: null }, study),
          t.objectStore('answers').delete(study),
          t.objectStore('reports').delete(study),
          t.objectStore('records').delete(study),
          t.objectStore('updates').delete(IDBKeyRange.bound([study, 0], [study, Infinity])),
        ]);
      },
    );
  }

  close(): void {
    this.#database.close();
  }

  #get<S extends v.GenericSchema>(store: SimpleStore, key: string, schema: S): Promise<v.InferOutput<S> | null> {
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

  #put(store: SimpleStore, key: string, value: unknown): Promise<void> {
    return this.#database.transaction('readwrite', [store], async (t) => {
      await t.objectStore(store).put(value, key);
    });
  }
}
