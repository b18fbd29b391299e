import type { DatabaseSync } from 'node:sqlite';
import { SqliteRefusal } from './sqlite-refusal.ts';

/** Marks a file as this program's: "CHOR". */
const APPLICATION_ID = 0x43484f52;

/** One entry a version, never edited after its release: a data folder runs those that it has not seen. */
const MIGRATIONS = [
  `
  CREATE TABLE study (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    manifest TEXT NOT NULL,
    published_at TEXT NOT NULL
  ) STRICT;

  -- AUTOINCREMENT: a sequence is never used twice, not even after the newest report was deleted.
  CREATE TABLE report (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    study TEXT NOT NULL REFERENCES study (id),
    participant TEXT NOT NULL,
    group_id TEXT NOT NULL,
    text TEXT NOT NULL,
    received_at TEXT NOT NULL,
    UNIQUE (study, participant)
  ) STRICT;
  CREATE INDEX report_by_study ON report (study, sequence);

  CREATE TABLE round (
    study TEXT NOT NULL REFERENCES study (id),
    round INTEGER NOT NULL CHECK (round >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('train', 'evaluate')),
    state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'abandoned')),
    model_round INTEGER NOT NULL,
    cohort INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    dropouts INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    reason TEXT,
    histogram TEXT,
    PRIMARY KEY (study, round),
    CHECK ((state = 'open') = (ended_at IS NULL))
  ) STRICT, WITHOUT ROWID;

  -- The latest model alone: a task of many rounds would otherwise fill the disk.
  CREATE TABLE model (
    study TEXT PRIMARY KEY REFERENCES study (id),
    model_round INTEGER NOT NULL,
    parameters BLOB NOT NULL
  ) STRICT;

  CREATE TABLE secret (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  `,
  `
  ALTER TABLE round ADD COLUMN shape TEXT;

  -- One row, written to learn whether writing works.
  CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), beats INTEGER NOT NULL) STRICT;
  INSERT INTO heartbeat VALUES (1, 0);
  `,
  `
  -- What the server's rule remembers of earlier rounds; null for nothing.
  ALTER TABLE model ADD COLUMN optimizer BLOB;
  `,
  `
  -- Training updates that were accepted, where a task limits them.
  CREATE TABLE participation (
    study TEXT NOT NULL REFERENCES study (id),
    participant TEXT NOT NULL,
    updates INTEGER NOT NULL CHECK (updates >= 1),
    latest_round INTEGER NOT NULL,
    PRIMARY KEY (study, participant)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- SHA-256 of the secret that may withdraw a report. A withdrawn one has no text, and knows its sequence of before.
  ALTER TABLE report ADD COLUMN withdrawal TEXT;
  ALTER TABLE report ADD COLUMN withdrawn_from INTEGER CHECK (withdrawn_from IS NULL OR text = '');
  `,
  `
  ALTER TABLE study ADD COLUMN series TEXT GENERATED ALWAYS AS (json_extract(manifest, '$.series')) VIRTUAL;
  CREATE INDEX study_by_series ON study (series);
  `,
  `
  -- Who may do more than read; of their tokens only the hashes.
  CREATE TABLE person (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    added_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- Studies that are not published yet. What was approved is this very row's manifest, and not by its proposer.
  CREATE TABLE draft (
    study TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    manifest TEXT NOT NULL,
    proposer TEXT NOT NULL,
    proposed_at TEXT NOT NULL,
    approver TEXT CHECK (approver <> proposer),
    approved_at TEXT,
    CHECK ((approver IS NULL) = (approved_at IS NULL))
  ) STRICT, WITHOUT ROWID;

  -- Studies that take no more reports; of a purged one, what was released of those that it had.
  CREATE TABLE study_end (
    study TEXT PRIMARY KEY REFERENCES study (id),
    closed_at TEXT NOT NULL,
    purged_at TEXT,
    voices INTEGER,
    released TEXT,
    CHECK ((purged_at IS NULL) = (voices IS NULL) AND (purged_at IS NULL) = (released IS NULL))
  ) STRICT, WITHOUT ROWID;

  -- Append-only: each entry holds the hash of the one before. Nothing here updates or deletes a row.
  CREATE TABLE log (
    sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    details TEXT NOT NULL,
    previous TEXT,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX log_by_subject ON log (subject, action, sequence);
  `,
];

/**
 * Takes the database for this process alone and brings its schema up to date, in one transaction.
 * @throws SqliteRefusal when the file belongs to another program or to a newer version of this one.
 */
export function prepareDatabase(db: DatabaseSync, folder: string): void {
  // Set before the first access: SQLite then holds the file's lock until the connection closes or the
  // process dies, and needs no shared memory beside the write-ahead log.
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  // Where a flush ends in the drive's cache (macOS), one that does not.
  db.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON');
  db.exec('PRAGMA foreign_keys = ON');
  // What is deleted, a report, is overwritten in the file.
  db.exec('PRAGMA secure_delete = ON');
  db.exec('BEGIN EXCLUSIVE');
  try {
    migrate(db, folder);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

function migrate(db: DatabaseSync, folder: string): void {
  const version = readNumber(db, 'PRAGMA user_version');
  const isOurs = readNumber(db, 'PRAGMA application_id') === APPLICATION_ID;
  const isEmpty = readNumber(db, 'SELECT count(*) FROM sqlite_schema') === 0;
  if (!isOurs && !isEmpty)
    throw new SqliteRefusal('STORAGE_UNAVAILABLE', `data folder ${folder}: its chorale.db belongs to another program`);
  if (version > MIGRATIONS.length)
    throw new SqliteRefusal(
      'STORAGE_UNAVAILABLE',
      `data folder ${folder}: it was written by a newer version of Chorale`,
    );
  for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
}

function readNumber(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}
