import type { ExportStamp } from './export.ts';
import type { QuestionResult, SuppressionReason } from './results.ts';

/** A question whose answers have an order, so that it can be asked what moves with it. */
export type DriverQuestion = Pick<QuestionResult, 'question' | 'text' | 'report'>;

/**
 * A question without a correlation: its options have no order, or its reports tell the mean of its answers and not how much
 * they vary.
 */
export type LeftOutQuestion = { question: string; text: string; reason: 'unordered' | 'mean' };

/** How the answers of the same people to two questions move together. */
export type DriverPair = { questions: [first: string, second: string] } & (
  | {
      state: 'published';
      /** Of the true answers, among those who answered both; in [-1, 1], as its interval is. */
      correlation: number;
      lower: number;
      upper: number;
      /** Of this pair alone, that its answers do not move together. */
      pValue: number;
      /** After all pairs of the study, shown or not (Holm). */
      adjustedPValue: number;
      /** Whether `adjustedPValue` is at most 1 - confidence. */
      significant: boolean;
    }
  | { state: 'suppressed'; reason: SuppressionReason }
);

/**
 * Why a study has no correlations: its devices draw which questions they answer; fewer than two of its questions have an
 * order; or its reports were deleted by a version that did not count pairs of answers.
 */
export type DriversRefusal = 'sampled' | 'too-few-questions' | 'deleted';

/** Body of `GET /api/v1/studies/:id/drivers`. */
export type StudyDrivers = {
  study: string;
  manifest: string;
  title: string;
  simulated: boolean;
  epsilon: number;
  realizedEpsilon: number;
  confidence: number;
  minimumGroupSize: number;
  leftOut: LeftOutQuestion[];
} & (
  | {
      state: 'available';
      /** People behind the numbers, those who left a question empty included: whole blocks of all groups together. */
      respondents: number;
      /** Fewer respondents than these have no correlation: its interval would hold the truth less often than it says. */
      fewestRespondents: number;
      questions: DriverQuestion[];
      /** Each two of the questions once. */
      pairs: DriverPair[];
    }
  | {
      state: 'unavailable';
      reason: DriversRefusal;
      /** Questions of the study, and how many of them a device answers. */
      asked: number;
      questionsPerDevice: number;
      /** Least epsilon at which devices would answer all of them; more than a manifest may have where they are many. */
      epsilonForAll: number;
    }
);

/** Body of `GET /api/v1/studies/:id/drivers/export.json`. */
export type DriversExport = { format: 'chorale-drivers'; stamp: ExportStamp; drivers: StudyDrivers };
