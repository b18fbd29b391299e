import { parentPort, workerData } from 'node:worker_threads';
import { surveyChannels } from '@chorale/protocol';
import type { Survey } from './survey-audit-thread.ts';
import { auditSurvey } from './survey-audit.ts';

// The thread that audits one survey; it ends with its answer.
const survey = workerData as Survey;
parentPort!.postMessage(auditSurvey(surveyChannels(survey), survey.epsilon));
