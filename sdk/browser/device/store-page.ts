import { deviceStoreContract } from '../../src/storage/device-store-contract.ts';
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
    await new Promise((resolve) => {
      transaction.addEventListener('complete', resolve);
    });
    db.close();
    return outcome(new IndexedDbStore({ profile }).spends());
  },

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

function openRaw(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = version === undefined ? indexedDB.open(name) : indexedDB.open(name, version);
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error ?? new Error('it did not open')));
  });
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    (value) => JSON.stringify(value),
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
}
