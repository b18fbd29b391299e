import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';

/** Where a simulation stores: a data folder, a database, or a folder that is removed afterwards. */
export type SimulationPlace = { folder?: string | undefined; databaseUrl?: string | undefined };

/** Opens the store of a simulation; `close` frees it, and removes what was made for it alone. */
export async function openSimulationStore({
  folder,
  databaseUrl,
}: SimulationPlace): Promise<{ store: Store; close: () => Promise<void> }> {
  if (databaseUrl !== undefined) {
    const { PostgresStore } = await import('../storage/postgres-store.ts');
    const store = await PostgresStore.open(databaseUrl);
    return { store, close: () => store.close() };
  }
  const place = folder ?? temporaryFolder();
  const remove = (): void => {
    if (folder === undefined) rmSync(place, { recursive: true, force: true });
  };
  try {
    const store = await SqliteStore.open(place);
    return {
      store,
      async close() {
        await store.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Removed with the process too, should it be told to end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chorale-simulation-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
