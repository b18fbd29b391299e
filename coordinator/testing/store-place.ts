import { PostgresStore } from '../src/storage/postgres-store.ts';
import { SqliteStore } from '../src/storage/sqlite-store.ts';
import type { Store } from '../src/storage/store.ts';

/** Where a store is, in a form that can be handed to another process. */
export type StorePlace = { type: 'sqlite'; folder: string } | { type: 'postgres'; databaseUrl: string; schema: string };

export async function openPlace(place: StorePlace): Promise<Store> {
  switch (place.type) {
    case 'sqlite':
      return SqliteStore.open(place.folder);
    case 'postgres':
      return PostgresStore.open(place.databaseUrl, { schema: place.schema, timeoutMs: 5000 });
  }
}
