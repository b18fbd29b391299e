import type { Manifest } from '@chorale/protocol';
import { runInThread } from '../rounds/run-in-thread.ts';
import type { SurveyAudit } from './survey-audit.ts';

export type Survey = NonNullable<Manifest['survey']>;

/**
 * `auditSurvey` in a thread of its own: questions with many letters have up to half a million probabilities each.
 * @throws ChoraleError `INTERNAL` when the thread fails
 */
export function auditSurveyInThread(survey: Survey): Promise<SurveyAudit> {
  return runInThread(new URL('./survey-audit-worker.ts', import.meta.url), survey);
}
