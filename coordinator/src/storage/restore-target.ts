import type { BackupRecord } from './backup-format.ts';

/** An empty store that a backup is read into. Nothing of it is kept before `commit`. */
export interface RestoreTarget {
  add(records: readonly BackupRecord[]): Promise<void>;
  /** Keeps everything, durably. */
  commit(): Promise<void>;
  /** Keeps nothing and leaves the place as it was. Also after a failure. */
  abandon(): Promise<void>;
}
