import type { Answers, ErrorCode } from '@chorale/protocol';

/** Proof for the employee of what was sent; kept after the report was acknowledged. */
export type Receipt = {
  study: string;
  title: string;
  manifest: string;
  /** SHA-256 of the report's text, in hex: what the coordinator holds can be compared with it. */
  reportHash: string;
  /** Privacy loss of the whole record at the integer probabilities. */
  epsilon: number;
  sentAt: string;
};

/** What a question's answer became: raw beside sent. */
export type SentAnswer = {
  question: string;
  /** Channel input before noise and letter after it, in words. */
  raw: string;
  sent: string;
  /** Probability that a letter is kept as it is; `null` for a mean. */
  keepProbability: number | null;
};

/** A report is stored before it is sent and re-sent byte for byte until it is acknowledged. */
export type StoredReport = {
  study: string;
  manifest: string;
  text: string;
  sent: SentAnswer[];
  epsilon: number;
  createdAt: string;
  state:
    | { state: 'pending' }
    | { state: 'acknowledged'; at: string; duplicate: boolean }
    | { state: 'refused'; at: string; code: ErrorCode; message: string };
};

/** Which questions this device answers; drawn once for a study's manifest. */
export type QuestionDraw = { study: string; manifest: string; questions: string[] };

/** A noised update waits here until its round is done, and is never drawn anew. */
export type StoredUpdate = { study: string; round: number; kind: 'train' | 'evaluate'; update: Uint8Array };

/** One thing that this device sent, charged before it left. Spends outlive erasure. */
export type SpendRecord = {
  study: string;
  title: string;
  kind: 'report' | 'update' | 'evaluation';
  /** What was sent: a report's hash or a round's number; the same thing is charged once. */
  reference: string;
  privacyUnit: 'employee' | 'site';
  neighboringRelation: 'replace-one';
  loss: { mechanism: 'pure'; epsilon: number } | { mechanism: 'gaussian'; noiseMultiplier: number };
  at: string;
};

/**
 * Where a device keeps its state. Browsers use IndexedDB; the interface keeps the core free of the
 * browser. Promises resolve after the transaction completed.
 */
export interface DeviceStore {
  answers(study: string): Promise<Answers | null>;
  putAnswers(study: string, answers: Answers): Promise<void>;

  draw(study: string): Promise<QuestionDraw | null>;
  report(study: string): Promise<StoredReport | null>;
  putReport(report: StoredReport): Promise<void>;
  /**
   * Stores the draw, the report, the memoized letters and the spend in one transaction: after a crash
   * there is either all of it or nothing.
   */
  commitReport(change: { draw: QuestionDraw; report: StoredReport; memo: [key: string, letter: number][]; spend: SpendRecord }): Promise<void>;
  /** The letter sent before for the same question, channel and raw input. */
  memo(key: string): Promise<number | null>;

  receipt(study: string): Promise<Receipt | null>;
  receipts(): Promise<Receipt[]>;
  putReceipt(receipt: Receipt): Promise<void>;

  spends(): Promise<SpendRecord[]>;
  /** Stores a noised update together with its spends, in one transaction. */
  commitUpdate(change: { update: StoredUpdate; spends: SpendRecord[] }): Promise<void>;
  update(study: string, round: number): Promise<StoredUpdate | null>;
  deleteUpdate(study: string, round: number): Promise<void>;

  /** Rows that this device trains on, in a form that only the training code reads. */
  records(study: string): Promise<unknown>;
  putRecords(study: string, records: unknown): Promise<void>;

  /** Forgets a study's answers, report and rows; spends, memoized noise and receipts of what was sent stay. */
  erase(study: string): Promise<void>;
  close(): void;
}
