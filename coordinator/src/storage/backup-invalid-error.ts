/** A file is no whole backup of this program: truncated, changed, or something else. The message is one line. */
export class BackupInvalidError extends Error {
  override readonly name = 'BackupInvalidError';
}
