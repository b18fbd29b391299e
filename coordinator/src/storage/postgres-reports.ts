import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import { type Kysely, type Selectable, sql } from 'kysely';
import { refusals } from './oversight-refusals.ts';
import { explainPostgres, isRefusedValue } from './postgres-failure.ts';
import type { PostgresTables } from './postgres-schema.ts';
import { fromReportRow } from './postgres-rows.ts';
import type { ReportOutcome, ReportRecord, Store, StoredReport, Withdrawal } from './store.ts';

type Outcome = PromiseSettledResult<ReportOutcome>;
type Known = Pick<StoredReport, 'text' | 'receivedAt' | 'withdrawnFrom'>;

/**
 * Stores reports in one transaction, with the outcomes that they would have one after the other.
 * @throws when nothing is known of any of them: the database failed
 */
export async function writeReports(db: Kysely<PostgresTables>, reports: readonly ReportRecord[]): Promise<Outcome[]> {
  try {
    return await writeTogether(db, reports);
  } catch (error) {
    if (!isRefusedValue(error)) throw error;
    if (reports.length === 1) return [{ status: 'rejected', reason: explainPostgres(error) }];
  }
  // The database does not say whose value it refused. Alone, each report fails for itself only.
  const outcomes: Outcome[] = [];
  for (const report of reports) outcomes.push(...(await writeReports(db, [report])));
  return outcomes;
}

async function writeTogether(db: Kysely<PostgresTables>, reports: readonly ReportRecord[]): Promise<Outcome[]> {
  // Of one participant's reports in this batch only the first can be stored; the others meet it there.
  const firsts = new Map<string, ReportRecord>();
  for (const report of reports) if (!firsts.has(keyOf(report))) firsts.set(keyOf(report), report);

  const { studies, closed, stored, known } = await db.transaction().execute(async (transaction) => {
    const there = await lockStudies(transaction, [...new Set(reports.map(({ study }) => study))]);
    const ended = await closedOf(transaction, [...there]);
    const candidates = [...firsts.values()].filter(({ study }) => there.has(study));
    const inserted = await insert(
      transaction,
      candidates.filter(({ study }) => !ended.has(study)),
    );
    const others = candidates.filter((report) => !inserted.has(keyOf(report)));
    return { studies: there, closed: ended, stored: inserted, known: await select(transaction, others) };
  });

  return reports.map((report): Outcome => {
    const key = keyOf(report);
    if (!studies.has(report.study)) return refused(...refusals.unknownStudy);
    const first = firsts.get(key)!;
    if (first === report && stored.has(key)) return outcome('stored', report);
    const kept: Known | undefined = stored.has(key) ? first : known.get(key);
    if (kept?.withdrawnFrom !== undefined) return refused('REPORT_WITHDRAWN', 'this report was withdrawn');
    if (kept?.text === report.text) return outcome('duplicate', kept);
    if (closed.has(report.study)) return refused(...refusals.closed);
    return refused('REPORT_CONFLICT', 'another report was accepted for this invitation');
  });
}

/**
 * Which of the studies exist, locked for this transaction against writers of reports on all nodes.
 *
 * Readers page by "sequence above the last one seen", so within a study a lower sequence must never
 * become visible after a higher one. Sequences are drawn when a row is inserted but rows show when
 * their transaction commits, and two open transactions may commit in the other order. With the study
 * locked there are no two: whoever draws the next sequence has waited until all rows with lower ones
 * were committed, or will never be. Locked in one order, so that nobody waits in a circle.
 *
 * A series is read in one order, too, so whoever writes to a wave locks all of them. Two writers have at least the
 * series' first wave in common, whichever waves were there when each began.
 */
async function lockStudies(db: Kysely<PostgresTables>, ids: string[]): Promise<Set<string>> {
  const query = sql<{ id: string }>`
    SELECT id FROM study
    WHERE id = ANY(${ids}) OR series IN (SELECT series FROM study WHERE id = ANY(${ids}))
    ORDER BY id FOR NO KEY UPDATE`;
  const { rows } = await query.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Which of these studies take no more reports; asked with their rows locked, so that none is closed meanwhile. */
async function closedOf(db: Kysely<PostgresTables>, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db.selectFrom('study_end').select('study').where('study', 'in', ids).execute();
  return new Set(rows.map(({ study }) => study));
}

/** The keys of those that were not there yet; their sequences grow in the order given. */
async function insert(db: Kysely<PostgresTables>, reports: readonly ReportRecord[]): Promise<Set<string>> {
  if (reports.length === 0) return new Set();
  const column = (name: keyof ReportRecord) => sql`${reports.map((report) => report[name] ?? null)}::text[]`;
  const { rows } = await sql<{ study: string; participant: string }>`
    INSERT INTO report (study, participant, group_id, text, received_at, withdrawal)
    SELECT study, participant, group_id, text, received_at, withdrawal
    FROM unnest(${column('study')}, ${column('participant')}, ${column('group')}, ${column('text')}, ${column('receivedAt')},
        ${column('withdrawal')})
      WITH ORDINALITY AS new (study, participant, group_id, text, received_at, withdrawal, position)
    ORDER BY position
    ON CONFLICT (study, participant) DO NOTHING
    RETURNING study, participant`.execute(db);
  return new Set(rows.map(keyOf));
}

async function select(db: Kysely<PostgresTables>, reports: readonly ReportRecord[]): Promise<Map<string, Known>> {
  if (reports.length === 0) return new Map();
  const column = (name: 'study' | 'participant') => sql`${reports.map((report) => report[name])}::text[]`;
  const { rows } = await sql<Selectable<PostgresTables['report']>>`
    SELECT report.* FROM report
    JOIN unnest(${column('study')}, ${column('participant')}) AS asked (study, participant)
      USING (study, participant)`.execute(db);
  return new Map(rows.map((row) => [keyOf(row), fromReportRow(row)]));
}

/**
 * See `Store.withdrawReport`. With the study locked nobody stores a report of it between the look and the change, and
 * the new sequence is above all that can be read.
 */
export async function withdrawReport(
  db: Kysely<PostgresTables>,
  withdrawal: Withdrawal,
): ReturnType<Store['withdrawReport']> {
  const { study, participant, counted, room } = withdrawal;
  return db.transaction().execute(async (transaction) => {
    await lockStudies(transaction, [study]);
    const row = await transaction
      .selectFrom('report')
      .selectAll()
      .where('study', '=', study)
      .where('participant', '=', participant)
      .executeTakeFirst();
    if (row === undefined) throw new RangeError('participant must have a report in this study');
    if (row.withdrawn_from !== null) return 'withdrawn';
    const { count } = await transaction
      .selectFrom('report')
      .select((of) => of.fn.countAll<string>().as('count'))
      .where('study', '=', study)
      .where('group_id', '=', row.group_id)
      .where('sequence', '>', String(counted))
      .where('withdrawn_from', 'is', null)
      .executeTakeFirstOrThrow();
    if (Number(count) >= room) return 'crowded';
    const { sequence, ...rest } = row;
    await transaction.deleteFrom('report').where('sequence', '=', sequence).execute();
    await transaction
      .insertInto('report')
      .values({ ...rest, text: '', withdrawn_from: sequence })
      .execute();
    return 'withdrawn';
  });
}

function keyOf({ study, participant }: { study: string; participant: string }): string {
  return JSON.stringify([study, participant]);
}

function outcome(state: ReportOutcome['state'], { receivedAt }: Known): Outcome {
  return { status: 'fulfilled', value: { state, receivedAt } };
}

function refused(code: ErrorCode, message: string): Outcome {
  return { status: 'rejected', reason: new ChoraleError(code, message) };
}
