import type { ErrorCode } from '@chorale/protocol';
import type { SqliteOperations } from './sqlite-operations.ts';

/** What the store asks of its worker; `close` is answered after everything before it was written. */
export type SqliteRequest =
  | {
      [Name in keyof SqliteOperations]: { id: number; name: Name; args: Parameters<SqliteOperations[Name]> };
    }[keyof SqliteOperations]
  | { id: number; name: 'close'; args: [] };

/** How the worker answers one request. Errors travel as what they are made of: threads share no classes. */
export type SqliteReply = { id: number } & ({ value: unknown } | { failure: SqliteFailure });
export type SqliteFailure =
  | { type: 'refusal'; code: ErrorCode; message: string }
  | { type: 'unexpected'; error: unknown };
