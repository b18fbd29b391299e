import type { ErrorCode } from '@chorale/protocol';

/**
 * A refusal in the words of the protocol, within the storage thread. The thread loads nothing of the
 * protocol but its types, so that a store opens at once.
 */
export class SqliteRefusal extends Error {
  override readonly name = 'SqliteRefusal';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is said of a folder that another coordinator serves. */
export const HELD = 'it is in use by another process';

/** Primary result codes of SQLite that have a plain explanation. */
const EXPLANATIONS: Record<number, string> = {
  5: HELD,
  8: 'it is not writable',
  10: 'the disk failed',
  11: 'its database is damaged',
  13: 'the disk is full',
  14: 'its database cannot be opened',
  23: 'access to it is refused',
  26: 'its chorale.db is not a database',
};

/** What a failure of the file system or of SQLite on a data folder means, in one line; `null` for other errors. */
export function explainFailure(error: unknown, folder: string): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  const explanation = explain(error);
  return explanation === undefined ? null : `data folder ${folder}: ${explanation}`;
}

function explain(error: { code: unknown; errcode?: unknown }): string | undefined {
  // Extended result codes carry the primary one in their low byte.
  if (error.code === 'ERR_SQLITE_ERROR' && typeof error.errcode === 'number') {
    return EXPLANATIONS[error.errcode & 0xff];
  }
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS') return 'it is not writable';
  if (error.code === 'ENOTDIR' || error.code === 'EEXIST') return 'it is not a folder';
  if (typeof error.code === 'string' && /^E(?!RR_)/.test(error.code)) return `it cannot be used (${error.code})`;
  return undefined;
}
