import type { TrainingTask } from '@chorale/protocol';

/** What has been reached: all that decides which kind of round comes next. */
export type Progress = {
  /** Number of the latest round, abandoned ones included; 0 before the first. */
  readonly round: number;
  /** Committed training rounds: those that the model has behind it. */
  readonly committedRounds: number;
  /** Whether the present model has been evaluated. */
  readonly evaluated: boolean;
  /** Evaluation rounds of the present model that were abandoned. */
  readonly failedEvaluations: number;
};

/**
 * Abandoned evaluations of one model after which training goes on without. Each attempt costs clients
 * budget, and one model without a score is better than a task that never ends.
 */
export const EVALUATION_ATTEMPTS = 3;

/**
 * Kind of the next round, or `null` when the task is done.
 *
 * [R10] A model is evaluated after every `everyRounds`-th committed training round and after the last,
 * before any further training; employees' devices hold no rows back and are never asked.
 * [R11] The task is done when all its rounds are committed and the last model's evaluation is over.
 */
export function nextKind(task: TrainingTask, progress: Progress): 'train' | 'evaluate' | null {
  const { committedRounds, evaluated, failedEvaluations } = progress;
  const isLast = committedRounds >= task.rounds;
  const isDue = committedRounds > 0 && (isLast || committedRounds % task.evaluation.everyRounds === 0);
  if (task.clients === 'site' && isDue && !evaluated && failedEvaluations < EVALUATION_ATTEMPTS) return 'evaluate';
  return isLast ? null : 'train';
}

/** What the stored rounds of a study amount to, whatever became of each. [R15] */
export function progressOf(rounds: readonly StoredRound[]): Progress {
  const committedRounds = rounds.filter((r) => r.kind === 'train' && r.state === 'committed').length;
  const evaluations = rounds.filter((r) => r.kind === 'evaluate' && r.modelRound === committedRounds);
  const evaluated = evaluations.some((r) => r.state === 'committed');
  return {
    round: rounds.reduce((latest, r) => Math.max(latest, r.round), 0),
    committedRounds,
    evaluated,
    failedEvaluations: evaluated ? 0 : evaluations.length,
  };
}

type StoredRound = {
  readonly round: number;
  readonly kind: 'train' | 'evaluate';
  readonly state: 'open' | 'committed' | 'abandoned';
  readonly modelRound: number;
};
