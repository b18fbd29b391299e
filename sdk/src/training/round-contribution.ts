import {
  ChoraleError,
  decodeParameters,
  type Charge,
  evaluationCharges,
  packIntegers,
  parameterCount,
  PLAIN_FORMAT,
  roundClippingNorm,
  type RoundMessage,
  type TrainingTask,
  updateCharges,
  updateFormat,
} from '@chorale/protocol';
import type { CoordinatorConnection } from '../connection/coordinator-connection.ts';
import type { DeviceLock } from '../device-lock.ts';
import type { Ledger } from '../ledger.ts';
import type { DeviceStore, SpendRecord } from '../storage/device-store.ts';
import type { Study } from '../study.ts';
import { ANY_ROUND } from './any-round.ts';
import { storedRecordsId } from './device-records.ts';
import { requireParticipation } from './participation.ts';

/** Computes a client's contributions, clipped and noised; a worker in a browser. */
export interface LocalTrainer {
  /** Which set of rows it works on, if they have a name. */
  readonly recordsId?: string | undefined;
  readonly engine: { name: string; reason: string };
  /**
   * @param options.modelRound committed rounds behind the model
   * @param options.clippingNorm L2 bound on the whole update; the task's own without it
   * @returns `[updateLength]` grid steps.
   */
  train(options: {
    parameters: Float32Array;
    modelRound: number;
    clippingNorm?: number;
    signal: AbortSignal;
  }): Promise<Int32Array>;
  /** What `train` gave last is charged and stored: an algorithm that remembers rounds may remember this one. */
  keep(): void;
  /** @returns `[2 * bins]` noised counts. */
  evaluate(options: { parameters: Float32Array; signal: AbortSignal }): Promise<Int32Array>;
  terminate(): void;
}

export type ContributionOptions = {
  study: Study;
  task: TrainingTask;
  connection: CoordinatorConnection;
  store: DeviceStore;
  ledger: Ledger;
  lock: DeviceLock;
  trainer: LocalTrainer;
  now: () => Date;
};

/**
 * The bytes that this client sends to a round: those it made before, or new ones, which are charged and
 * stored before anybody sees them.
 * @throws BudgetExceededError; ChoraleError `PARTICIPATION_USED`, `PARTICIPATION_TOO_SOON`, or of the trainer, the store or
 *   the model's transfer; the signal's reason, and then nothing new was charged or stored.
 */
export async function contribution(
  message: RoundMessage,
  options: ContributionOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { task, connection, store, ledger, lock, trainer } = options;
  const { study, round, kind, modelRound } = message;
  const stored = await store.update(study, round);
  if (stored !== null) {
    if (stored.kind === kind) return stored.update;
    throw new ChoraleError('ROUND_CLOSED', `this device gave something else to round ${round}`);
  }
  // Statistics do not depend on the round: after an abandoned one the same bytes are sent to the next, at no charge.
  const isOneShot = kind === 'train' && task.algorithm?.oneShot !== undefined;
  const basis = isOneShot ? `${options.study.hash} ${trainer.recordsId ?? ''}` : undefined;
  const again = isOneShot ? await store.update(study, ANY_ROUND) : null;
  if (again !== null && again.basis === basis) {
    const commit = async (): Promise<void> => {
      await requireRows(study, options);
      await store.commitUpdate({ update: { study, round, kind, update: again.update }, spends: [] });
    };
    await lock.run('device', commit, { signal });
    return again.update;
  }
  // Nothing is computed that could not be sent.
  const requireAllowed = async (asked: SpendRecord[]): Promise<void> => {
    if (kind === 'train') await requireParticipation(round, { study, task, store });
    await ledger.check(asked);
  };
  await requireAllowed(spends(`${round}`, message, options));
  const length = parameterCount(task);
  const model = await connection.model(message, { modelBytes: length * 4, signal });
  const parameters = decodeParameters(model, length);
  const integers =
    kind === 'train'
      ? await trainer.train({
          parameters,
          modelRound,
          clippingNorm: roundClippingNorm(task, message.clippingNorm),
          signal,
        })
      : await trainer.evaluate({ parameters, signal });
  const update = packIntegers(integers, kind === 'train' ? updateFormat(task) : PLAIN_FORMAT);
  // A coordinator that forgot its rounds counts them anew, and bytes may repeat by chance: every release
  // is a charge of its own. Sending the stored bytes again does not come here.
  const charged = spends(`${round} ${crypto.randomUUID()}`, message, options);
  await lock.run(
    'device',
    async () => {
      await requireRows(study, options);
      await requireAllowed(charged);
      // The round may have been closed meanwhile.
      signal.throwIfAborted();
      await store.commitUpdate({ update: { study, round, kind, update }, spends: charged });
      if (isOneShot) {
        await store.commitUpdate({ update: { study, round: ANY_ROUND, kind, update, basis }, spends: [] });
      }
      if (kind === 'train') trainer.keep();
    },
    { signal },
  );
  return update;
}

/** Rows may have been erased or replaced in another tab while this one was computing. */
async function requireRows(study: string, { store, trainer: { recordsId } }: ContributionOptions): Promise<void> {
  if (recordsId === undefined || (await storedRecordsId(store, study)) === recordsId) return;
  throw new ChoraleError('TRAINING_DATA_INVALID', 'the rows were erased or replaced on this device');
}

function spends(
  reference: string,
  { kind }: RoundMessage,
  { study, task, trainer, now }: ContributionOptions,
): SpendRecord[] {
  // Which rows are held back follows from both: another split of the same rows adds up with this one.
  const { seed, holdout } = task.evaluation;
  const part = kind === 'train' ? 'training' : 'held-back';
  const charges: Charge[] = kind === 'train' ? updateCharges(task) : evaluationCharges(task);
  return charges.map(({ privacyUnit, loss }) => ({
    study: study.manifest.id,
    title: study.manifest.title,
    kind: kind === 'train' ? 'update' : 'evaluation',
    reference,
    privacyUnit,
    neighboringRelation: 'replace-one',
    // All rows of an employee's own device are that employee's, whatever part they are in.
    ...(task.clients === 'site' && privacyUnit === 'employee' && trainer.recordsId !== undefined
      ? { rows: { records: `${trainer.recordsId} ${seed} ${holdout}`, part } }
      : {}),
    loss,
    at: now().toISOString(),
  }));
}
