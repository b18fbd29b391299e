import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { LogAction, LogContent, LogEntry, LogHead } from '@chorale/protocol';
import type { ReleaseMark } from './oversight-store.ts';
import { sealEntry } from './seal-entry.ts';

type Row = Record<string, SQLOutputValue>;

/** The log in SQLite, inside whatever transaction is open. */
export type SqliteLog = {
  append: (content: LogContent) => LogEntry;
  head: () => LogHead;
  read: (page: { after: number; limit: number }) => LogEntry[];
  lastRelease: (study: string) => ReleaseMark | null;
  lastEntry: (study: string, actions: readonly LogAction[]) => LogEntry | null;
  findExport: (entry: LogContent, since: string) => LogEntry | null;
};

export function sqliteLog(db: DatabaseSync): SqliteLog {
  const insert = db.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const selectHead = db.prepare('SELECT sequence, hash FROM log ORDER BY sequence DESC LIMIT 1');
  const select = db.prepare('SELECT * FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?');
  const selectRelease = db.prepare(
    `SELECT details FROM log WHERE subject = ? AND action = 'results-released' ORDER BY sequence DESC LIMIT 1`,
  );
  const selectExport = db.prepare(
    `SELECT * FROM log WHERE subject = ? AND action = ? AND actor = ? AND at >= ?
     AND json_extract(details, '$.numbers') = ? ORDER BY sequence DESC LIMIT 1`,
  );
  const selectLast = db.prepare(
    `SELECT * FROM log WHERE subject = ? AND action IN (SELECT value FROM json_each(?)) ORDER BY sequence DESC LIMIT 1`,
  );
  const head = (): LogHead => {
    const row = selectHead.get();
    return row === undefined
      ? { sequence: 0, hash: null }
      : { sequence: Number(row['sequence']), hash: String(row['hash']) };
  };

  return {
    head,
    append(content) {
      const entry = sealEntry(content, head());
      insert.run(...toLogColumns(entry));
      return entry;
    },
    read: ({ after, limit }) => select.all(after, limit).map(toEntry),
    lastRelease(study) {
      const row = selectRelease.get(study);
      return row === undefined ? null : { study, blocks: Number(JSON.parse(String(row['details'])).blocks) };
    },
    lastEntry(study, actions) {
      const row = selectLast.get(study, JSON.stringify(actions));
      return row === undefined ? null : toEntry(row);
    },
    findExport({ subject, action, actor, details }, since) {
      const row = selectExport.get(subject, action, JSON.stringify(actor), since, String(details['numbers']));
      return row === undefined ? null : toEntry(row);
    },
  };
}

/** An entry's values in the order of the table's columns. */
export function toLogColumns(entry: LogEntry): (string | number | null)[] {
  const { sequence, at, actor, action, subject, details, previous, hash } = entry;
  return [sequence, at, JSON.stringify(actor), action, subject, JSON.stringify(details), previous, hash];
}

function toEntry(row: Row): LogEntry {
  return {
    sequence: Number(row['sequence']),
    at: String(row['at']),
    actor: JSON.parse(String(row['actor'])),
    action: String(row['action']) as LogAction,
    subject: String(row['subject']),
    details: JSON.parse(String(row['details'])),
    previous: row['previous'] === null ? null : String(row['previous']),
    hash: String(row['hash']),
  };
}
