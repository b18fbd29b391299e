import { randomBytes } from 'node:crypto';
import { ChoraleError } from '@chorale/protocol';
import { type Kysely, sql } from 'kysely';
import { idTaken, refusals } from './oversight-refusals.ts';
import { appendLog, readLog } from './postgres-log.ts';
import { listDrafts, listPersons, listStudyEnds, postgresOversight } from './postgres-oversight.ts';
import { withdrawReport } from './postgres-reports.ts';
import {
  toRoundRow,
  toSecretRow,
  toStudyRow,
  fromModelRow,
  fromParticipationRow,
  fromReportRow,
  fromRoundRow,
  fromSecretRow,
  fromStudyRow,
  toModelRow,
} from './postgres-rows.ts';
import type { PostgresTables } from './postgres-schema.ts';
import type { ModelRecord, ReportExtent, RoundOwner, RoundRecord, Store } from './store.ts';

/** The store's methods as SQL, except for reports, which are written together, and the end of it all. */
export type PostgresOperations = Omit<Store, 'addReport' | 'close'>;

/** Each does all of its change in one transaction, or none of it. */
export function postgresOperations(db: Kysely<PostgresTables>): PostgresOperations {
  return {
    ...postgresOversight(db),
    putStudy: (study, entry) =>
      db.transaction().execute(async (transaction) => {
        const { id, hash } = study;
        const inserted = await transaction
          .insertInto('study')
          .values(toStudyRow(study))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        if (inserted.numInsertedOrUpdatedRows === 1n) {
          if (entry !== undefined) await appendLog(transaction, entry);
          return 'created';
        }
        const known = await transaction.selectFrom('study').select('hash').where('id', '=', id).executeTakeFirst();
        if (known?.hash === hash) return 'unchanged';
        throw new ChoraleError(...idTaken(id));
      }),
    async getStudy(id) {
      const row = await db.selectFrom('study').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : fromStudyRow(row);
    },
    listStudies: () => listStudies(db),

    async countReports(study) {
      const end = await db.selectFrom('study_end').select('voices').where('study', '=', study).executeTakeFirst();
      if (typeof end?.voices === 'number') return end.voices;
      const { count } = await db
        .selectFrom('report')
        .select((of) => of.fn.countAll<string>().as('count'))
        .where('study', '=', study)
        .where('withdrawn_from', 'is', null)
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    async readReport(study, participant) {
      const row = await db
        .selectFrom('report')
        .selectAll()
        .where('study', '=', study)
        .where('participant', '=', participant)
        .executeTakeFirst();
      return row === undefined ? null : fromReportRow(row);
    },
    withdrawReport: (withdrawal) => withdrawReport(db, withdrawal),
    async readReports(study, { after, limit }) {
      const rows = await db
        .selectFrom('report')
        .selectAll()
        .where('study', '=', study)
        .where('sequence', '>', String(after))
        .orderBy('sequence')
        .limit(limit)
        .execute();
      return rows.map(fromReportRow);
    },
    async readSeriesReports(series, { after, limit }) {
      // Waves and reports in one statement, hence of one moment: a wave that is seen too late would be read out of order.
      const rows = await db
        .selectFrom('report')
        .selectAll()
        .where('study', 'in', (of) => of.selectFrom('study').select('id').where('series', '=', series))
        .where('sequence', '>', String(after))
        .orderBy('sequence')
        .limit(limit)
        .execute();
      return rows.map(fromReportRow);
    },

    openRound: (round, by) =>
      db.transaction().execute(async (transaction) => {
        await requireOwner(transaction, round.study, by);
        await insertRound(transaction, round);
      }),
    endRound: (record, model, by) =>
      db.transaction().execute(async (transaction) => {
        const { study, round, state } = record;
        if (state === 'open') throw new TypeError('state must be committed or abandoned, got open');
        await requireOwner(transaction, study, by);
        const { cohort, accepted, dropouts, ended_at, reason, histogram, shape } = toRoundRow(record);
        const { numUpdatedRows } = await transaction
          .updateTable('round')
          .set({ state, cohort, accepted, dropouts, ended_at, reason, histogram, shape })
          .where('study', '=', study)
          .where('round', '=', round)
          .where('state', '=', 'open')
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) throw new RangeError(`round ${round} of study ${study} is not open`);
        await countParticipations(transaction, { study, round, participants: by?.participants ?? [] });
        if (model !== null) await putModel(transaction, model);
        if (by?.next != null) await insertRound(transaction, by.next);
      }),
    abandonOpenRounds: ({ study, reason, endedAt, ...by }) =>
      db.transaction().execute(async (transaction) => {
        await requireOwner(transaction, study, by);
        const { numUpdatedRows } = await transaction
          .updateTable('round')
          .set({ state: 'abandoned', reason, ended_at: endedAt })
          .where('study', '=', study)
          .where('state', '=', 'open')
          .executeTakeFirst();
        return Number(numUpdatedRows);
      }),
    async readRounds(study) {
      const rows = await db.selectFrom('round').selectAll().where('study', '=', study).orderBy('round').execute();
      return rows.map(fromRoundRow);
    },
    async readParticipations(study) {
      return (await db.selectFrom('participation').selectAll().where('study', '=', study).execute()).map(
        fromParticipationRow,
      );
    },
    async latestModel(study) {
      const row = await db.selectFrom('model').selectAll().where('study', '=', study).executeTakeFirst();
      return row === undefined ? null : fromModelRow(row);
    },

    async secret(name, bytes) {
      // Of two nodes one inserts; the other waits for it here, inserts nothing, and reads what is there.
      await db
        .insertInto('secret')
        .values(toSecretRow({ name, value: randomBytes(bytes) }))
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute();
      const row = await db.selectFrom('secret').selectAll().where('name', '=', name).executeTakeFirstOrThrow();
      const { value } = fromSecretRow(row);
      if (value.length === bytes) return value;
      throw new RangeError(`bytes must be what secret ${name} was made with, got ${bytes}`);
    },

    snapshot: () =>
      db
        .transaction()
        .setIsolationLevel('repeatable read')
        .setAccessMode('read only')
        .execute(async (transaction) => ({
          studies: await listStudies(transaction),
          reports: await listExtents(transaction),
          rounds: (await transaction.selectFrom('round').selectAll().orderBy('study').orderBy('round').execute()).map(
            fromRoundRow,
          ),
          models: (await transaction.selectFrom('model').selectAll().orderBy('study').execute()).map(fromModelRow),
          participations: (
            await transaction.selectFrom('participation').selectAll().orderBy('study').orderBy('participant').execute()
          ).map(fromParticipationRow),
          secrets: (await transaction.selectFrom('secret').selectAll().orderBy('name').execute()).map(fromSecretRow),
          persons: await listPersons(transaction),
          drafts: await listDrafts(transaction),
          ends: await listStudyEnds(transaction),
          log: await readLog(transaction, { after: 0 }),
        })),
    async ready() {
      const { numUpdatedRows } = await db
        .updateTable('heartbeat')
        .set({ beats: sql`beats + 1` })
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw new RangeError('the heartbeat has no row');
    },
  };
}

async function listStudies(db: Kysely<PostgresTables>): ReturnType<Store['listStudies']> {
  return (await db.selectFrom('study').selectAll().orderBy('position').execute()).map(fromStudyRow);
}

async function listExtents(db: Kysely<PostgresTables>): Promise<ReportExtent[]> {
  const rows = await db
    .selectFrom('report')
    .select((of) => ['study', of.fn.countAll<string>().as('count'), of.fn.max('sequence').as('last')])
    .groupBy('study')
    .orderBy('study')
    .execute();
  return rows.map(({ study, count, last }) => ({ study, count: Number(count), lastSequence: Number(last) }));
}

/** Keeps another node from taking the rounds over until the transaction has ended. @throws RangeError */
async function requireOwner(db: Kysely<PostgresTables>, study: string, by: RoundOwner | undefined): Promise<void> {
  if (by?.owner === undefined) return;
  const row = await db
    .selectFrom('training')
    .select('owner')
    .where('study', '=', study)
    .where('owner', '=', by.owner)
    .forShare()
    .executeTakeFirst();
  if (row === undefined) throw new RangeError(`owner must be the node that runs study ${study}, got ${by.owner}`);
}

async function insertRound(db: Kysely<PostgresTables>, round: RoundRecord): Promise<void> {
  if (round.state !== 'open') throw new TypeError(`state must be open, got ${round.state}`);
  // Whoever closes the study waits for this transaction, or this one for them.
  await db.selectFrom('study').select('id').where('id', '=', round.study).forKeyShare().execute();
  const end = await db.selectFrom('study_end').select('study').where('study', '=', round.study).executeTakeFirst();
  if (end !== undefined) throw new ChoraleError(...refusals.closed);
  await db.insertInto('round').values(toRoundRow(round)).execute();
}

async function countParticipations(
  db: Kysely<PostgresTables>,
  { study, round, participants }: { study: string; round: number; participants: readonly string[] },
): Promise<void> {
  if (participants.length === 0) return;
  await sql`
    INSERT INTO participation (study, participant, updates, latest_round)
    SELECT ${study}, participant, 1, ${round}::int FROM unnest(${participants}::text[]) AS participant
    ON CONFLICT (study, participant) DO UPDATE
    SET updates = participation.updates + 1,
      latest_round = greatest(participation.latest_round, excluded.latest_round)`.execute(db);
}

/** @throws RangeError for a model that is no newer than the stored one */
async function putModel(db: Kysely<PostgresTables>, model: ModelRecord): Promise<void> {
  const { study, ...row } = toModelRow(model);
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('model')
    .values({ study, ...row })
    .onConflict((conflict) =>
      conflict.column('study').doUpdateSet(row).where('model.model_round', '<', row.model_round),
    )
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 1n) return;
  throw new RangeError(`modelRound must be above that of the stored model, got ${row.model_round}`);
}
