import { isNoised, type RoundSummary, type TrainingRounds, type TrainingTask } from '@chorale/protocol';
import type { RoundRecord } from '../storage/store.ts';
import { evaluateHistogram } from './evaluation/evaluate.ts';
import { progressOf } from './cadence.ts';
import type { SpentBudget } from './spent-budget.ts';
import type { TrainedStudy } from './study-rounds.ts';

/** Rounds that have ended: their records never change, and there may be ten thousand. */
const ended = new WeakMap<RoundRecord, RoundSummary>();

/** The rounds of one study as they are published, in order; `invited` and `accepted` are those of the open one so far. */
function summarizeRounds(
  records: Iterable<RoundRecord>,
  { task, budget, invited, accepted }: { task: TrainingTask; budget: SpentBudget; invited: number; accepted: number },
): RoundSummary[] {
  const sent = { train: 0, evaluate: 0 };
  return Array.from(records, (record) => {
    sent[record.kind] += 1;
    const known = ended.get(record);
    if (known !== undefined) return known;
    const summary: RoundSummary = {
      round: record.round,
      kind: record.kind,
      state: record.state === 'open' ? 'reporting' : record.state,
      modelRound: record.modelRound,
      cohort: record.state === 'open' ? Math.max(record.cohort, invited) : record.cohort,
      accepted: record.state === 'open' ? accepted : record.accepted,
      dropouts: record.dropouts,
      startedAt: record.startedAt,
      endedAt: record.endedAt,
      reason: record.reason,
      shape: record.shape,
      spent: budget.after(sent),
      evaluation:
        record.histogram === null
          ? null
          : evaluateHistogram(task, { histogram: record.histogram, contributions: record.accepted }),
    };
    if (record.state !== 'open') ended.set(record, summary);
    return summary;
  });
}

/** How a study's training stands at one moment. */
export type Attendance = Pick<TrainingRounds, 'waiting' | 'state' | 'usedUp' | 'clippingNorm'> & {
  invited: number;
  accepted: number;
};

/** A study's training as it is published; `waiting`, `invited` and `accepted` are those of this moment. */
export function summarizeTraining(
  { manifest, hash }: TrainedStudy,
  records: Iterable<RoundRecord>,
  { waiting, state, usedUp, clippingNorm, invited, accepted, budget }: Attendance & { budget: SpentBudget },
): TrainingRounds {
  const task = manifest.training;
  const rounds = [...records];
  return {
    study: manifest.id,
    manifest: hash,
    clients: task.clients,
    simulated: manifest.simulated,
    noised: isNoised(task),
    state,
    waiting,
    usedUp,
    committedRounds: progressOf(rounds).committedRounds,
    totalRounds: task.rounds,
    clippingNorm,
    rounds: summarizeRounds(rounds, { task, budget, invited, accepted }),
  };
}
