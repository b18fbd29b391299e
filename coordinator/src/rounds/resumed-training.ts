import { ChoraleError } from '@chorale/protocol';
import { initialOptimizer, type ServerModel } from '@chorale/training';
import type { ParticipationRecord, RoundRecord } from '../storage/store.ts';
import { progressOf } from './cadence.ts';
import { initialParameters } from './model.ts';
import { isLimited } from './participation.ts';
import type { StudyOptions, TrainedStudy } from './study-rounds.ts';

/** Where a study's training was: all of its rounds, the model after them, and how often each client took part. */
export type ResumedTraining = { rounds: RoundRecord[]; model: ServerModel; participations: ParticipationRecord[] };

/**
 * What the store says of a study's training; a round that a stopped process left open is abandoned. [R15]
 * @throws ChoraleError `INTERNAL` where the stored model is not that of the last committed round
 */
export async function resumedTraining(
  study: TrainedStudy,
  { store, log, date, owner }: StudyOptions,
): Promise<ResumedTraining> {
  const { id, training } = study.manifest;
  const abandoned = await store.abandonOpenRounds({
    study: id,
    reason: 'coordinator restarted',
    endedAt: date().toISOString(),
    owner,
  });
  if (abandoned > 0) log.warn({ study: id }, 'a round that was open at the restart was abandoned');
  const [rounds, latest, participations] = await Promise.all([
    store.readRounds(id),
    store.latestModel(id),
    isLimited(training) ? store.readParticipations(id) : [],
  ]);
  const first = initialOptimizer(training);
  const model: ServerModel =
    latest === null
      ? { parameters: initialParameters(training, study.hash), optimizer: first }
      : { parameters: latest.parameters, optimizer: latest.optimizer ?? null };
  const { committedRounds } = progressOf(rounds);
  if ((latest?.modelRound ?? 0) !== committedRounds) {
    throw new ChoraleError('INTERNAL', `study ${id}: the stored model is not the one after ${committedRounds} rounds`);
  }
  if (model.optimizer?.length !== first?.length) {
    throw new ChoraleError('INTERNAL', `study ${id}: the stored model lacks what the server remembers`);
  }
  return { rounds, model, participations };
}
