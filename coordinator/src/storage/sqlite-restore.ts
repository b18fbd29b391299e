import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BackupRecord } from './backup-format.ts';
import { BackupInvalidError } from './backup-invalid-error.ts';
import { flushFolder, makeFolder } from './data-folder.ts';
import { makePrivate } from './private-file.ts';
import type { RestoreTarget } from './restore-target.ts';
import { toLogColumns } from './sqlite-log.ts';
import { toBlob } from './sqlite-operations.ts';
import { explainFailure, SqliteRefusal } from './sqlite-refusal.ts';
import { prepareDatabase } from './sqlite-schema.ts';
import { StorageError } from './storage-error.ts';

/**
 * Takes a data folder for a backup to be read into, and makes it when there is none. All records are one
 * transaction.
 * @throws StorageError when the folder cannot be used or holds anything already; `add` throws BackupInvalidError
 *   for records that contradict each other
 */
export function openSqliteTarget(folder: string): RestoreTarget {
  makeFolder(folder);
  const file = join(folder, 'chorale.db');
  const isNew = !existsSync(file);
  makePrivate(file);
  const inWords = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explain(error, folder);
    }
  };
  const db = inWords(() => new DatabaseSync(file));
  const close = (): void => {
    db.close();
    if (isNew) for (const suffix of ['', '-wal', '-journal']) rmSync(`${file}${suffix}`, { force: true });
  };
  try {
    prepareDatabase(db, folder);
    requireEmpty(db, folder);
    db.exec('BEGIN');
  } catch (error) {
    close();
    throw explain(error, folder);
  }
  const insert = inserter(db);

  return {
    add: async (records) => inWords(() => records.forEach(insert)),
    commit: async () =>
      inWords(() => {
        db.exec('COMMIT');
        db.close();
        flushFolder(folder);
      }),
    async abandon() {
      if (!db.isOpen) return;
      if (db.isTransaction) db.exec('ROLLBACK');
      close();
    },
  };
}

function requireEmpty(db: DatabaseSync, folder: string): void {
  const tables = ['study', 'report', 'round', 'model', 'participation', 'secret', 'person', 'draft', 'log'];
  if (tables.every((table) => db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined)) return;
  throw new SqliteRefusal('STORAGE_UNAVAILABLE', `data folder ${folder}: it is not empty; restore into a new one`);
}

function inserter(db: DatabaseSync): (record: BackupRecord) => void {
  const study = db.prepare('INSERT INTO study (id, hash, manifest, published_at) VALUES (?, ?, ?, ?)');
  const report = db.prepare('INSERT INTO report VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const round = db.prepare('INSERT INTO round VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const model = db.prepare('INSERT INTO model VALUES (?, ?, ?, ?)');
  const participation = db.prepare('INSERT INTO participation VALUES (?, ?, ?, ?)');
  const secret = db.prepare('INSERT INTO secret VALUES (?, ?)');
  const person = db.prepare('INSERT INTO person VALUES (?, ?, ?, ?)');
  const draft = db.prepare('INSERT INTO draft VALUES (?, ?, ?, ?, ?, ?, ?)');
  const end = db.prepare('INSERT INTO study_end VALUES (?, ?, ?, ?, ?)');
  const log = db.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)');

  return (record) => {
    switch (record.type) {
      case 'study':
        return void study.run(record.id, record.hash, record.manifest, record.publishedAt);
      case 'report': {
        const { sequence, participant, group, text, receivedAt, withdrawal = null, withdrawnFrom = null } = record;
        const { study: of } = record;
        return void report.run(sequence, of, participant, group, text, receivedAt, withdrawal, withdrawnFrom);
      }
      case 'round': {
        const { kind, state, modelRound, cohort, accepted, dropouts, startedAt, endedAt, reason } = record;
        const texts = [startedAt, endedAt, reason, toJson(record.histogram), toJson(record.shape)];
        const counts = [modelRound, cohort, accepted, dropouts];
        return void round.run(record.study, record.round, kind, state, ...counts, ...texts);
      }
      case 'model': {
        const { parameters, optimizer } = record;
        return void model.run(record.study, record.modelRound, toBlob(parameters), toBlob(optimizer));
      }
      case 'participation':
        return void participation.run(record.study, record.participant, record.updates, record.latestRound);
      case 'secret':
        return void secret.run(record.name, record.value);
      case 'person':
        return void person.run(record.name, record.role, record.tokenHash, record.addedAt);
      case 'draft': {
        const { hash, manifest, proposer, proposedAt, approval } = record;
        const approved = [approval?.approver ?? null, approval?.at ?? null];
        return void draft.run(record.study, hash, manifest, proposer, proposedAt, ...approved);
      }
      case 'end-of-study': {
        const { study: id, closedAt, purged } = record;
        return void end.run(id, closedAt, purged?.at ?? null, purged?.voices ?? null, purged?.released ?? null);
      }
      case 'log':
        return void log.run(...toLogColumns(record));
    }
  };
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function explain(error: unknown, folder: string): unknown {
  if (error instanceof SqliteRefusal) return new StorageError(error.message);
  if (isConstraint(error)) return new BackupInvalidError('its records contradict each other', { cause: error });
  const explanation = explainFailure(error, folder);
  return explanation === null ? error : new StorageError(explanation, { cause: error });
}

/** SQLITE_CONSTRAINT, whose kinds are told by higher bits. */
function isConstraint(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 19;
}
