import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { explainFailure } from '../storage/sqlite-refusal.ts';
import { StorageError } from '../storage/storage-error.ts';

const FILE = 'server.json';
const ServerFile = v.object({ url: v.pipe(v.string(), v.url()), operatorToken: v.string() });
export type ServerFile = v.InferOutput<typeof ServerFile>;

/**
 * Writes into the data folder where its server answers, so that commands on the same folder can ask it
 * while it holds the database. Only the folder's owner can read it: it holds the operator token.
 * @returns what removes it again, if it can: one that is left names a server that does not answer
 * @throws StorageError when it cannot be written
 */
export function writeServerFile(folder: string, content: ServerFile): () => void {
  const path = join(folder, FILE);
  // Renamed into place: a reader never sees half of it, and an older file's permissions do not stay.
  try {
    // There is none yet where the database is elsewhere.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, JSON.stringify(content), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (cause) {
    const explanation = explainFailure(cause, folder);
    throw explanation === null ? cause : new StorageError(explanation, { cause });
  }
  return () => {
    try {
      rmSync(path, { force: true });
    } catch {
      // The folder has become read-only. The same happens after a crash.
    }
  };
}

/** The server of a data folder that is in use; `null` when it left no word. */
export function readServerFile(folder: string): ServerFile | null {
  try {
    return v.parse(ServerFile, JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
  } catch {
    return null;
  }
}
