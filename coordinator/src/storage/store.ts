import type { LogContent, LogEntry, RoundShape } from '@chorale/protocol';
import type { DraftRecord, OversightStore, PersonRecord, StudyEnd } from './oversight-store.ts';

/** One published study. The manifest is its canonical JSON, so that its hash can be computed again. */
export type StudyRecord = { id: string; hash: string; manifest: string; publishedAt: string };

/** One accepted report, as the device sent it. */
export type ReportRecord = {
  study: string;
  /** `sub` of the invitation; at most one report each. */
  participant: string;
  group: string;
  /** The report's exact text. */
  text: string;
  receivedAt: string;
  /** SHA-256 of the secret that may withdraw it; without it nothing may. */
  withdrawal?: string;
};

/**
 * A stored report; `sequence` grows with each accepted report and is never used twice. A withdrawn one has no text any
 * more and another sequence than before: whoever reads in order learns of it like of a new report.
 */
export type StoredReport = ReportRecord & {
  sequence: number;
  /** The sequence that the report had until it was withdrawn. */
  withdrawnFrom?: number;
};

/** A report that is to go, and what it is known to be among. */
export type Withdrawal = {
  study: string;
  participant: string;
  /** The last sequence of the study that was looked at. */
  counted: number;
  /** So many more reports of its group may have come since, less one, without anything having to stay. */
  room: number;
};

/** What became of a report: kept now, or already there with the very same text. */
export type ReportOutcome = { state: 'stored' | 'duplicate'; receivedAt: string };

export type RoundRecord = {
  study: string;
  round: number;
  kind: 'train' | 'evaluate';
  state: 'open' | 'committed' | 'abandoned';
  /** Committed training rounds behind the model that the round started from. */
  modelRound: number;
  cohort: number;
  accepted: number;
  dropouts: number;
  startedAt: string;
  endedAt: string | null;
  /** Why it was abandoned. */
  reason: string | null;
  /** Summed histogram of an evaluation: negatives' bins, then positives'. */
  histogram: number[] | null;
  /** What became of the cohort; `null` while the round is open, and for rounds of older versions. */
  shape: RoundShape | null;
};

/**
 * The node that runs a study's rounds, where several nodes may. Its writes are refused once another node has
 * taken the rounds over, however late they arrive: one that slept meanwhile has not heard of it.
 */
export type RoundOwner = { owner?: number | undefined };

/** What is opened with the end of the round before. */
export type NextRound = { next?: RoundRecord | null };

/** How many training updates of one participant were accepted, and in which round the latest was. */
export type ParticipationRecord = { study: string; participant: string; updates: number; latestRound: number };

/** The model after `modelRound` committed training rounds; 0 is the initial one. */
export type ModelRecord = {
  study: string;
  modelRound: number;
  parameters: Float32Array<ArrayBuffer>;
  /** What the server's rule remembers of earlier rounds; without it nothing. */
  optimizer?: Float32Array<ArrayBuffer>;
};

/** A secret as `Store.secret` made it. */
export type SecretRecord = { name: string; value: Uint8Array };

/** The reports of one study at one moment: how many, withdrawn ones too, and the last one's sequence, 0 where there is none. */
export type ReportExtent = { study: string; count: number; lastSequence: number };

/**
 * All that a store holds at one moment, except the reports themselves. The ones up to `lastSequence` can be read
 * afterwards and still belong to that moment, unless their study is purged meanwhile: they never change, but for those
 * that are withdrawn, which then have a later sequence and say which one they had.
 */
export type Snapshot = {
  studies: StudyRecord[];
  reports: ReportExtent[];
  rounds: RoundRecord[];
  models: ModelRecord[];
  participations: ParticipationRecord[];
  secrets: SecretRecord[];
  persons: PersonRecord[];
  drafts: DraftRecord[];
  ends: StudyEnd[];
  log: LogEntry[];
};

/**
 * Everything the coordinator must not lose. A method's promise resolves only after its change is
 * durable: written through to the disk, not only handed to the system.
 */
export interface Store extends OversightStore {
  /**
   * Publishes a study; doing so again with the same hash changes nothing.
   * @param entry appended to the log where the study is new
   * @throws ChoraleError `STUDY_CONFLICT` when the id is taken by another manifest.
   */
  putStudy(study: StudyRecord, entry?: LogContent): Promise<'created' | 'unchanged'>;
  getStudy(id: string): Promise<StudyRecord | null>;
  listStudies(): Promise<StudyRecord[]>;

  /**
   * Keeps a report, once per participant and study.
   * @throws ChoraleError `REPORT_CONFLICT` when the participant sent another text before, `REPORT_WITHDRAWN` when they
   *   took theirs back, `STUDY_UNKNOWN`, `STUDY_CLOSED`, or `REPORT_INVALID` for a text that no store gives back as it was
   */
  addReport(report: ReportRecord): Promise<ReportOutcome>;
  /** How many were accepted, be they purged since. Those that were withdrawn are none. */
  countReports(study: string): Promise<number>;
  /** A participant's report, withdrawn or not. */
  readReport(study: string, participant: string): Promise<StoredReport | null>;
  /**
   * Deletes the text of a participant's report, unless `room` or more reports of its group came since `counted`: then
   * nothing changes, and whoever asks must look again. Once withdrawn it stays so; asking again changes nothing.
   * @throws RangeError when the participant has no report
   */
  withdrawReport(withdrawal: Withdrawal): Promise<'withdrawn' | 'crowded'>;
  /**
   * Reports with a larger sequence than `after`, in order, at most `limit`. Whoever has read up to a
   * sequence has seen all reports of the study below it: none turns up there later. Withdrawn ones are among them.
   */
  readReports(study: string, page: { after: number; limit: number }): Promise<StoredReport[]>;
  /** The same for the reports of all studies whose manifests name this series, in the one order of them all. */
  readSeriesReports(series: string, page: { after: number; limit: number }): Promise<StoredReport[]>;

  /**
   * Records that a round is under way, so that its number is never used again.
   * @throws RangeError when another node owns the study's rounds
   * @throws ChoraleError `STUDY_CLOSED`
   */
  openRound(round: RoundRecord, by?: RoundOwner): Promise<void>;
  /**
   * Ends an open round, stores its model where it trained, counts one more participation in this round to each of the
   * `participants`, and opens the round that follows at once, if `next` is given: all or nothing.
   * @throws RangeError when the round is not open, when the model is no newer than the stored one, when the next
   *   round's number was used, or when another node owns the study's rounds
   */
  endRound(
    round: RoundRecord,
    model: ModelRecord | null,
    by?: RoundOwner & NextRound & { participants?: readonly string[] | undefined },
  ): Promise<void>;
  /**
   * Abandons rounds of one study that a stopped process left open; tells how many.
   * @throws RangeError when another node owns the study's rounds
   */
  abandonOpenRounds(restart: { study: string; reason: string; endedAt: string } & RoundOwner): Promise<number>;
  readRounds(study: string): Promise<RoundRecord[]>;
  /** Participations that were counted, in no order. */
  readParticipations(study: string): Promise<ParticipationRecord[]>;
  latestModel(study: string): Promise<ModelRecord | null>;

  /** A secret of this coordinator, made on first use: `bytes` random bytes that survive restarts. */
  secret(name: string, bytes: number): Promise<Uint8Array>;

  /** The whole store at one moment, for a backup; its reports follow through `readReports`. */
  snapshot(): Promise<Snapshot>;
  /**
   * Resolves after a write that changes nothing became durable.
   * @throws StorageError when the store cannot write now
   */
  ready(): Promise<void>;

  close(): Promise<void>;
}
