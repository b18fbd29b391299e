import type { LogAction, LogContent, LogEntry, LogHead } from '@chorale/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { ReleaseMark } from './oversight-store.ts';
import type { PostgresTables } from './postgres-schema.ts';
import { sealEntry } from './seal-entry.ts';

type Db = Kysely<PostgresTables>;

/**
 * Appends an entry within a transaction. Writers on all nodes take turns from here until they commit, so that each binds
 * its entry to the last one; it is the last lock that a transaction takes, so nobody waits in a circle.
 */
export async function appendLog(transaction: Db, content: LogContent): Promise<LogEntry> {
  await lockLog(transaction);
  const entry = sealEntry(content, await logHead(transaction));
  await transaction.insertInto('log').values(toLogRow(entry)).execute();
  return entry;
}

/** Readers go on; whoever would append waits. */
export async function lockLog(transaction: Db): Promise<void> {
  await sql`LOCK TABLE log IN SHARE ROW EXCLUSIVE MODE`.execute(transaction);
}

export async function logHead(db: Db): Promise<LogHead> {
  const row = await db
    .selectFrom('log')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? { sequence: 0, hash: null };
}

export async function lastRelease(db: Db, study: string): Promise<ReleaseMark | null> {
  const row = await db
    .selectFrom('log')
    .select('details')
    .where('subject', '=', study)
    .where('action', '=', 'results-released')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { study, blocks: Number(JSON.parse(row.details).blocks) };
}

export async function lastEntry(db: Db, study: string, actions: readonly LogAction[]): Promise<LogEntry | null> {
  const row = await db
    .selectFrom('log')
    .selectAll()
    .where('subject', '=', study)
    .where('action', 'in', actions)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : fromLogRow(row);
}

/** The latest entry since a moment by which the same actor was given the same numbers. */
export async function findExport(db: Db, entry: LogContent, since: string): Promise<LogEntry | null> {
  const row = await db
    .selectFrom('log')
    .selectAll()
    .where('subject', '=', entry.subject)
    .where('action', '=', entry.action)
    .where('actor', '=', JSON.stringify(entry.actor))
    .where('at', '>=', since)
    .where(sql<string>`details::json->>'numbers'`, '=', String(entry.details['numbers']))
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : fromLogRow(row);
}

export async function readLog(db: Db, { after, limit }: { after: number; limit?: number }): Promise<LogEntry[]> {
  const all = db.selectFrom('log').selectAll().where('sequence', '>', after).orderBy('sequence');
  return (await (limit === undefined ? all : all.limit(limit)).execute()).map(fromLogRow);
}

export function toLogRow(entry: LogEntry): PostgresTables['log'] {
  const { sequence, at, actor, action, subject, details, previous, hash } = entry;
  const texts = { actor: JSON.stringify(actor), details: JSON.stringify(details) };
  return { sequence, at, action, subject, previous, hash, ...texts };
}

function fromLogRow(row: Selectable<PostgresTables['log']>): LogEntry {
  return { ...row, actor: JSON.parse(row.actor), details: JSON.parse(row.details) };
}
