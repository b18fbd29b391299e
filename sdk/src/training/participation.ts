import { ChoraleError, participationLimits, type TrainingTask } from '@chorale/protocol';
import type { DeviceStore } from '../storage/device-store.ts';
import { ANY_ROUND } from './any-round.ts';

type Options = { study: string; task: TrainingTask; store: DeviceStore };

/**
 * Refuses to make an update for a round where this device has made as many as the task allows, or one too lately.
 * [B8] The ledger is the evidence, so it holds whatever was erased, and for what was made and never sent as well.
 * @throws ChoraleError `PARTICIPATION_USED`, `PARTICIPATION_TOO_SOON`
 */
export async function requireParticipation(round: number, options: Options): Promise<void> {
  const { atMost, spacing } = participationLimits(options.task);
  if (!Number.isFinite(atMost)) return;
  const rounds = await roundsOf(options);
  if (rounds.length >= atMost) throw used(atMost);
  // Without a spacing the numbers do not matter: a coordinator that forgot its rounds uses them again.
  if (spacing === 1) return;
  const next = Math.max(...rounds) + spacing;
  if (round >= next) return;
  throw new ChoraleError('PARTICIPATION_TOO_SOON', `this device may contribute again from round ${next} on`);
}

/**
 * Why this device is of no more use to the study, or `null`. An update that waits for its round's end may have to be
 * sent again first, and that of a one-shot task to another attempt.
 */
export async function participationUsed(options: Options): Promise<ChoraleError | null> {
  const { atMost } = participationLimits(options.task);
  if (!Number.isFinite(atMost)) return null;
  const rounds = await roundsOf(options);
  if (rounds.length < atMost) return null;
  const { study, store } = options;
  const waiting = await Promise.all([...rounds, ANY_ROUND].map((round) => store.update(study, round)));
  return waiting.every((update) => update === null) ? used(atMost) : null;
}

export function used(atMost: number): ChoraleError {
  const times = atMost === 1 ? 'one round' : `${atMost} rounds`;
  return new ChoraleError('PARTICIPATION_USED', `this device has contributed to ${times}, as often as the study asks`);
}

/** The round of each training update that was charged; one that a coordinator numbered anew is there once more. */
async function roundsOf({ study, store }: Options): Promise<number[]> {
  const updates = (await store.spends()).filter((spend) => spend.study === study && spend.kind === 'update');
  return updates.map(({ reference }) => Number.parseInt(reference, 10));
}
