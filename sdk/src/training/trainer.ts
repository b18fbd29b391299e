import type { TrainingTask } from '@chorale/protocol';
import { type Lifecycle, runWhileActive } from '../page-lifecycle.ts';
import { ComeBack } from './come-back.ts';
import { EventQueue } from './event-queue.ts';
import { participationUsed } from './participation.ts';
import type { ContributionOptions, LocalTrainer } from './round-contribution.ts';
import { RoundParticipant } from './round-participant.ts';
import type { TrainingEvent } from './training-event.ts';
import { trainingTask } from './training-task.ts';

export type TrainerOptions = Omit<ContributionOptions, 'task' | 'trainer'> & {
  lifecycle: Lifecycle;
  /** The page's explicit consent to send what has no noise; for simulated studies only. */
  noiseless: boolean;
  /** Called once this tab has its turn. */
  startTrainer: (options: {
    task: TrainingTask;
    noiseless: boolean;
    onProgress: (progress: { step: number; steps: number }) => void;
  }) => Promise<LocalTrainer>;
};

/**
 * Takes part in a study's rounds until they are done, the budget is spent, the device has contributed as often as it
 * may, or `signal` aborts; one tab of a device at a time.
 * @throws ChoraleError what `trainingTask` throws, the coordinator's refusal to let it join, or what
 *   stops the local trainer.
 */
export async function* train(
  options: TrainerOptions,
  signal: AbortSignal,
): AsyncGenerator<TrainingEvent, void, undefined> {
  const task = trainingTask(options.study, options);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const events = new EventQueue<TrainingEvent>();
  const running = run(options, task, events, stopped).then(
    () => events.end(),
    (error: unknown) => (stopped.aborted ? events.end() : events.fail(error)),
  );
  try {
    yield* events;
  } finally {
    stop.abort(new DOMException('training was stopped', 'AbortError'));
    await running;
  }
}

async function run(
  options: TrainerOptions,
  task: TrainingTask,
  events: EventQueue<TrainingEvent>,
  signal: AbortSignal,
): Promise<void> {
  const { study, lock, lifecycle, connection } = options;
  const comeBack = new ComeBack(options.now);
  let trainer: LocalTrainer | undefined;
  let participant: RoundParticipant | undefined;
  events.push({ type: 'waiting', for: 'turn' });
  try {
    await runWhileActive({ lifecycle, lock, name: `train:${study.manifest.id}`, signal }, async (active) => {
      const end = await participationUsed({ ...options, task, study: study.manifest.id });
      if (end !== null) {
        events.push({ type: 'ended', code: 'PARTICIPATION_USED', message: end.message });
        return;
      }
      trainer ??= await options.startTrainer({
        task,
        noiseless: options.noiseless,
        onProgress: (progress) => participant?.progress(progress),
      });
      for (;;) {
        await comeBack.over(active);
        participant = new RoundParticipant({ ...options, task, trainer }, events);
        const { comeBackMs } = await participant.run(active);
        if (comeBackMs === null) return;
        comeBack.after(comeBackMs);
        connection.disconnectWhenIdle();
      }
    });
  } finally {
    connection.leave(study.manifest.id);
    trainer?.terminate();
  }
}
