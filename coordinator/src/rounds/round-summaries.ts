import { histogramNoiseStddev, type RoundSummary, type TrainingTask } from '@chorale/protocol';
import type { RoundRecord } from '../storage/store.ts';
import { evaluateHistogram } from './evaluation.ts';
import type { SpentBudget } from './spent-budget.ts';

/** The rounds of one study as they are published, in order; `accepted` is that of the open one so far. */
export function summarizeRounds(
  records: Iterable<RoundRecord>,
  { task, budget, accepted }: { task: TrainingTask; budget: SpentBudget; accepted: number },
): RoundSummary[] {
  const sent = { train: 0, evaluate: 0 };
  return Array.from(records, (record) => {
    sent[record.kind] += 1;
    return {
      round: record.round,
      kind: record.kind,
      state: record.state === 'open' ? 'reporting' : record.state,
      modelRound: record.modelRound,
      cohort: record.cohort,
      accepted: record.state === 'open' ? accepted : record.accepted,
      dropouts: record.dropouts,
      startedAt: record.startedAt,
      endedAt: record.endedAt,
      reason: record.reason,
      spent: budget.after(sent),
      evaluation:
        record.histogram === null
          ? null
          : evaluateHistogram({
              histogram: record.histogram,
              noiseStddev: histogramNoiseStddev(task) * Math.sqrt(record.accepted),
            }),
    };
  });
}
