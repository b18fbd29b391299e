import { type Insertable, type Kysely, sql } from 'kysely';
import type { BackupRecord } from './backup-format.ts';
import { BackupInvalidError } from './backup-invalid-error.ts';
import { connectPostgres, type PostgresOptions } from './postgres-connections.ts';
import { explainPostgres, isRefusedValue } from './postgres-failure.ts';
import { toLogRow } from './postgres-log.ts';
import { toDraftRow, toEndRow, toPersonRow } from './postgres-oversight.ts';
import { toModelRow, toParticipationRow, toReportRow, toRoundRow, toSecretRow, toStudyRow } from './postgres-rows.ts';
import { type PostgresTables, prepareSchema } from './postgres-schema.ts';
import type { RestoreTarget } from './restore-target.ts';
import { StorageError } from './storage-error.ts';

/** Tables that a backup fills, those first that others refer to. */
const TABLES = [
  'study',
  'round',
  'model',
  'participation',
  'secret',
  'person',
  'draft',
  'study_end',
  'log',
  'report',
] as const;

/**
 * Takes a database for a backup to be read into, and makes its tables when there are none. All records
 * are one transaction; nodes that use the database meanwhile wait.
 * @throws StorageError when the database cannot be used or holds anything already; `add` throws BackupInvalidError
 *   for records that contradict each other
 */
export async function openPostgresTarget(databaseUrl: string, options: PostgresOptions = {}): Promise<RestoreTarget> {
  const db = connectPostgres(databaseUrl, options);
  const begin = async () => {
    await prepareSchema(db, options.schema);
    const opened = await db.startTransaction().execute();
    try {
      await takeEmpty(opened);
      return opened;
    } catch (error) {
      await opened.rollback().execute();
      throw error;
    }
  };
  const transaction = await inWords(begin).catch(async (error: unknown) => {
    await db.destroy();
    throw error;
  });
  let isOpen = true;

  return {
    add: (records) => inWords(() => insert(transaction, records)),
    commit: () =>
      inWords(async () => {
        // Sequences go on behind what was restored: none is used twice.
        for (const [table, column] of [
          ['study', 'position'],
          ['report', 'sequence'],
        ] as const) {
          await sql`SELECT setval(pg_get_serial_sequence(${table}, ${column}), max(${sql.ref(column)}))
            FROM ${sql.table(table)} HAVING count(*) > 0`.execute(transaction);
        }
        await transaction.commit().execute();
        isOpen = false;
        await db.destroy();
      }),
    async abandon() {
      if (!isOpen) return;
      isOpen = false;
      // The server undoes a transaction whose connection ends, too.
      await transaction
        .rollback()
        .execute()
        .catch(() => undefined);
      await db.destroy();
    },
  };
}

async function takeEmpty(db: Kysely<PostgresTables>): Promise<void> {
  await sql`LOCK TABLE ${sql.join(TABLES.map((table) => sql.table(table)))} IN ACCESS EXCLUSIVE MODE`.execute(db);
  for (const table of TABLES) {
    const row = await sql`SELECT 1 FROM ${sql.table(table)} LIMIT 1`.execute(db);
    if (row.rows.length > 0) throw new StorageError('database: it is not empty; restore into a new one');
  }
}

async function insert(db: Kysely<PostgresTables>, records: readonly BackupRecord[]): Promise<void> {
  const of = <Type extends BackupRecord['type']>(type: Type) =>
    records.filter((record): record is Extract<BackupRecord, { type: Type }> => record.type === type);
  const put = async <Table extends keyof PostgresTables>(
    table: Table,
    rows: Insertable<PostgresTables[Table]>[],
  ): Promise<void> => {
    if (rows.length > 0) await db.insertInto(table).values(rows).execute();
  };
  await put('study', of('study').map(toStudyRow));
  await put('round', of('round').map(toRoundRow));
  await put('model', of('model').map(toModelRow));
  await put('participation', of('participation').map(toParticipationRow));
  await put('secret', of('secret').map(toSecretRow));
  await put('person', of('person').map(toPersonRow));
  await put('draft', of('draft').map(toDraftRow));
  await put('study_end', of('end-of-study').map(toEndRow));
  await put('log', of('log').map(toLogRow));
  await put('report', of('report').map(toReportRow));
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // What it said is left out: it holds values.
    throw isRefusedValue(error) ? new BackupInvalidError('its records contradict each other') : explainPostgres(error);
  }
}
