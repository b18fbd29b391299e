import {
  ChoraleError,
  decodeParameters,
  encodeIntegers,
  evaluationCharges,
  type GaussianCharge,
  parameterCount,
  type RoundMessage,
  type TrainingTask,
  updateCharges,
} from '@chorale/protocol';
import type { DeviceLock } from '../device-lock.ts';
import { sha256Hex } from '../sha256-hex.ts';
import type { Ledger } from '../ledger.ts';
import type { DeviceStore, SpendRecord } from '../storage/device-store.ts';
import type { Study } from '../study.ts';

/** Computes a client's contributions, clipped and noised; a worker in a browser. */
export interface LocalTrainer {
  /** Which set of rows it works on, if they have a name. */
  readonly recordsId?: string | undefined;
  readonly engine: { name: string; reason: string };
  /** @returns `[parameterCount]` grid steps. */
  train(options: { parameters: Float32Array; signal: AbortSignal }): Promise<Int32Array>;
  /** @returns `[2 * bins]` noised counts. */
  evaluate(options: { parameters: Float32Array; signal: AbortSignal }): Promise<Int32Array>;
  terminate(): void;
}

export type ContributionOptions = {
  study: Study;
  task: TrainingTask;
  store: DeviceStore;
  ledger: Ledger;
  lock: DeviceLock;
  trainer: LocalTrainer;
  now: () => Date;
};

/**
 * The bytes that this client sends to a round: those it made before, or new ones, which are charged and
 * stored before anybody sees them.
 * @throws BudgetExceededError; ChoraleError of the trainer or the store; the signal's reason.
 */
export async function contribution(
  message: RoundMessage,
  options: ContributionOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { task, store, ledger, lock, trainer } = options;
  const { study, round, kind } = message;
  const stored = await store.update(study, round);
  if (stored !== null) {
    if (stored.kind === kind) return stored.update;
    throw new ChoraleError('ROUND_CLOSED', `this device gave something else to round ${round}`);
  }
  // Nothing is computed that could not be sent.
  await ledger.check(spends(`${round}`, message, options));
  const parameters = decodeParameters(message.model, parameterCount(task));
  const integers =
    kind === 'train' ? await trainer.train({ parameters, signal }) : await trainer.evaluate({ parameters, signal });
  const update = encodeIntegers(integers);
  // A coordinator that forgot its rounds counts them anew: by the number alone they would be charged once.
  const charged = spends(`${round} ${await sha256Hex(update)}`, message, options);
  await lock.run(
    'device',
    async () => {
      signal.throwIfAborted();
      await ledger.check(charged);
      await store.commitUpdate({ update: { study, round, kind, update }, spends: charged });
    },
    { signal },
  );
  return update;
}

function spends(
  reference: string,
  { kind }: RoundMessage,
  { study, task, trainer, now }: ContributionOptions,
): SpendRecord[] {
  const part = kind === 'train' ? 'training' : 'held-back';
  const charges: GaussianCharge[] = kind === 'train' ? updateCharges(task) : evaluationCharges(task);
  return charges.map(({ privacyUnit, noiseMultiplier }) => ({
    study: study.manifest.id,
    title: study.manifest.title,
    kind: kind === 'train' ? 'update' : 'evaluation',
    reference,
    privacyUnit,
    neighboringRelation: 'replace-one',
    // All rows of an employee's own device are that employee's, whatever part they are in.
    ...(task.clients === 'site' && privacyUnit === 'employee' && trainer.recordsId !== undefined
      ? { rows: { records: trainer.recordsId, part } }
      : {}),
    loss: { mechanism: 'gaussian', noiseMultiplier },
    at: now().toISOString(),
  }));
}
