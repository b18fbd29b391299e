import { seededRandom } from '@chorale/privacy/testing';
import type { TrainingTask } from '@chorale/protocol';
import type { LinearModel } from '@chorale/training/one-shot';
import type { Batch } from '../sdk/src/training/engines/engine.ts';
import { areaUnderCurve } from '../sdk/src/training/testing/area-under-curve.ts';
import { logits, trainCentrally } from '../sdk/src/training/testing/central-model.ts';
import { writeExpectedAccuracy } from './utility/expected-accuracy.ts';
import { federatedRounds } from './utility/federated-rounds.ts';
import { classMeanDifference, gramMatrix, learn, learnFromLabels } from './utility/learners.ts';
import {
  checkEmployees,
  employeeSurvey,
  ibmLike,
  ibmRows,
  madeUpEmployees,
  type Population,
} from './utility/populations.ts';
import { meanAndError, signed, unsigned } from './utility/spread.ts';

const seeds = [1, 2, 3, 4, 5];
const epsilons = [1, 2, 4, 8];

type Learner = {
  name: string;
  /** `null` is without noise, whatever epsilon is. */
  epsilons: readonly number[] | null;
  /** Least area under the curve that was asked for, by epsilon. */
  asked?: Readonly<Record<number, number>>;
  learn: (given: {
    task: TrainingTask;
    training: Batch;
    expectedShare: number | undefined;
    epsilon: number;
    seed: number;
  }) => Promise<LinearModel>;
};

/** How good are models at an honest epsilon? Areas under the curve on rows that did not train, and what forecasts say. */
export async function benchUtility(): Promise<void> {
  checkEmployees();
  console.log(`utility: area under the curve on held-back rows, ${seeds.length} seeds, mean and standard error;`);
  console.log('gap to a central model without noise that converged on the same rows, paired by seed; delta 1e-5');
  const likeIbm = await ibmLike();
  if (likeIbm === undefined) console.log('../shared/data is missing: only made-up employees are measured');
  for (const clients of [1500, 15_000]) {
    const many = clients === 15_000;
    for (const population of [likeIbm, madeUpEmployees()]) {
      if (population === undefined) continue;
      const isAsked = population === likeIbm;
      await compare(population, clients, [
        federated,
        gramOnSum(isAsked ? { 2: many ? 0.85 : 0.81 } : {}),
        labelsOnly(isAsked ? { 2: many ? 0.85 : 0.82 } : {}),
        classMeansOnSum,
        ...(many ? [] : [unbiasedLabels]),
        ...(isAsked && !many ? [classMeanReports({}), gramReports] : []),
      ]);
    }
  }
  const [survey, rows] = [await employeeSurvey(), await ibmRows()];
  if (survey !== undefined) {
    await compare(survey, 2833, [classMeanReports({ 2: 0.81 }), gramOnSum({}), labelsOnly({})]);
  }
  if (rows !== undefined) await compare(rows, 1470, [gramOnSum({}), labelsOnly({}), classMeanReports({})]);
  console.log();
  const table = new URL('../training/src/one-shot/expected-accuracy-table.ts', import.meta.url);
  await writeExpectedAccuracy(seeds, table);
  console.log('expectations of `chorale plan training` written to training/src/one-shot/expected-accuracy-table.ts');
}

const federated: Learner = {
  name: 'ten federated rounds of three departments, no noise',
  epsilons: null,
  learn: async ({ task, training }) => federatedRounds(task, training),
};

const gramOnSum = (asked: Readonly<Record<number, number>>): Learner => ({
  name: 'Gram matrix, noise added to the sum',
  epsilons,
  asked,
  learn: async ({ task, training, epsilon, seed }) =>
    learn(gramMatrix(task, training), 'sum', { epsilon, random: seededRandom(1000 + seed) }),
});

const gramReports: Learner = {
  name: 'Gram matrix, a PrivUnit report each',
  // Long vectors take long to report.
  epsilons: [2],
  learn: async ({ task, training, epsilon, seed }) =>
    learn(gramMatrix(task, training), 'reports', { epsilon, random: seededRandom(2000 + seed) }),
};

const classMeansOnSum: Learner = {
  name: 'class means, noise added to the sum',
  epsilons,
  learn: async ({ task, training, expectedShare, epsilon, seed }) =>
    learn(classMeanDifference(task, training, expectedShare), 'sum', { epsilon, random: seededRandom(3000 + seed) }),
};

const classMeanReports = (asked: Readonly<Record<number, number>>): Learner => ({
  name: 'class means, a PrivUnit report each',
  epsilons,
  asked,
  learn: async ({ task, training, expectedShare, epsilon, seed }) =>
    learn(classMeanDifference(task, training, expectedShare), 'reports', {
      epsilon,
      random: seededRandom(4000 + seed),
    }),
});

const labelsOnly = (asked: Readonly<Record<number, number>>): Learner => ({
  name: 'answer only, likelihood',
  epsilons,
  asked,
  learn: async ({ task, training, epsilon, seed }) =>
    learnFromLabels(task, training, { epsilon, random: seededRandom(5000 + seed), correction: 'likelihood' }),
});

const unbiasedLabels: Learner = {
  name: 'answer only, unbiased loss',
  epsilons,
  learn: async ({ task, training, epsilon, seed }) =>
    learnFromLabels(task, training, { epsilon, random: seededRandom(5000 + seed), correction: 'unbiased' }),
};

async function compare(population: Population, clients: number, learners: readonly Learner[]): Promise<void> {
  const { name, task, expectedShare } = population;
  const draws = await Promise.all(
    seeds.map(async (seed) => {
      const { training, heldBack } = await population.draw(clients, seed);
      const auc = (model: LinearModel): number =>
        areaUnderCurve(logits([...model.weights, model.bias], heldBack), heldBack.labels);
      const weights = trainCentrally({ task, records: training });
      const central = auc({ weights: weights.slice(0, -1), bias: weights.at(-1)! });
      return { seed, training, auc, central };
    }),
  );
  const centrals = meanAndError(draws.map(({ central }) => central));
  console.log();
  const rows = draws.map(({ training }) => training.rows).join(', ');
  console.log(`${name}; rows that train, by seed: ${rows}; central, converged: ${unsigned(centrals)}`);
  console.log('| what | epsilon | AUC | gap to central | asked |');
  for (const { name: what, epsilons: tried, asked = {}, learn: train } of learners) {
    for (const epsilon of tried ?? [Infinity]) {
      const areas: number[] = [];
      const gaps: number[] = [];
      for (const { seed, training, auc, central } of draws) {
        const area = auc(await train({ task, training, expectedShare, epsilon, seed }));
        areas.push(area);
        gaps.push(area - central);
      }
      const wanted = asked[epsilon]?.toFixed(2).replace(/^0/, '') ?? '';
      const cells = [
        what,
        tried === null ? '' : epsilon,
        unsigned(meanAndError(areas)),
        signed(meanAndError(gaps)),
        wanted,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}
