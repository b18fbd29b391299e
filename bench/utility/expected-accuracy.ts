import { writeFileSync } from 'node:fs';
import { seededRandom } from '@chorale/privacy/testing';
import { inputSize } from '@chorale/protocol';
import type { LinearModel } from '@chorale/training/one-shot';
import type { Batch } from '../../sdk/src/training/engines/engine.ts';
import { areaUnderCurve } from '../../sdk/src/training/testing/area-under-curve.ts';
import { logits, trainCentrally } from '../../sdk/src/training/testing/central-model.ts';
import { classMeanDifference, delta, gramMatrix, learn, learnFromLabels } from './learners.ts';
import { madeUpEmployees } from './populations.ts';

const clients = [150, 500, 1500, 5000, 15_000, 50_000];
const epsilon = [0.5, 1, 2, 4, 8];
const six = ['Age', 'DistanceFromHome', 'EnvironmentSatisfaction', 'JobSatisfaction', 'NumCompaniesWorked', 'OverTime'];
const twenty = [
  ...six,
  'BusinessTravel',
  'Department',
  'JobInvolvement',
  'MaritalStatus',
  'StockOptionLevel',
  'TotalWorkingYears',
  'YearsInCurrentRole',
  'YearsSinceLastPromotion',
];
const populations = [madeUpEmployees(six), madeUpEmployees(twenty), madeUpEmployees()];

// Of each seed's people; where there is much noise, it is what figures differ by.
const noiseDraws = 3;
// Fits of labels take longest and are as good as central by then; more clients count as so many.
const mostLabels = 15_000;
// Of the rows that are held back: scoring them is most of the rest, and figures are of two digits.
const scoredRows = 6000;

type Score = (given: { training: Batch; epsilon: number; seed: number }) => LinearModel;

/**
 * Measures what `planOneShot` looks up, on made-up employees, and writes it into its source file. Reports of PrivUnit are
 * not drawn one by one here: a normal of their sum's two moments stands for them.
 */
export async function writeExpectedAccuracy(seeds: readonly number[], file: URL): Promise<void> {
  const centralAuc = populations.map(() => clients.map(() => 0));
  const sums = new Map<string, number[][][]>();
  for (const [f, { task, expectedShare, draw }] of populations.entries()) {
    const width = inputSize(task);
    for (const seed of seeds) {
      const { training: all, heldBack: rest } = await draw(clients.at(-1)!, seed);
      const heldBack = firstRows(rest, scoredRows, width);
      for (const [c, rows] of clients.entries()) {
        const training = firstRows(all, rows, width);
        // A ridge that fewer rows than inputs need, and too small to matter to more.
        const weights = trainCentrally({ task, records: training, ridge: 1 / rows });
        const central = areaUnderCurve(logits(weights, heldBack), heldBack.labels);
        centralAuc[f]![c]! += central / seeds.length;
        const gram = gramMatrix(task, training);
        const means = classMeanDifference(task, training, expectedShare);
        const learners: Record<string, Score> = {
          'gram-matrix/local': (given) => learn(gram, 'like-reports', privacyOf(given)),
          'gram-matrix/distributed': (given) => learn(gram, 'sum', privacyOf(given)),
          'class-mean-difference/local': (given) => learn(means, 'like-reports', privacyOf(given)),
          'class-mean-difference/distributed': (given) => learn(means, 'sum', privacyOf(given)),
          'label-randomized-response/local': (given) =>
            learnFromLabels(task, training, { ...privacyOf(given), correction: 'likelihood' }),
        };
        for (const [name, score] of Object.entries(learners)) {
          const table = sums.get(name) ?? populations.map(() => clients.map(() => epsilon.map(() => 0)));
          sums.set(name, table);
          for (const [e, value] of epsilon.entries()) {
            if (rows > mostLabels && name.startsWith('label')) {
              table[f]![c]![e] = table[f]![c - 1]![e]!;
              continue;
            }
            for (let noiseDraw = 0; noiseDraw < noiseDraws; noiseDraw += 1) {
              const { weights: w, bias } = score({ training, epsilon: value, seed: noiseDraws * seed + noiseDraw });
              const area = areaUnderCurve(logits([...w, bias], heldBack), heldBack.labels);
              table[f]![c]![e]! += (area - 0.5) / (central - 0.5) / seeds.length / noiseDraws;
            }
          }
        }
      }
    }
  }
  const shareOfCentral: Record<string, Record<string, number[][][]>> = {};
  for (const [name, table] of sums) {
    const [algorithm, mode] = name.split('/') as [string, string];
    const rounded = monotone(table).map((byClients) => byClients.map((row) => row.map(round)));
    shareOfCentral[algorithm] = { ...shareOfCentral[algorithm], [mode]: rounded };
  }
  const features = populations.map(({ task }) => inputSize(task));
  const table = {
    delta,
    features,
    clients,
    epsilon,
    centralAuc: centralAuc.map((row) => row.map(round)),
    shareOfCentral,
  };
  writeFileSync(file, sourceOf(table));
}

function firstRows({ inputs, labels }: Batch, rows: number, width: number): Batch {
  return { inputs: inputs.subarray(0, rows * width), labels: labels.subarray(0, rows), rows };
}

/** Within [0, 1], and never better than with more clients or a larger epsilon, which is only luck where it is measured. */
function monotone(table: readonly (readonly (readonly number[])[])[]): number[][][] {
  return table.map((byClients) => {
    const cautious = byClients.map((row) => [...row]);
    for (let c = cautious.length - 1; c >= 0; c -= 1) {
      for (let e = epsilon.length - 1; e >= 0; e -= 1) {
        const value = Math.min(1, cautious[c]![e]!, cautious[c + 1]?.[e] ?? 1, cautious[c]![e + 1] ?? 1);
        cautious[c]![e] = Math.max(0, value);
      }
    }
    return cautious;
  });
}

function privacyOf({ epsilon: value, seed }: { epsilon: number; seed: number }) {
  return { epsilon: value, random: seededRandom(6000 + seed) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** A source file as the formatter would have it. */
function sourceOf(table: object): string {
  const literal = JSON.stringify(table, null, 2)
    .replaceAll(/\[[\d\s.,e-]+\]/g, (list) => list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'))
    .replaceAll(/"([a-zA-Z]+)":/g, '$1:')
    .replaceAll('"', "'")
    .replaceAll(/([\]}\d])\n/g, '$1,\n')
    .replace(/,\n$/, '\n')
    .replace('0.00001', '1e-5');
  return `/*
 * Written by \`npm run bench:utility\`: shares of what a central model without noise gains over guessing, on the project's
 * made-up employees, by features, clients and epsilon; means of five seeds.
 */
/* oxlint-disable oxc/approx-constant -- measured, not the constants that they resemble */
export const accuracyTable = ${literal.trimEnd().replace(/,$/, '')};
`;
}
