import { deviceStoreContract } from '../../src/storage/device-store-contract.ts';
import type { MemoizedNoise } from '../../src/storage/device-store.ts';
import { IndexedDbStore } from '../../src/storage/indexed-db-store.ts';

const report: Parameters<IndexedDbStore['commitReport']>[0] = {
  draw: { study: 'pulse', manifest: 'm', questions: [] },
  report: {
    study: 'pulse',
    manifest: 'm',
    text: 't',
    answers: {},
    sent: [],
    epsilon: 1,
    createdAt: '',
    state: { state: 'pending' },
  },
  memo: [],
  spend: {
    study: 'pulse',
    title: '',
    kind: 'report',
    reference: 'r',
    privacyUnit: 'employee',
    neighboringRelation: 'replace-one',
    loss: { mechanism: 'pure', epsilon: 1 },
    at: '',
  },
};

const noise: MemoizedNoise = { letters: [2, 0, 1], rounding: [1, 2] };
const records = { inputs: Float32Array.of(0.5, -1), labels: Uint8Array.of(1), rows: 1, warnings: [], id: 'x' };

let held: IndexedDbStore | undefined;

/** What the test calls inside the page. */
export const storePage = {
  /** Checks one rule of the contract on a database of its own; the message of what is broken, or null. */
  async checkRule(index: number): Promise<string | null> {
    const store = new IndexedDbStore({ profile: `rule-${index}` });
    try {
      await deviceStoreContract[index]?.check(store);
      return null;
    } catch (error) {
      return String(error);
    } finally {
      store.close();
    }
  },

  async commit(profile: string): Promise<void> {
    await new IndexedDbStore({ profile }).commitReport(report);
  },

  /** Texts of the stored report and number of spends, as another page finds them. */
  async find(profile: string): Promise<{ text: string | undefined; spends: number }> {
    const store = new IndexedDbStore({ profile });
    return { text: (await store.report('pulse'))?.text, spends: (await store.spends()).length };
  },

  /** Reads the ledger after something else wrote into it; the code of the refusal, or the spends. */
  async readDamaged(profile: string): Promise<string> {
    await storePage.commit(profile);
    const db = await openRaw(`chorale:${profile}`);
    const transaction = db.transaction('spends', 'readwrite');
    transaction.objectStore('spends').put({ epsilon: 'much' }, 'damaged');
    await completed(transaction);
    db.close();
    return outcome(new IndexedDbStore({ profile }).spends());
  },

  /** Stores what a database of an older schema would hold, as that version did. */
  async storeAsVersion(version: 1 | 2, profile: string): Promise<void> {
    const names = ['answers', 'draws', 'reports', 'memo', 'receipts', 'spends', 'updates', 'records'];
    const db = await openRaw(`chorale:${profile}`, version, (fresh) => {
      for (const name of version === 1 ? names : [...names, 'declined']) fresh.createObjectStore(name);
    });
    const { report: stored, spend, draw } = report;
    await write(db, [
      ['answers', 'pulse', { leaving: true }],
      ['draws', 'pulse', draw],
      ['reports', 'pulse', stored],
      ['memo', 'question', noise],
      ['spends', 'one', spend],
      ['records', 'pulse', records],
    ]);
    db.close();
  },

  /** Everything that is kept of the study, and whether the database has any of it in plain words. */
  async kept(profile: string): Promise<{ kept: unknown[]; plain: string[] }> {
    const store = new IndexedDbStore({ profile });
    const kept: unknown[] = [
      await store.answers('pulse'),
      (await store.report('pulse'))?.text,
      await store.memo('question'),
      await store.spends(),
      await store.declined('pulse'),
    ];
    const found = (await store.records('pulse')) as typeof records | null;
    kept.push(found === null ? null : { ...found, inputs: [...found.inputs], labels: [...found.labels] });
    store.close();
    const db = await openRaw(`chorale:${profile}`);
    const plain: string[] = [];
    for (const name of ['answers', 'reports', 'memo', 'records']) {
      const values = await requested(db.transaction(name).objectStore(name).getAll());
      if (values.some((value: object) => Object.keys(value).join() !== 'iv,data')) plain.push(name);
    }
    db.close();
    return { kept, plain };
  },

  /** Whether the key that lies in the database can be had as bytes. */
  async keyIsExportable(profile: string): Promise<boolean> {
    const db = await openRaw(`chorale:${profile}`);
    const key = (await requested(db.transaction('keys').objectStore('keys').get('device'))) as CryptoKey;
    db.close();
    return key.extractable || (await outcome(crypto.subtle.exportKey('raw', key))).startsWith('[');
  },

  /** What is left to a device whose key is gone, or is another one. */
  async loseKey(profile: string, { to }: { to: 'nothing' | 'another' }): Promise<void> {
    await new IndexedDbStore({ profile }).commitReport({ ...report, memo: [['question', noise]] });
    await new IndexedDbStore({ profile }).putAnswers('pulse', { leaving: true });
    const db = await openRaw(`chorale:${profile}`);
    if (to === 'nothing') {
      const transaction = db.transaction('keys', 'readwrite');
      transaction.objectStore('keys').clear();
      await completed(transaction);
    } else {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
      await write(db, [['keys', 'device', key]]);
    }
    db.close();
  },

  /** How reading and writing end. */
  async attempts(profile: string): Promise<string[]> {
    const store = new IndexedDbStore({ profile });
    return [
      await outcome(store.answers('pulse')),
      await outcome(store.report('pulse')),
      await outcome(store.memo('question')),
      await outcome(store.spends().then(({ length }) => length)),
      await outcome(store.draw('pulse')),
    ];
  },

  erase: (profile: string): Promise<void> => new IndexedDbStore({ profile }).erase('pulse'),

  /** Keeps a connection open here; `reuse` reads through it. */
  async hold(profile: string): Promise<void> {
    held = new IndexedDbStore({ profile });
    await held.spends();
  },

  async reuse(): Promise<string> {
    return outcome(held?.spends() ?? Promise.resolve('nothing held'));
  },

  /** Brings a newer schema, as a later version of the page would. */
  upgrade(profile: string): Promise<string> {
    return openRaw(`chorale:${profile}`, 1000).then((db) => {
      db.close();
      return 'upgraded';
    });
  },

  async useAfterClose(profile: string): Promise<string> {
    const store = new IndexedDbStore({ profile });
    await store.spends();
    store.close();
    return outcome(store.spends());
  },
};

function openRaw(name: string, version?: number, upgrade?: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  const request = version === undefined ? indexedDB.open(name) : indexedDB.open(name, version);
  request.addEventListener('upgradeneeded', () => upgrade?.(request.result));
  return requested(request);
}

function requested<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('it failed')));
  });
}

function completed(transaction: IDBTransaction): Promise<unknown> {
  return new Promise((resolve) => {
    transaction.addEventListener('complete', resolve);
  });
}

async function write(db: IDBDatabase, values: [store: string, key: string, value: unknown][]): Promise<void> {
  const transaction = db.transaction([...new Set(values.map(([store]) => store))], 'readwrite');
  for (const [store, key, value] of values) transaction.objectStore(store).put(value, key);
  await completed(transaction);
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => JSON.stringify(value),
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}
