import { ChoraleError, type WireError } from '@chorale/protocol';

/** The store cannot do its work. The message is for the operator, in one line; clients learn only when to try again. */
export class StorageError extends ChoraleError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('STORAGE_UNAVAILABLE', message, { ...options, retryAfterMs: 5000 });
    this.name = 'StorageError';
  }

  override toWire(): WireError {
    const message = 'the coordinator cannot store anything now; try again later';
    return { code: this.code, message, retryAfterMs: 5000 };
  }
}
