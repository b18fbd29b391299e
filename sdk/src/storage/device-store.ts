import type { Answers, ErrorCode } from '@chorale/protocol';

/** Proof for the employee of what was sent; kept after the report was acknowledged, and after erasure. */
export type Receipt = {
  study: string;
  title: string;
  manifest: string;
  /** SHA-256 of the report's text, in hex: what the coordinator holds can be compared with it. */
  reportHash: string | null;
  /** Privacy loss of the whole record at the integer probabilities. */
  epsilon: number;
  sentAt: string;
  /**
   * Whether the report can be taken back, or what became of it when that was asked for: deleted, or kept because a
   * published number held it. Absent where no secret was sent with it.
   */
  withdrawal?: 'possible' | 'withdrawn' | 'released' | undefined;
};

/** What became of one question's answer: raw beside sent, in words. */
export type SentAnswer =
  | {
      state: 'sent';
      question: string;
      text: string;
      /** The answer as given. */
      raw: string;
      /** What the answer counts as before noise: the channel's input. */
      input: string;
      /** What left the device: the channel's output. */
      sent: string;
      /** Probability that what counts is sent, alone or among others; `null` for a mean. */
      keepProbability: number | null;
      /** How many answers were named at once; one where it is missing. */
      named?: number | undefined;
      /** The channel's input and output behind the words; missing in records of older versions. */
      channelInput?: number | undefined;
      letter?: number | undefined;
    }
  /** This device did not draw the question: its answer stays here. */
  | { state: 'not-drawn'; question: string; text: string; raw: string };

/** A report is stored before it is sent and re-sent byte for byte until it is acknowledged. */
export type StoredReport = {
  study: string;
  manifest: string;
  text: string;
  /** The raw answers it was made of; they stay here, and tell a repeat from a change of mind. */
  answers: Answers;
  sent: SentAnswer[];
  epsilon: number;
  createdAt: string;
  state: ReportState;
};

type ReportState =
  | { state: 'pending' }
  | { state: 'acknowledged'; at: string; duplicate: boolean }
  | { state: 'refused'; at: string; code: ErrorCode; message: string };

/** Which questions this device answers; drawn once for a study's manifest, whatever the answers. */
export type QuestionDraw = {
  study: string;
  manifest: string;
  questions: string[];
  /** By which the report can be taken back, in hexadecimal digits; missing in records of older versions. */
  secret?: string | undefined;
};

/**
 * All the randomness that one question ever meets on this device: the letter sent for each input of
 * its channel, and the 64 bits that round a number to the grid. It does not tell which was used.
 */
export type MemoizedNoise = { letters: number[]; rounding: [high: number, low: number] };

/** A noised update waits here until its round is done, and is never drawn anew. */
export type StoredUpdate = {
  study: string;
  round: number;
  kind: 'train' | 'evaluate';
  update: Uint8Array;
  /** What it was made of, where it may be sent to another round as well: a manifest and a set of rows. */
  basis?: string | undefined;
};

/** One thing that this device sent, charged before it left. Spends outlive erasure. */
export type SpendRecord = {
  study: string;
  title: string;
  kind: 'report' | 'update' | 'evaluation';
  /** What was sent: a report's hash, or a round's number and its update's hash; the same thing is charged once. */
  reference: string;
  privacyUnit: 'employee' | 'site';
  neighboringRelation: 'replace-one';
  /**
   * Which of a site's rows it is about: those that train or those held back, never both, of one set of
   * rows on this device. Absent where it is about everything that the device holds.
   */
  rows?: { records: string; part: 'training' | 'held-back' } | undefined;
  loss:
    | { mechanism: 'pure'; epsilon: number }
    /** As many answers as steps; see `informativeProbability`. */
    | { mechanism: 'ternary'; epsilon: number; informative: number; steps: number }
    | { mechanism: 'gaussian'; noiseMultiplier: number }
    | { mechanism: 'subsampled-gaussian'; noiseMultiplier: number; samplingRate: number; steps: number }
    | { mechanism: 'zcdp'; rho: number };
  at: string;
};

/**
 * Where a device keeps its state. Browsers use IndexedDB; the interface keeps the core free of the
 * browser. Promises resolve after the transaction completed.
 * Every method throws ChoraleError `STORAGE_UNAVAILABLE` when it could not be done. Those about raw answers, rows, reports
 * and memoized noise throw `STORAGE_KEY_LOST` where these cannot be decrypted any more, until `erase`.
 */
export interface DeviceStore {
  answers(study: string): Promise<Answers | null>;
  putAnswers(study: string, answers: Answers): Promise<void>;

  /** Whether somebody said that they never want to take part. Outlives `erase`. */
  declined(study: string): Promise<boolean>;
  putDeclined(study: string, declined: boolean): Promise<void>;

  draw(study: string): Promise<QuestionDraw | null>;
  report(study: string): Promise<StoredReport | null>;
  /**
   * Stores the draw, the report, the memoized noise and the spend in one transaction: after a crash
   * there is either all of it or nothing.
   */
  commitReport(change: {
    draw: QuestionDraw;
    report: StoredReport;
    memo: [key: string, noise: MemoizedNoise][];
    spend: SpendRecord;
  }): Promise<void>;
  /** What became of a stored report and, once acknowledged, its receipt: both or neither. */
  settleReport(change: { report: StoredReport; receipt: Receipt | null }): Promise<void>;
  /** The noise drawn before for the same question and channel. */
  memo(key: string): Promise<MemoizedNoise | null>;

  receipt(study: string): Promise<Receipt | null>;
  putReceipt(receipt: Receipt): Promise<void>;
  receipts(): Promise<Receipt[]>;

  spends(): Promise<SpendRecord[]>;
  /** Stores a noised update together with its spends, in one transaction. */
  commitUpdate(change: { update: StoredUpdate; spends: SpendRecord[] }): Promise<void>;
  update(study: string, round: number): Promise<StoredUpdate | null>;
  /** Forgets the study's updates of this round and of those before it. */
  deleteUpdates(study: string, range: { throughRound: number }): Promise<void>;

  /** Rows that this device trains on, in a form that only the training code reads. */
  records(study: string): Promise<unknown>;
  putRecords(study: string, records: unknown): Promise<void>;

  /**
   * Forgets a study's answers, report, rows and waiting updates. Spends, the draw, memoized noise and
   * receipts of what was sent stay. What can no longer be decrypted is forgotten as well, of all studies.
   */
  erase(study: string): Promise<void>;
  close(): void;
}
