import { createReadStream } from 'node:fs';
import type { BackupSummary } from '../storage/backup-format.ts';
import { BackupInvalidError } from '../storage/backup-invalid-error.ts';
import { openPostgresTarget } from '../storage/postgres-restore.ts';
import { restore } from '../storage/restore.ts';
import type { RestoreTarget } from '../storage/restore-target.ts';
import { openSqliteTarget } from '../storage/sqlite-restore.ts';
import type { StorePlace } from './store-place.ts';

/**
 * Fills the empty store of a place from a backup.
 * @param tell takes a line on how far it is
 * @throws BackupInvalidError that names the file; StorageError
 */
export async function restoreFile(
  path: string,
  place: StorePlace,
  tell: (line: string) => void,
): Promise<BackupSummary> {
  const target = await openTarget(place);
  try {
    return await restore(createReadStream(path), target, ({ report }) => tell(`restore: ${report} reports`));
  } catch (error) {
    if (!(error instanceof BackupInvalidError)) throw error;
    throw new BackupInvalidError(`backup ${path}: ${error.message}; nothing was kept`, { cause: error });
  }
}

async function openTarget(place: StorePlace): Promise<RestoreTarget> {
  switch (place.type) {
    case 'folder':
      return openSqliteTarget(place.folder);
    case 'database':
      return openPostgresTarget(place.databaseUrl);
  }
}
