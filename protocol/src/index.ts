export * from './adaptive-clipping.ts';
export * from './benchmark.ts';
export * from './drivers.ts';
export * from './errors.ts';
export * from './export.ts';
export * from './is-noised.ts';
export * from './limits.ts';
export * from './log-chain.ts';
export * from './manifest.ts';
export * from './manifest-hash.ts';
export * from './manifest-issues.ts';
export * from './messages.ts';
export * from './one-shot.ts';
export * from './oversight.ts';
export * from './question.ts';
export * from './report.ts';
export {
  ReportMessage,
  ReportOutcome,
  ReportRequest,
  WithdrawalOutcome,
  WithdrawalRequest,
} from './report-messages.ts';
export * from './results.ts';
export * from './series.ts';
export * from './survey-channels.ts';
export { parseSurveyManifest } from './survey-manifest.ts';
export * from './token.ts';
export * from './training-algorithm.ts';
export * from './training-privacy.ts';
export * from './training-task.ts';
export * from './update-bounds.ts';
export * from './update-format.ts';
export * from './update.ts';
export * from './version.ts';
