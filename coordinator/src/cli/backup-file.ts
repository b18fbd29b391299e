import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BackupSummary } from '../storage/backup-format.ts';
import { flushFolder } from '../storage/data-folder.ts';
import { readBackup } from '../storage/read-backup.ts';
import { UsageError } from './command-errors.ts';

/**
 * Writes a backup into a new file that only its owner can read. The file has its name once it is on the
 * disk and was read back as a whole; before that, and after a failure, there is no such file.
 * @throws BackupInvalidError when the stream ended before its end
 */
export async function writeBackupFile(stream: Readable, path: string): Promise<BackupSummary & { bytes: number }> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await pipeline(stream, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }));
    const summary = await readBackup(createReadStream(partial), async () => undefined);
    const { size } = statSync(partial);
    if (existsSync(path)) throw new UsageError(`--out ${path} is there already`);
    renameSync(partial, path);
    flushFolder(dirname(path));
    return { ...summary, bytes: size };
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
