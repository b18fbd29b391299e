export { Chorale, type OpenOptions, type TrainOptions } from './chorale.ts';
export type { ChoraleEvents, SendProgress } from './chorale-events.ts';
export type { AnswerWords } from './survey/answer-words.ts';
export { LEDGER_DELTA, type LedgerBalance, MAX_EPSILON } from './ledger.ts';
export type { Receipt, SentAnswer, SpendRecord, StoredReport } from './storage/device-store.ts';
export { type ColumnMapping, type EncodedRecords, encodeInputs, encodeTable } from './training/features.ts';
export { heldBackRows } from './training/holdout.ts';
export { normalizeName } from './training/cells.ts';
export { CsvError, type CsvProblem } from './training/csv-error.ts';
export { type CsvOptions, readCsv } from './training/csv.ts';
export type { RecordsWarning } from './training/records-warning.ts';
export { type Table, tableFromRecords } from './training/table.ts';
export type { TrainingEvent } from './training/training-event.ts';
export {
  type Answer,
  type Answers,
  BudgetExceededError,
  ChoraleError,
  type ErrorCode,
  type Manifest,
  ManifestMismatchError,
} from '@chorale/protocol';
