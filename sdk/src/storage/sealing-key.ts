import type { IDBPDatabase } from 'idb';
import type { DeviceSchema } from './database.ts';
import { isSealed, newSealingKey, seal, type Sealed } from './sealing.ts';

/** Stores whose records are sealed: raw answers, what was made of them, and what would tell one from the other. */
const sealedStores = ['answers', 'reports', 'memo', 'records'] as const;
export type SealedStore = (typeof sealedStores)[number];

const KEY = 'device';

/**
 * The key of this device's records. Where there is none yet it is made, and what older versions stored as it was is
 * sealed in the same transaction.
 * @returns `null` where there are sealed records and no key: it was lost, and a new one must not hide that.
 */
export async function openSealingKey(db: IDBPDatabase<DeviceSchema>): Promise<CryptoKey | null> {
  const known = await db.get('keys', KEY);
  if (known !== undefined) return known;
  const plain: { store: SealedStore; key: string; value: unknown }[] = [];
  const reading = db.transaction([...sealedStores]);
  for (const store of sealedStores) {
    const [keys, values] = await Promise.all([
      reading.objectStore(store).getAllKeys(),
      reading.objectStore(store).getAll(),
    ]);
    if (values.some(isSealed)) return (await db.get('keys', KEY)) ?? null;
    plain.push(...keys.map((key, i) => ({ store, key, value: values[i] })));
  }
  const made = await newSealingKey();
  const sealed: { store: SealedStore; key: string; value: Sealed }[] = [];
  for (const { store, key, value } of plain) {
    sealed.push({ store, key, value: await seal(made, value, { store, key }) });
  }
  const writing = db.transaction(['keys', ...sealedStores], 'readwrite', { durability: 'strict' });
  // Another tab may have done all of it meanwhile; without its key nothing can have been added or changed.
  const others = await writing.objectStore('keys').get(KEY);
  if (others === undefined) {
    for (const { store, key, value } of sealed) await writing.objectStore(store).put(value, key);
    await writing.objectStore('keys').put(made, KEY);
  }
  await writing.done;
  return others ?? made;
}

/** Deletes all sealed records and the key, if there is one: a way on where they cannot be read. */
export async function forgetSealed(db: IDBPDatabase<DeviceSchema>): Promise<void> {
  const writing = db.transaction(['keys', ...sealedStores], 'readwrite', { durability: 'strict' });
  await Promise.all([...sealedStores, 'keys' as const].map((store) => writing.objectStore(store).clear()));
  await writing.done;
}
