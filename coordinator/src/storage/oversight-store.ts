import type { LogAction, LogContent, LogEntry, LogHead, Role } from '@chorale/protocol';
import type { StudyRecord } from './store.ts';

/** One person who may do more than read. */
export type PersonRecord = {
  name: string;
  role: Role;
  /** SHA-256 of the bearer token; the token itself is kept nowhere. */
  tokenHash: string;
  addedAt: string;
};

/** A study that is not published yet; at most one for each id. */
export type DraftRecord = {
  study: string;
  hash: string;
  /** Canonical JSON. */
  manifest: string;
  proposer: string;
  proposedAt: string;
  /** Of exactly this manifest: another one has none. */
  approval: { approver: string; at: string } | null;
};

/** Which draft is meant: one that was changed meanwhile has another hash. */
export type DraftVersion = { study: string; hash: string };

/** The end of a study; without one it is open. */
export type StudyEnd = {
  study: string;
  closedAt: string;
  /** What is left of the reports once they are deleted. */
  purged: { at: string; voices: number; released: string } | null;
};

/** How far a study's results had been released when that was recorded last. */
export type ReleaseMark = { study: string; blocks: number };

/**
 * Who may do what, how studies come and go, and the log of it. Whatever changes something appends its entry to the log in
 * the same transaction: both are kept, or neither. A change that changes nothing is not recorded.
 */
export interface OversightStore {
  /** @throws ChoraleError `PERSON_CONFLICT` when the name is taken */
  addPerson(person: PersonRecord, entry: LogContent): Promise<void>;
  /** @throws ChoraleError `PERSON_UNKNOWN` */
  removePerson(name: string, entry: LogContent): Promise<void>;
  /** By name. */
  listPersons(): Promise<PersonRecord[]>;
  /** Whose token has this hash. */
  findPerson(tokenHash: string): Promise<PersonRecord | null>;

  /**
   * Proposes a study, or another manifest for one that was proposed: an approval of the one before is void.
   * @throws ChoraleError `STUDY_CONFLICT` when a study of this id is published
   */
  putDraft(draft: DraftRecord, entry: LogContent): Promise<'created' | 'changed' | 'unchanged'>;
  getDraft(study: string): Promise<DraftRecord | null>;
  /** In the order of their proposal. */
  listDrafts(): Promise<DraftRecord[]>;
  /**
   * @throws ChoraleError `DRAFT_UNKNOWN`; `DRAFT_CONFLICT` when the draft was changed or is approved already;
   *   `PERMISSION_DENIED` when its proposer would approve it
   */
  approveDraft(approval: DraftVersion & { approver: string; at: string }, entry: LogContent): Promise<void>;
  /** @throws ChoraleError `DRAFT_UNKNOWN`, or `DRAFT_CONFLICT` when it was changed */
  discardDraft(draft: DraftVersion, entry: LogContent): Promise<void>;
  /**
   * Makes an approved draft a study.
   * @throws ChoraleError `DRAFT_UNKNOWN`; `APPROVAL_REQUIRED`; `DRAFT_CONFLICT` when it was changed; `STUDY_CONFLICT`
   */
  publishDraft(draft: DraftVersion & { publishedAt: string }, entry: LogContent): Promise<StudyRecord>;

  /**
   * Ends a study: no report is accepted and no round begun from here on, and one that is open is abandoned.
   * @throws ChoraleError `STUDY_UNKNOWN`
   */
  closeStudy(end: { study: string; closedAt: string }, entry: LogContent): Promise<'closed' | 'unchanged'>;
  /**
   * Deletes the reports of a closed study and who took part in its rounds, and keeps what was released of them.
   * @param purge.released as it is to be given back; its `voices` are what `countReports` says from here on
   * @throws ChoraleError `STUDY_UNKNOWN`, or `STUDY_OPEN` while it is not closed
   */
  purgeStudy(
    purge: { study: string; at: string; voices: number; released: string },
    entry: LogContent,
  ): Promise<'purged' | 'unchanged'>;
  /** `null` while the study is open, or where there is none. */
  studyEnd(study: string): Promise<StudyEnd | null>;
  listStudyEnds(): Promise<StudyEnd[]>;

  /** Appends an entry that records nothing else in the store. */
  appendLog(entry: LogContent): Promise<LogEntry>;
  /** Records that more of a study's results was released, unless as much or more is recorded already. */
  recordRelease(mark: ReleaseMark, entry: LogContent): Promise<'recorded' | 'unchanged'>;
  /** `null` where no release was recorded. */
  lastRelease(study: string): Promise<ReleaseMark | null>;
  /**
   * Records that somebody was given a file, unless they were given one of the same numbers (`details.numbers`) before.
   * @param since ISO 8601; what was given earlier is not looked at
   * @returns the entry that stands for it
   */
  recordExport(entry: LogContent, since: string): Promise<LogEntry>;
  /** The latest entry about a study by which one of these was done. */
  lastEntry(study: string, actions: readonly LogAction[]): Promise<LogEntry | null>;
  /** Entries with a larger number than `after`, in order, at most `limit`. */
  readLog(page: { after: number; limit: number }): Promise<LogEntry[]>;
  logHead(): Promise<LogHead>;
}
