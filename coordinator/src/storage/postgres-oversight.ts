import { ChoraleError } from '@chorale/protocol';
import type { Kysely, Selectable } from 'kysely';
import { idTaken, nameTaken, notApprovable, refusals, type Refusal, wrongVersion } from './oversight-refusals.ts';
import type { DraftRecord, DraftVersion, OversightStore, PersonRecord, StudyEnd } from './oversight-store.ts';
import { appendLog, findExport, lastEntry, lastRelease, lockLog, logHead, readLog } from './postgres-log.ts';
import type { PostgresTables } from './postgres-schema.ts';

type Db = Kysely<PostgresTables>;

/** Persons, drafts, ends of studies and the log: each change in one transaction with its entry, or not at all. */
export function postgresOversight(db: Db): OversightStore {
  const within = <T>(work: (transaction: Db) => Promise<T>): Promise<T> => db.transaction().execute(work);

  return {
    addPerson: (person, entry) =>
      within(async (transaction) => {
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('person')
          .values(toPersonRow(person))
          .onConflict((conflict) => conflict.column('name').doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows !== 1n) refuse(nameTaken(person.name));
        await appendLog(transaction, entry);
      }),
    removePerson: (name, entry) =>
      within(async (transaction) => {
        const { numDeletedRows } = await transaction.deleteFrom('person').where('name', '=', name).executeTakeFirst();
        if (numDeletedRows !== 1n) refuse(refusals.unknownPerson);
        await appendLog(transaction, entry);
      }),
    listPersons: () => listPersons(db),
    async findPerson(tokenHash) {
      const row = await db.selectFrom('person').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
      return row === undefined ? null : fromPersonRow(row);
    },

    putDraft: (draft, entry) =>
      within(async (transaction) => {
        await requireUnpublished(transaction, draft.study);
        const known = await lockDraft(transaction, draft.study);
        if (known?.hash === draft.hash) return 'unchanged';
        const { study, ...row } = toDraftRow(draft);
        await transaction
          .insertInto('draft')
          .values({ study, ...row })
          .onConflict((conflict) => conflict.column('study').doUpdateSet(row))
          .execute();
        await appendLog(transaction, entry);
        return known === null ? 'created' : 'changed';
      }),
    async getDraft(study) {
      const row = await db.selectFrom('draft').selectAll().where('study', '=', study).executeTakeFirst();
      return row === undefined ? null : fromDraftRow(row);
    },
    listDrafts: () => listDrafts(db),
    approveDraft: ({ approver, at, ...version }, entry) =>
      within(async (transaction) => {
        refuse(notApprovable(await lockVersion(transaction, version), approver));
        await transaction
          .updateTable('draft')
          .set({ approver, approved_at: at })
          .where('study', '=', version.study)
          .execute();
        await appendLog(transaction, entry);
      }),
    discardDraft: (version, entry) =>
      within(async (transaction) => {
        await lockVersion(transaction, version);
        await transaction.deleteFrom('draft').where('study', '=', version.study).execute();
        await appendLog(transaction, entry);
      }),
    publishDraft: ({ publishedAt, ...version }, entry) =>
      within(async (transaction) => {
        const { study: id, hash, manifest, approval } = await lockVersion(transaction, version);
        if (approval === null) refuse(refusals.notApproved);
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('study')
          .values({ id, hash, manifest, published_at: publishedAt })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst();
        if (numInsertedOrUpdatedRows !== 1n) refuse(idTaken(id));
        await transaction.deleteFrom('draft').where('study', '=', id).execute();
        await appendLog(transaction, entry);
        return { id, hash, manifest, publishedAt };
      }),

    closeStudy: ({ study, closedAt }, entry) =>
      within(async (transaction) => {
        const isOpenRound = transaction.selectFrom('round').where('study', '=', study).where('state', '=', 'open');
        // In the order in which the end of a round takes them: the open round, then the study.
        await isOpenRound.select('round').forUpdate().execute();
        await lockStudy(transaction, study);
        if ((await studyEnd(transaction, study)) !== null) return 'unchanged';
        const row = { study, closed_at: closedAt, purged_at: null, voices: null, released: null };
        await transaction.insertInto('study_end').values(row).execute();
        await transaction
          .updateTable('round')
          .set({ state: 'abandoned', reason: 'the study was closed', ended_at: closedAt })
          .where('study', '=', study)
          .where('state', '=', 'open')
          .execute();
        await appendLog(transaction, entry);
        return 'closed';
      }),
    purgeStudy: ({ study, at, voices, released }, entry) =>
      within(async (transaction) => {
        await lockStudy(transaction, study);
        const end = await studyEnd(transaction, study);
        if (end === null) refuse(refusals.notClosed);
        if (end?.purged !== null) return 'unchanged';
        await transaction
          .updateTable('study_end')
          .set({ purged_at: at, voices, released })
          .where('study', '=', study)
          .execute();
        await transaction.deleteFrom('report').where('study', '=', study).execute();
        await transaction.deleteFrom('participation').where('study', '=', study).execute();
        await appendLog(transaction, entry);
        return 'purged';
      }),
    studyEnd: (study) => studyEnd(db, study),
    listStudyEnds: () => listStudyEnds(db),

    appendLog: (entry) => within((transaction) => appendLog(transaction, entry)),
    recordRelease: (mark, entry) =>
      within(async (transaction) => {
        await lockLog(transaction);
        if (((await lastRelease(transaction, mark.study))?.blocks ?? 0) >= mark.blocks) return 'unchanged';
        await appendLog(transaction, entry);
        return 'recorded';
      }),
    lastRelease: (study) => lastRelease(db, study),
    recordExport: (entry, since) =>
      within(async (transaction) => {
        await lockLog(transaction);
        return (await findExport(transaction, entry, since)) ?? (await appendLog(transaction, entry));
      }),
    lastEntry: (study, actions) => lastEntry(db, study, actions),
    readLog: (page) => readLog(db, page),
    logHead: () => logHead(db),
  };
}

export async function listPersons(db: Db): Promise<PersonRecord[]> {
  return (await db.selectFrom('person').selectAll().orderBy('name').execute()).map(fromPersonRow);
}

export async function listDrafts(db: Db): Promise<DraftRecord[]> {
  const rows = await db.selectFrom('draft').selectAll().orderBy('proposed_at').orderBy('study').execute();
  return rows.map(fromDraftRow);
}

export async function listStudyEnds(db: Db): Promise<StudyEnd[]> {
  return (await db.selectFrom('study_end').selectAll().orderBy('study').execute()).map(fromEndRow);
}

async function studyEnd(db: Db, study: string): Promise<StudyEnd | null> {
  const row = await db.selectFrom('study_end').selectAll().where('study', '=', study).executeTakeFirst();
  return row === undefined ? null : fromEndRow(row);
}

async function requireUnpublished(transaction: Db, study: string): Promise<void> {
  const row = await transaction.selectFrom('study').select('id').where('id', '=', study).executeTakeFirst();
  if (row !== undefined) refuse(idTaken(study));
}

/** Keeps reports and rounds from being added until the transaction has ended. @throws ChoraleError `STUDY_UNKNOWN` */
async function lockStudy(transaction: Db, study: string): Promise<void> {
  const row = await transaction.selectFrom('study').select('id').where('id', '=', study).forUpdate().executeTakeFirst();
  if (row === undefined) refuse(refusals.unknownStudy);
}

async function lockDraft(transaction: Db, study: string): Promise<DraftRecord | null> {
  const row = await transaction
    .selectFrom('draft')
    .selectAll()
    .where('study', '=', study)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : fromDraftRow(row);
}

async function lockVersion(transaction: Db, version: DraftVersion): Promise<DraftRecord> {
  const draft = await lockDraft(transaction, version.study);
  refuse(wrongVersion(draft, version));
  return draft!;
}

function refuse(refusal: Refusal | null): void {
  if (refusal !== null) throw new ChoraleError(...refusal);
}

export function toPersonRow({ name, role, tokenHash, addedAt }: PersonRecord): PostgresTables['person'] {
  return { name, role, token_hash: tokenHash, added_at: addedAt };
}

function fromPersonRow(row: Selectable<PostgresTables['person']>): PersonRecord {
  return { name: row.name, role: row.role, tokenHash: row.token_hash, addedAt: row.added_at };
}

export function toDraftRow(draft: DraftRecord): PostgresTables['draft'] {
  const { study, hash, manifest, proposer, proposedAt, approval } = draft;
  const approved = { approver: approval?.approver ?? null, approved_at: approval?.at ?? null };
  return { study, hash, manifest, proposer, proposed_at: proposedAt, ...approved };
}

function fromDraftRow(row: Selectable<PostgresTables['draft']>): DraftRecord {
  const { study, hash, manifest, proposer, proposed_at: proposedAt, approver, approved_at: at } = row;
  const approval = approver === null ? null : { approver, at: at! };
  return { study, hash, manifest, proposer, proposedAt, approval };
}

export function toEndRow({ study, closedAt, purged }: StudyEnd): PostgresTables['study_end'] {
  const kept = { purged_at: purged?.at ?? null, voices: purged?.voices ?? null, released: purged?.released ?? null };
  return { study, closed_at: closedAt, ...kept };
}

function fromEndRow(row: Selectable<PostgresTables['study_end']>): StudyEnd {
  const { study, closed_at: closedAt, purged_at: at, voices, released } = row;
  return { study, closedAt, purged: at === null ? null : { at, voices: voices!, released: released! } };
}
