import { describe, expect, it } from 'vitest';
import { EVALUATION_ATTEMPTS, nextKind, type Progress, progressOf } from './cadence.ts';
import { siteTask } from './testing/study.ts';

const task = siteTask({
  rounds: 5,
  evaluation: { everyRounds: 2, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 1 },
});

/** Kinds of all rounds when the outcomes of evaluations come from a list and training always commits. */
function kinds(of: typeof task, evaluates: () => boolean = () => true): string {
  let progress: Progress = { round: 0, committedRounds: 0, evaluated: false, failedEvaluations: 0 };
  let seen = '';
  for (let kind = nextKind(of, progress); kind !== null; kind = nextKind(of, progress)) {
    seen += kind[0];
    if (kind === 'train')
      progress = { ...progress, committedRounds: progress.committedRounds + 1, evaluated: false, failedEvaluations: 0 };
    else if (evaluates()) progress = { ...progress, evaluated: true };
    else progress = { ...progress, failedEvaluations: progress.failedEvaluations + 1 };
  }
  return seen;
}

describe('nextKind', () => {
  it('[R10] evaluates after every so many committed training rounds and after the last', () => {
    expect(kinds(task)).toBe('ttettete');
    expect(kinds({ ...task, evaluation: { ...task.evaluation, everyRounds: 9 } })).toBe('ttttte');
    expect(kinds({ ...task, rounds: 2, evaluation: { ...task.evaluation, everyRounds: 1 } })).toBe('tete');
  });

  it('[R10] never asks employees to evaluate: they hold no rows back', () => {
    expect(kinds({ ...task, clients: 'employee' })).toBe('ttttt');
  });

  it('[R11] goes on, and ends, when evaluations keep failing', () => {
    expect(EVALUATION_ATTEMPTS).toBe(3);
    expect(kinds(task, () => false)).toBe('tteeetteeeteee');
  });
});

describe('progressOf', () => {
  it('[R15] takes numbers from all rounds, and the model from committed training rounds', () => {
    const rounds = [
      { round: 1, kind: 'train', state: 'committed', modelRound: 0 },
      { round: 2, kind: 'train', state: 'abandoned', modelRound: 1 },
      { round: 3, kind: 'train', state: 'committed', modelRound: 1 },
      { round: 4, kind: 'evaluate', state: 'abandoned', modelRound: 2 },
    ] as const;
    expect(progressOf([])).toEqual({ round: 0, committedRounds: 0, evaluated: false, failedEvaluations: 0 });
    expect(progressOf(rounds)).toEqual({ round: 4, committedRounds: 2, evaluated: false, failedEvaluations: 1 });
    const evaluated = { round: 5, kind: 'evaluate', state: 'committed', modelRound: 2 } as const;
    expect(progressOf([...rounds, evaluated])).toEqual({
      round: 5,
      committedRounds: 2,
      evaluated: true,
      failedEvaluations: 0,
    });
    const next = { round: 6, kind: 'train', state: 'committed', modelRound: 2 } as const;
    expect(progressOf([...rounds, evaluated, next])).toEqual({
      round: 6,
      committedRounds: 3,
      evaluated: false,
      failedEvaluations: 0,
    });
  });
});
