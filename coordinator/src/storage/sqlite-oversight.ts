import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { Role } from '@chorale/protocol';
import { idTaken, nameTaken, notApprovable, refusals, type Refusal, wrongVersion } from './oversight-refusals.ts';
import type { DraftRecord, DraftVersion, OversightStore, PersonRecord, StudyEnd } from './oversight-store.ts';
import { sqliteLog } from './sqlite-log.ts';
import { SqliteRefusal } from './sqlite-refusal.ts';

type Row = Record<string, SQLOutputValue>;

/** `OversightStore` in the present tense: what runs inside a transaction, in the worker. */
export type SqliteOversight = {
  [Name in keyof OversightStore]: (
    ...args: Parameters<OversightStore[Name]>
  ) => Awaited<ReturnType<OversightStore[Name]>>;
};

/** Persons, drafts, ends of studies and the log as SQL over a prepared database. */
export function sqliteOversight(db: DatabaseSync): SqliteOversight {
  const log = sqliteLog(db);
  const insertPerson = db.prepare('INSERT INTO person VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING');
  const deletePerson = db.prepare('DELETE FROM person WHERE name = ?');
  const selectPersons = db.prepare('SELECT * FROM person ORDER BY name');
  const selectPerson = db.prepare('SELECT * FROM person WHERE token_hash = ?');
  const insertDraft = db.prepare('INSERT INTO draft VALUES (?, ?, ?, ?, ?, NULL, NULL)');
  const deleteDraft = db.prepare('DELETE FROM draft WHERE study = ?');
  const approveDraft = db.prepare('UPDATE draft SET approver = ?, approved_at = ? WHERE study = ?');
  const selectDraft = db.prepare('SELECT * FROM draft WHERE study = ?');
  const selectDrafts = db.prepare('SELECT * FROM draft ORDER BY proposed_at, study');
  const selectStudy = db.prepare('SELECT hash FROM study WHERE id = ?');
  const insertStudy = db.prepare('INSERT INTO study (id, hash, manifest, published_at) VALUES (?, ?, ?, ?)');
  const insertEnd = db.prepare('INSERT INTO study_end VALUES (?, ?, NULL, NULL, NULL)');
  const abandonRounds = db.prepare(
    `UPDATE round SET state = 'abandoned', reason = 'the study was closed', ended_at = ?
     WHERE study = ? AND state = 'open'`,
  );
  const purge = db.prepare('UPDATE study_end SET purged_at = ?, voices = ?, released = ? WHERE study = ?');
  const deleteReports = db.prepare('DELETE FROM report WHERE study = ?');
  const deleteParticipations = db.prepare('DELETE FROM participation WHERE study = ?');
  const selectEnd = db.prepare('SELECT * FROM study_end WHERE study = ?');
  const selectEnds = db.prepare('SELECT * FROM study_end ORDER BY study');

  const getDraft = (study: string): DraftRecord | null => toDraft(selectDraft.get(study));
  const studyEnd = (study: string): StudyEnd | null => toEnd(selectEnd.get(study));
  const requireVersion = (version: DraftVersion): DraftRecord => {
    const draft = getDraft(version.study);
    refuse(wrongVersion(draft, version));
    return draft!;
  };

  return {
    addPerson({ name, role, tokenHash, addedAt }, entry) {
      if (insertPerson.run(name, role, tokenHash, addedAt).changes !== 1) refuse(nameTaken(name));
      log.append(entry);
    },
    removePerson(name, entry) {
      if (deletePerson.run(name).changes !== 1) refuse(refusals.unknownPerson);
      log.append(entry);
    },
    listPersons: () => selectPersons.all().map(toPerson),
    findPerson(tokenHash) {
      const row = selectPerson.get(tokenHash);
      return row === undefined ? null : toPerson(row);
    },

    putDraft({ study, hash, manifest, proposer, proposedAt }, entry) {
      if (selectStudy.get(study) !== undefined) refuse(idTaken(study));
      const known = getDraft(study);
      if (known?.hash === hash) return 'unchanged';
      deleteDraft.run(study);
      insertDraft.run(study, hash, manifest, proposer, proposedAt);
      log.append(entry);
      return known === null ? 'created' : 'changed';
    },
    getDraft,
    listDrafts: () => selectDrafts.all().map((row) => toDraft(row)!),
    approveDraft({ approver, at, ...version }, entry) {
      refuse(notApprovable(requireVersion(version), approver));
      approveDraft.run(approver, at, version.study);
      log.append(entry);
    },
    discardDraft(version, entry) {
      requireVersion(version);
      deleteDraft.run(version.study);
      log.append(entry);
    },
    publishDraft({ publishedAt, ...version }, entry) {
      const { study: id, hash, manifest, approval } = requireVersion(version);
      if (approval === null) refuse(refusals.notApproved);
      if (selectStudy.get(id) !== undefined) refuse(idTaken(id));
      insertStudy.run(id, hash, manifest, publishedAt);
      deleteDraft.run(id);
      log.append(entry);
      return { id, hash, manifest, publishedAt };
    },

    closeStudy({ study, closedAt }, entry) {
      if (selectStudy.get(study) === undefined) refuse(refusals.unknownStudy);
      if (studyEnd(study) !== null) return 'unchanged';
      insertEnd.run(study, closedAt);
      abandonRounds.run(closedAt, study);
      log.append(entry);
      return 'closed';
    },
    purgeStudy({ study, at, voices, released }, entry) {
      if (selectStudy.get(study) === undefined) refuse(refusals.unknownStudy);
      const end = studyEnd(study);
      if (end === null) refuse(refusals.notClosed);
      if (end?.purged !== null) return 'unchanged';
      purge.run(at, voices, released, study);
      deleteReports.run(study);
      deleteParticipations.run(study);
      log.append(entry);
      return 'purged';
    },
    studyEnd,
    listStudyEnds: () => selectEnds.all().map((row) => toEnd(row)!),

    appendLog: log.append,
    recordRelease(mark, entry) {
      if ((log.lastRelease(mark.study)?.blocks ?? 0) >= mark.blocks) return 'unchanged';
      log.append(entry);
      return 'recorded';
    },
    lastRelease: log.lastRelease,
    recordExport: (entry, since) => log.findExport(entry, since) ?? log.append(entry),
    lastEntry: log.lastEntry,
    readLog: log.read,
    logHead: log.head,
  };
}

function refuse(refusal: Refusal | null): void {
  if (refusal !== null) throw new SqliteRefusal(...refusal);
}

function toPerson(row: Row): PersonRecord {
  return {
    name: String(row['name']),
    role: String(row['role']) as Role,
    tokenHash: String(row['token_hash']),
    addedAt: String(row['added_at']),
  };
}

function toDraft(row: Row | undefined): DraftRecord | null {
  if (row === undefined) return null;
  const approver = row['approver'];
  return {
    study: String(row['study']),
    hash: String(row['hash']),
    manifest: String(row['manifest']),
    proposer: String(row['proposer']),
    proposedAt: String(row['proposed_at']),
    approval: approver === null ? null : { approver: String(approver), at: String(row['approved_at']) },
  };
}

function toEnd(row: Row | undefined): StudyEnd | null {
  if (row === undefined) return null;
  const { study, closed_at: closedAt, purged_at: at, voices, released } = row;
  return {
    study: String(study),
    closedAt: String(closedAt),
    purged: at === null ? null : { at: String(at), voices: Number(voices), released: String(released) },
  };
}
