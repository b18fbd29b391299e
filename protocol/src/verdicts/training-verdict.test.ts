import { planTraining, type TrainingPlanOptions } from '@chorale/privacy/forecast';
import { expect, it } from 'vitest';
import { trainingVerdict } from './training-verdict.ts';

const local: TrainingPlanOptions = {
  clients: 10_000,
  dimension: 20,
  clippingNorm: 1,
  epsilon: 2,
  delta: 1e-6,
  rounds: 1,
  mode: 'local',
};
const distributed: TrainingPlanOptions = { ...local, mode: 'distributed' };
const planOf = (change: Partial<TrainingPlanOptions>, options: TrainingPlanOptions) => {
  const all = { ...options, ...change };
  const plan = planTraining(all);
  return { ...plan, text: trainingVerdict(plan, all) };
};
const numberIn = (text: string, pattern: RegExp) => Number(pattern.exec(text)?.[1]!.replaceAll(',', ''));

it('says what the noise is, what would do, and what a smaller cohort costs', () => {
  expect(planOf({ clients: 100, dimension: 1000, epsilon: 1 }, local).text).toBe(
    'Hopeless: the largest possible signal is 0.13 times the noise; 27,000 times would be usable, which takes more than a million times as many clients.',
  );
  expect(planOf({ clients: 1000, dimension: 50, epsilon: 8 }, local).text).toMatch(
    /^Hopeless: the largest possible signal is [\d.]+ times the noise; 300 times would be usable, which takes [\d,]+ clients\.$/,
  );
  const split = planOf({ clients: 1500, dimension: 50, delta: 1e-5, rounds: 20, cohort: 75 }, distributed);
  expect(split.text).toBe(
    'Rough: the largest possible signal is 12 times the noise over all 20 rounds; 20 times would be usable, which takes 130 clients in each round and 2,600 in all, each in one of the rounds as now. With all 1,500 clients in every round it would be 53 times the noise.',
  );
  const all = planOf({ clients: 1500, dimension: 50, delta: 1e-5, rounds: 20 }, distributed);
  expect(all.totalSignalToNoise).toBeGreaterThan(52.5);
  expect(all.totalSignalToNoise).toBeLessThan(53.5);
  expect(all.text).toMatch(/^Usable: the largest possible signal is 53 times the noise over all 20 rounds\.$/);
});

it('a training is usable where the advice is followed, and not with a tenth fewer clients', () => {
  const base = { clients: 300, dimension: 50 };
  const trainings: [Partial<TrainingPlanOptions>, TrainingPlanOptions][] = [
    [{}, local],
    [{}, distributed],
    [{ rounds: 20 }, local],
    [{ rounds: 20, roundsPerClient: 3, epsilon: 8 }, local],
    [{ rounds: 20, cohort: 40 }, distributed],
    [{ rounds: 20, cohort: 5, epsilon: 1 }, distributed],
    [{ rounds: 20, cohort: 4, clients: 100_000 }, distributed],
    [{ rounds: 10, cohort: 20, minimumSurvivors: 10 }, distributed],
  ];
  for (const [change, options] of trainings) {
    const { verdict, text, roundsPerClient } = planOf({ ...base, ...change }, options);
    expect(verdict).not.toBe('usable');
    const cohort = numberIn(text, /takes ([\d,]+) clients/);
    const told = numberIn(text, /and ([\d,]+) in all/);
    const { rounds = 1 } = change;
    const clients = Math.max(change.clients ?? base.clients, told || cohort);
    if (rounds > 1 && !(told > 0)) expect(cohort * rounds).toBeLessThanOrEqual(clients * roundsPerClient);
    const followed = { ...base, ...change, clients, cohort, roundsPerClient };
    expect(planOf(followed, options).verdict).toBe('usable');
    // Two digits, rounded up.
    expect(planOf({ ...followed, cohort: Math.floor(cohort * 0.89) }, options).verdict).not.toBe('usable');
  }
});
