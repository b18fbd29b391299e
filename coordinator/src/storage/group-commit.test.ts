import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { GroupCommit } from './group-commit.ts';

/** A database that numbers are inserted into; `done` sees what a second connection can read by then. */
function numbers({ isSingleChange = false } = {}) {
  const path = join(temporaryFolder(), 'numbers.db');
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE number (value INTEGER PRIMARY KEY, padding TEXT)');
  const reader = new DatabaseSync(path);
  onTestFinished(() => [db, reader].forEach((connection) => connection.close()));
  const visible = () =>
    reader
      .prepare('SELECT value FROM number ORDER BY value')
      .all()
      .map((row) => Number(row['value']));

  const transactions: { replies: string[]; visible: number[] }[] = [];
  const commit = new GroupCommit<number, string>({
    db,
    run: (value) => {
      db.prepare('INSERT INTO number VALUES (?, ?)').run(value, 'x'.repeat(1000));
      if (value < 0) throw new Error('negative');
      return `kept ${value}`;
    },
    isSingleChange: () => isSingleChange,
    fail: (value, error) => `${value}: ${error instanceof Error ? error.message : 'unknown'}`,
    done: (replies) => transactions.push({ replies, visible: visible() }),
  });
  return { db, commit, visible, transactions };
}

it('writes everything that waits in one transaction, and replies after it', () => {
  const { commit, transactions } = numbers();
  [1, 2, 3].forEach((value) => commit.add(value));
  expect(transactions).toEqual([]);
  commit.flush();
  expect(transactions).toEqual([{ replies: ['kept 1', 'kept 2', 'kept 3'], visible: [1, 2, 3] }]);
});

it('undoes a request that fails, and that one alone', () => {
  const { commit, transactions } = numbers();
  [1, -2, 1, 3].forEach((value) => commit.add(value));
  commit.flush();
  expect(transactions[0]!.replies).toEqual(['kept 1', '-2: negative', expect.stringContaining('UNIQUE'), 'kept 3']);
  expect(transactions[0]!.visible).toEqual([1, 3]);
});

it('leaves it to the database to undo a single change that fails', () => {
  const { commit, transactions } = numbers({ isSingleChange: true });
  [1, 1, 3].forEach((value) => commit.add(value));
  commit.flush();
  expect(transactions[0]!.replies).toEqual(['kept 1', expect.stringContaining('UNIQUE'), 'kept 3']);
  expect(transactions[0]!.visible).toEqual([1, 3]);
});

it('undoes a request that is alone in its transaction', () => {
  const { db, commit, transactions } = numbers();
  commit.add(-1);
  commit.flush();
  expect(transactions).toEqual([{ replies: ['-1: negative'], visible: [] }]);
  expect(db.isTransaction).toBe(false);
  commit.add(2);
  commit.flush();
  expect(transactions[1]).toEqual({ replies: ['kept 2'], visible: [2] });
});

it.each([{ isSingleChange: false }, { isSingleChange: true }])(
  'keeps nothing of a transaction that cannot be written, says so to all, and goes on: %o',
  (options) => {
    const { db, commit, visible, transactions } = numbers(options);
    db.exec('PRAGMA max_page_count = 8');
    const many = Array.from({ length: 50 }, (_, i) => i);
    many.forEach((value) => commit.add(value));
    commit.flush();
    expect(transactions[0]!.replies).toEqual(many.map((value) => `${value}: database or disk is full`));
    expect(visible()).toEqual([]);

    db.exec('PRAGMA max_page_count = 1000');
    commit.add(1);
    commit.flush();
    expect(visible()).toEqual([1]);
  },
);
