import { participationLimits, type TrainingRounds } from '@chorale/protocol';
import { clippingNormOf, initialOptimizer } from '@chorale/training';
import type { Store } from '../storage/store.ts';
import { progressOf } from './cadence.ts';
import { summarizeTraining } from './round-summaries.ts';
import { SpentBudget } from './spent-budget.ts';
import type { TrainedStudy } from './study-rounds.ts';

/** The rounds of a study that nobody runs, as they are stored: nobody waits for another. */
export async function storedRounds(study: TrainedStudy, store: Store): Promise<TrainingRounds> {
  const { id, training } = study.manifest;
  const [records, participations, latest] = await Promise.all([
    store.readRounds(id),
    store.readParticipations(id),
    store.latestModel(id),
  ]);
  const { atMost } = participationLimits(training);
  return summarizeTraining(study, records, {
    state: progressOf(records).committedRounds >= training.rounds ? 'done' : 'waiting',
    waiting: 0,
    usedUp: participations.filter(({ updates }) => updates >= atMost).length,
    clippingNorm: clippingNormOf(training, latest ?? { optimizer: initialOptimizer(training) }),
    invited: 0,
    accepted: 0,
    budget: new SpentBudget(training),
  });
}
