import type { Readable } from 'node:stream';
import type { BackupCounts, BackupSummary } from './backup-format.ts';
import { readBackup } from './read-backup.ts';
import type { RestoreTarget } from './restore-target.ts';

/**
 * Reads a backup into an empty store: all of it, or nothing.
 * @throws BackupInvalidError, StorageError
 */
export async function restore(
  file: Readable,
  target: RestoreTarget,
  onProgress: (counts: BackupCounts) => void = () => undefined,
): Promise<BackupSummary> {
  try {
    const summary = await readBackup(file, async (records, counts) => {
      await target.add(records);
      onProgress(counts);
    });
    await target.commit();
    return summary;
  } catch (error) {
    await target.abandon();
    throw error;
  }
}
