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
    if (folder === undefined) removeFolder(place);
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

const temporary = new Set<string>();

/** A folder that is removed with the process, if not sooner. */
export function temporaryFolder(): string {
  if (temporary.size === 0) process.once('exit', () => temporary.forEach(removeFolder));
  const folder = mkdtempSync(join(tmpdir(), 'chorale-simulation-'));
  temporary.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  temporary.delete(folder);
}
