import type { DriversExport, StudyDrivers } from '@chorale/protocol';
import * as v from 'valibot';
import { Count, ExportStamp, ReportKind, SuppressionReason } from './result-schemas.ts';

const Text = v.string();
const Questions = v.tuple([Text, Text]);

const DriverPair = v.variant('state', [
  v.object({
    questions: Questions,
    state: v.literal('published'),
    correlation: v.number(),
    lower: v.number(),
    upper: v.number(),
    pValue: v.number(),
    adjustedPValue: v.number(),
    significant: v.boolean(),
  }),
  v.object({ questions: Questions, state: v.literal('suppressed'), reason: SuppressionReason }),
]);

const common = {
  study: Text,
  manifest: Text,
  title: Text,
  simulated: v.boolean(),
  epsilon: v.number(),
  realizedEpsilon: v.number(),
  confidence: v.number(),
  minimumGroupSize: Count,
  leftOut: v.array(v.object({ question: Text, text: Text, reason: v.picklist(['unordered', 'mean']) })),
};

export const Drivers = v.variant('state', [
  v.object({
    ...common,
    state: v.literal('available'),
    respondents: Count,
    fewestRespondents: Count,
    questions: v.array(v.object({ question: Text, text: Text, report: ReportKind })),
    pairs: v.array(DriverPair),
  }),
  v.object({
    ...common,
    state: v.literal('unavailable'),
    reason: v.picklist(['sampled', 'too-few-questions', 'deleted']),
    asked: Count,
    questionsPerDevice: Count,
    epsilonForAll: v.number(),
  }),
]) satisfies v.GenericSchema<StudyDrivers>;

export const DriversExportAnswer = v.object({
  format: v.literal('chorale-drivers'),
  stamp: ExportStamp,
  drivers: Drivers,
}) satisfies v.GenericSchema<DriversExport>;
