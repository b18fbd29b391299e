import { ChoraleError } from '@chorale/protocol';
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb';
import { forgetSealed, openSealingKey } from './sealing-key.ts';

/** What is kept where. Values are untyped on purpose: they are parsed when they come back. */
export interface DeviceSchema extends DBSchema {
  answers: { key: string; value: unknown };
  draws: { key: string; value: unknown };
  reports: { key: string; value: unknown };
  memo: { key: string; value: unknown };
  receipts: { key: string; value: unknown };
  spends: { key: string; value: unknown };
  updates: { key: [study: string, round: number]; value: unknown };
  records: { key: string; value: unknown };
  declined: { key: string; value: unknown };
  keys: { key: string; value: CryptoKey };
}
type Stores = StoreNames<DeviceSchema>[];
export type DeviceTransaction<M extends IDBTransactionMode> = IDBPTransaction<DeviceSchema, Stores, M>;

/** Grows with every change of `upgrade`; each step runs on databases older than itself. */
const SCHEMA_VERSION = 3;

function upgrade(db: IDBPDatabase<DeviceSchema>, oldVersion: number): void {
  if (oldVersion < 1) {
    const names = ['answers', 'draws', 'reports', 'memo', 'receipts', 'spends', 'updates', 'records'] as const;
    for (const name of names) db.createObjectStore(name);
  }
  if (oldVersion < 2) db.createObjectStore('declined');
  // What older versions stored as it was is sealed once the database is open.
  if (oldVersion < 3) db.createObjectStore('keys');
}

/** An open connection, with the key of its sealed records; `null` where that was lost. */
type Connection = { db: IDBPDatabase<DeviceSchema>; key: CryptoKey | null };

/** How long other tabs may take to let go of an older schema. */
const BLOCKED_TIMEOUT_MS = 5_000;

/**
 * A connection to the device's database that is opened when it is needed, given up when another tab
 * brings a newer schema, and opened again when the browser took it away.
 */
export class DeviceDatabase {
  readonly #name: string;
  #opening: Promise<Connection> | null = null;
  #closed = false;

  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Runs `work` in one transaction and waits until it is on the disk; nothing is kept when it fails.
   * @throws ChoraleError `STORAGE_UNAVAILABLE`
   */
  async transaction<T, M extends 'readonly' | 'readwrite'>(
    mode: M,
    stores: Stores,
    work: (transaction: DeviceTransaction<M>) => Promise<T>,
  ): Promise<T> {
    let transaction: DeviceTransaction<M> | undefined;
    try {
      const { db } = await this.#open();
      transaction = db.transaction(stores, mode, { durability: 'strict' });
      // Whoever awaits `work` first must not leave this one without a handler.
      transaction.done.catch(() => {});
      const result = await work(transaction);
      await transaction.done;
      return result;
    } catch (cause) {
      try {
        transaction?.abort();
      } catch {
        // It ended by itself.
      }
      throw inWords(cause);
    }
  }

  /** The key of this device's records; `null` where it was lost. @throws ChoraleError `STORAGE_UNAVAILABLE` */
  async key(): Promise<CryptoKey | null> {
    try {
      const { key } = await this.#open();
      // Another tab may make a new one.
      if (key === null) this.#release();
      return key;
    } catch (cause) {
      throw inWords(cause);
    }
  }

  /** See `forgetSealed`; the next access makes a new key. @throws ChoraleError `STORAGE_UNAVAILABLE` */
  async forgetSealed(): Promise<void> {
    try {
      await forgetSealed((await this.#open()).db);
      this.#release();
    } catch (cause) {
      throw inWords(cause);
    }
  }

  close(): void {
    this.#closed = true;
    this.#release();
  }

  #open(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new ChoraleError('STORAGE_UNAVAILABLE', 'storage: it was closed'));
    this.#opening ??= this.#connect().catch((cause: unknown) => {
      this.#opening = null;
      throw cause;
    });
    return this.#opening;
  }

  async #connect(): Promise<Connection> {
    const { promise: blocked, reject } = Promise.withResolvers<never>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const opening = openDB<DeviceSchema>(this.#name, SCHEMA_VERSION, {
      upgrade,
      blocked: () => {
        const error = new ChoraleError('STORAGE_UNAVAILABLE', 'storage: another tab uses an older version; close it');
        timer = setTimeout(() => reject(error), BLOCKED_TIMEOUT_MS);
      },
      blocking: () => this.#release(),
      terminated: () => {
        this.#opening = null;
      },
    });
    try {
      const db = await Promise.race([opening, blocked]);
      return { db, key: await openSealingKey(db) };
    } catch (cause) {
      // Should it open after all, it would stand in another tab's way.
      opening.then((db) => db.close()).catch(() => {});
      throw cause;
    } finally {
      clearTimeout(timer);
    }
  }

  #release(): void {
    this.#opening?.then(({ db }) => db.close()).catch(() => {});
    this.#opening = null;
  }
}

function inWords(cause: unknown): ChoraleError {
  if (cause instanceof ChoraleError) return cause;
  return new ChoraleError('STORAGE_UNAVAILABLE', `storage: ${reason(cause)}`, { cause });
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'it failed';
  if (cause.name === 'VersionError') return 'a newer version of this page was here; reload it';
  if (cause.name === 'QuotaExceededError') return 'the disk is full';
  return cause.message;
}
