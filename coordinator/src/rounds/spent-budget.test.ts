import { accountSubsampledGaussian, gaussianEpsilon, zcdpEpsilon } from '@chorale/privacy';
import type { TrainingTask } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { SpentBudget } from './spent-budget.ts';
import { siteTask } from './testing/study.ts';

const delta = 1e-6;
const privacy = (updateNoiseMultiplier: number, exampleNoiseMultiplier: number) => ({
  privacy: { updateNoiseMultiplier, exampleNoiseMultiplier, delta },
});
const epsilonOf = (noiseMultiplier: number, steps: number): number =>
  gaussianEpsilon({ noiseMultiplier, steps, delta });
const guarantee = (privacyUnit: string, epsilon: number) => ({
  privacyUnit,
  neighboringRelation: 'replace-one',
  epsilon,
  delta,
});

const employees = (participation?: TrainingTask['participation']): SpentBudget =>
  new SpentBudget(siteTask({ ...privacy(3, 0), clients: 'employee', ...(participation && { participation }) }));

describe('SpentBudget', () => {
  it('[R18] counts every round sent, for the site and for a row of one employee', () => {
    const budget = new SpentBudget(siteTask({ ...privacy(4, 8), localEpochs: 4 }));
    expect(budget.after({ train: 0, evaluate: 0 })).toEqual([]);
    expect(budget.after({ train: 3, evaluate: 0 })).toEqual([
      guarantee('site', epsilonOf(4, 3)),
      guarantee('employee', epsilonOf(8, 12)),
    ]);
  });

  it('[R18] composes the sampled steps of all rounds for a row of one employee', () => {
    const task = siteTask({ privacy: { ...privacy(0, 1).privacy, exampleSamplingRate: 0.05 }, localEpochs: 2 });
    const steps = { noiseMultiplier: 1, samplingRate: 0.05, steps: 3 * 2 * 20, delta };
    const { epsilon } = accountSubsampledGaussian({ ...steps, neighboringRelation: 'replace-one' });
    expect(new SpentBudget(task).after({ train: 3, evaluate: 0 })).toEqual([guarantee('employee', epsilon)]);
    expect(epsilon).toBeLessThan(epsilonOf(1, 120) / 10);
  });

  it('[R18] takes the larger of training and evaluation for a row, which is in one of the two', () => {
    const task = siteTask(privacy(0, 4));
    const evaluation = (noiseMultiplier: number) => ({ evaluation: { ...task.evaluation, noiseMultiplier } });
    const after = (changes: object) => new SpentBudget({ ...task, ...changes }).after({ train: 2, evaluate: 2 });
    expect(after(evaluation(2))).toEqual([guarantee('employee', zcdpEpsilon({ rho: 2 / 8, delta }))]);
    expect(after(evaluation(9))).toEqual([guarantee('employee', epsilonOf(4, 2))]);
  });

  it('[R18] claims nothing for a unit of which anything was sent without noise', () => {
    const noNoise = { ...siteTask().evaluation, noiseMultiplier: 0 };
    expect(
      new SpentBudget(siteTask({ ...privacy(0, 4), evaluation: noNoise })).after({ train: 1, evaluate: 1 }),
    ).toEqual([]);
    expect(new SpentBudget(siteTask(privacy(0, 0))).after({ train: 1, evaluate: 1 })).toEqual([]);
    expect(new SpentBudget(siteTask(privacy(3, 0))).after({ train: 1, evaluate: 1 })).toEqual([
      guarantee('site', epsilonOf(3, 1)),
    ]);
  });

  it('[R18] speaks of the employee where employees train', () => {
    expect(employees({ atMost: 9 }).after({ train: 5, evaluate: 0 })).toEqual([guarantee('employee', epsilonOf(3, 5))]);
    // Who may take part once, or in every third round, has not spent more, however many rounds there were.
    expect(employees().after({ train: 5, evaluate: 0 })).toEqual([guarantee('employee', epsilonOf(3, 1))]);
    expect(employees({ atMost: 4, spacing: 3 }).after({ train: 7, evaluate: 0 })).toEqual([
      guarantee('employee', epsilonOf(3, 3)),
    ]);
    expect(employees({ atMost: 4, spacing: 3 }).after({ train: 70, evaluate: 0 })).toEqual([
      guarantee('employee', epsilonOf(3, 4)),
    ]);
  });

  it('[R18] adds up what PrivUnit costs, which needs no delta', () => {
    const noise = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta };
    const updateMechanism = { mechanism: 'priv-unit', epsilon: 1.5 } as const;
    const task = siteTask({
      clients: 'employee',
      privacy: { ...noise, updateMechanism },
      participation: { atMost: 4 },
    });
    const after = (train: number) => new SpentBudget(task).after({ train, evaluate: 0 });
    expect(after(1)).toEqual([{ ...guarantee('employee', 1.5), delta: 0 }]);
    expect(after(9)).toEqual([{ ...guarantee('employee', 6), delta: 0 }]);
  });
});
