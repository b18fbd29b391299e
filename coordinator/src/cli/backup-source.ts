import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ChoraleError } from '@chorale/protocol';
import { readServerFile, type ServerFile } from '../http/server-file.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { HELD } from '../storage/sqlite-refusal.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Store } from '../storage/store.ts';
import { backupStream } from '../storage/write-backup.ts';
import type { StorePlace } from './store-place.ts';

/** A store's backup as a stream of bytes, and what frees the store after it. */
export type BackupSource = { stream: Readable; close(): Promise<void> };

/**
 * Opens a store for its backup. While a server holds the folder, the server is asked for it.
 * @param tell takes a line on how far it is
 */
export async function openBackupSource(place: StorePlace, tell: (line: string) => void): Promise<BackupSource> {
  switch (place.type) {
    case 'database':
      return fromStore(await PostgresStore.open(place.databaseUrl, { maximumConnections: 2 }), tell);
    case 'folder':
      return fromFolder(place.folder, tell);
  }
}

async function fromFolder(folder: string, tell: (line: string) => void): Promise<BackupSource> {
  if (!existsSync(join(folder, 'chorale.db'))) {
    throw new StorageError(`data folder ${folder} holds nothing to back up: name another with --data`);
  }
  try {
    return fromStore(await SqliteStore.open(folder), tell);
  } catch (error) {
    // Only then: the file of a server that was killed may name an address that somebody else has by now.
    const isHeld = error instanceof StorageError && error.message.includes(HELD);
    const running = isHeld ? readServerFile(folder) : null;
    if (running === null) throw error;
    return fromServer(running, tell);
  }
}

function fromStore(store: Store, tell: (line: string) => void): BackupSource {
  const onProgress = (done: number, all: number): void => tell(`backup: ${done} of ${all} reports`);
  return { stream: backupStream(store, { now: Date.now, onProgress }), close: () => store.close() };
}

async function fromServer({ url, operatorToken }: ServerFile, tell: (line: string) => void): Promise<BackupSource> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const response = await fetch(new URL('/api/v1/backup', url), { headers }).catch((cause: unknown) => {
    throw new ChoraleError('CONNECTION_LOST', `no server answers at ${url}`, { cause });
  });
  if (!response.ok || response.body === null) {
    throw new StorageError(`the server at ${url} gives no backup (status ${response.status})`);
  }
  const stream = Readable.from(counted(response.body, tell), { objectMode: false });
  return { stream, close: async () => void stream.destroy() };
}

async function* counted(body: AsyncIterable<Uint8Array>, tell: (line: string) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    tell(`backup: ${Math.round(bytes / 2 ** 20)} MiB`);
    yield chunk;
  }
}
