// What needs no browser: simulated employees in one process, and tests.
export { CoordinatorConnection, type ConnectionOptions, type Joined } from './connection/coordinator-connection.ts';
export { fetchStudy } from './connection/fetch-study.ts';
export type { RequestOptions, Retry } from './connection/retry.ts';
export { type DeviceLock, InProcessLock } from './device-lock.ts';
export { Ledger, LEDGER_DELTA, type LedgerBalance, MAX_EPSILON } from './ledger.ts';
export { alwaysActive, type Lifecycle } from './page-lifecycle.ts';
export type {
  DeviceStore,
  MemoizedNoise,
  QuestionDraw,
  Receipt,
  SentAnswer,
  SpendRecord,
  StoredReport,
  StoredUpdate,
} from './storage/device-store.ts';
export { MemoryDeviceStore } from './storage/memory-store.ts';
export { type Study, studyOf } from './study.ts';
export { Respondent, type RespondentOptions } from './survey/respondent.ts';
export { deliverReport, type SubmitOptions, submitReport } from './survey/submit-report.ts';
export type { LocalTrainer } from './training/round-contribution.ts';
export { train, type TrainerOptions } from './training/trainer.ts';
export type { TrainingEvent } from './training/training-event.ts';
