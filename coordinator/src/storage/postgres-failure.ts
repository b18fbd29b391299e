import { ChoraleError } from '@chorale/protocol';
import pg from 'pg';
import { StorageError } from './storage-error.ts';

/** What the server says, by SQLSTATE or its class. Messages of the server itself may hold names and values. */
const EXPLANATIONS: Record<string, string> = {
  '08': 'the connection was lost',
  '25': 'it takes no writes now',
  '28': 'it refuses the user or the password',
  '3D': 'it does not exist',
  '3F': 'its schema does not exist',
  '40': 'it undid the transaction',
  '42': 'its tables are not as they should be, or access to them is refused',
  '42501': 'access to it is refused',
  '53': 'it is short of resources',
  '53100': 'its disk is full',
  '53300': 'it has no connection left',
  '55': 'a lock was not to be had in time',
  '57': 'it was stopped',
  '57014': 'it did not answer in time',
  '57P03': 'it is starting or stopping',
  '58': 'its system failed',
  XX: 'it is damaged',
};

/** Names and codes of the network's failures. */
const NETWORK: Record<string, string> = {
  ECONNREFUSED: 'nothing listens at its address',
  ENOENT: 'nothing listens at its address',
  ENOTFOUND: 'its host is unknown',
  EAI_AGAIN: 'its host is unknown',
  ETIMEDOUT: 'it did not answer in time',
};

/** Whether the server refused the values of one statement, and nothing is wrong with the server. */
export function isRefusedValue(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(22|23|54)/.test(error.code ?? '');
}

/**
 * What a failure of Postgres means, in one line without addresses, passwords or values; the original is
 * dropped for that reason. Errors in the protocol's words are returned as they are.
 */
export function explainPostgres(error: unknown): Error {
  if (error instanceof ChoraleError) return error;
  if (error instanceof pg.DatabaseError) {
    const code = error.code ?? '';
    if (isRefusedValue(error)) return new Error(`the database refused a value (${code} ${error.constraint ?? ''})`);
    const reason = EXPLANATIONS[code] ?? EXPLANATIONS[code.slice(0, 2)] ?? 'it failed';
    return new StorageError(`database: ${reason} (${code})`);
  }
  const message = error instanceof Error ? error.message : '';
  if (/timeout/i.test(message)) return new StorageError('database: it did not answer in time');
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (NETWORK[code] !== undefined) return new StorageError(`database: ${NETWORK[code]}`);
  if (message.startsWith('SASL')) return new StorageError('database: it refuses the user or the password');
  return new StorageError('database: the connection was lost');
}
