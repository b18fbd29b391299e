/** Every refusal that a user, an embedder or the other end can see, by name. */
export type ErrorCode =
  | 'ALREADY_ANSWERED'
  | 'ANSWER_INVALID'
  | 'APPROVAL_REQUIRED'
  | 'BENCHMARKS_INVALID'
  | 'BUDGET_EXCEEDED'
  | 'CONNECTION_LOST'
  | 'CSV_INVALID'
  | 'DRAFT_CONFLICT'
  | 'DRAFT_UNKNOWN'
  | 'ENGINE_UNAVAILABLE'
  | 'INSECURE_CONTEXT'
  | 'INTERNAL'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_MISMATCH'
  | 'MESSAGE_MALFORMED'
  | 'MESSAGE_TOO_LARGE'
  | 'NOISELESS_REFUSED'
  | 'NOT_IN_COHORT'
  | 'PARTICIPATION_TOO_SOON'
  | 'PARTICIPATION_USED'
  | 'PERMISSION_DENIED'
  | 'PERSON_CONFLICT'
  | 'PERSON_UNKNOWN'
  | 'PROTOCOL_VERSION'
  | 'RATE_LIMITED'
  | 'RECEIPT_INVALID'
  | 'REPORT_CONFLICT'
  | 'REPORT_EXPIRED'
  | 'REPORT_INVALID'
  | 'REPORT_UNKNOWN'
  | 'REPORT_WITHDRAWN'
  | 'ROUND_CLOSED'
  | 'SECURE_RANDOM_UNAVAILABLE'
  | 'STORAGE_KEY_LOST'
  | 'STORAGE_UNAVAILABLE'
  | 'STUDY_CLOSED'
  | 'STUDY_CONFLICT'
  | 'STUDY_OPEN'
  | 'STUDY_UNKNOWN'
  | 'TOKEN_INVALID'
  | 'TRAINING_ABSENT'
  | 'TRAINING_DATA_INVALID'
  | 'UNAVAILABLE'
  | 'UPDATE_DUPLICATE'
  | 'UPDATE_MALFORMED'
  | 'UPDATE_OVER_NORM'
  | 'UPDATE_SHAPE';

/** What a refusal looks like on the wire. */
export type WireError = { code: ErrorCode; message: string; retryAfterMs?: number };

/**
 * Base class of every domain error. `code` is what programs test; `name` is set explicitly because
 * minifiers mangle class names.
 */
export class ChoraleError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ChoraleError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  toWire(): WireError {
    return {
      code: this.code,
      message: this.message,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
    };
  }
}

/** A device would spend more than its limit: nothing was sent. */
export class BudgetExceededError extends ChoraleError {
  constructor(message: string) {
    super('BUDGET_EXCEEDED', message);
    this.name = 'BudgetExceededError';
  }
}

/** The coordinator's manifest is not the one that was pinned, or that this device agreed to. */
export class ManifestMismatchError extends ChoraleError {
  constructor(message: string) {
    super('MANIFEST_MISMATCH', message);
    this.name = 'ManifestMismatchError';
  }
}
