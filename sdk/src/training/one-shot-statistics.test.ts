import { seededRandom } from '@chorale/privacy/testing';
import {
  GRAM_COUNT,
  GRID_STEPS,
  inputSize,
  parameterCount,
  rowSensitivity,
  type TrainingTask,
  updateLength,
  updateNoiseStddev,
  updateSensitivity,
} from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';
import { RowStatistics } from '@chorale/training/one-shot';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import type { Batch } from './engines/engine.ts';
import { gatherRows } from './holdout.ts';
import { localRound } from './local-round.ts';
import { taskNetwork } from './task-network.ts';
import { attritionTask } from './testing/attrition-task.ts';
import { problem } from './testing/engine-contract.ts';

const noNoise = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-5 };
const rules = [
  { rule: 'gram-matrix' },
  { rule: 'class-mean-difference', expectedShare: 0.2 },
] as const satisfies NonNullable<TrainingTask['algorithm']>['oneShot'][];

function oneShot(changes: Partial<TrainingTask> = {}): TrainingTask {
  return {
    ...attritionTask,
    features: attritionTask.features.filter((feature) => feature.type === 'number').slice(0, 6),
    rounds: 1,
    localEpochs: 1,
    learningRate: 1,
    clippingNorm: 200,
    exampleClippingNorm: 1.5,
    weights: undefined,
    privacy: noNoise,
    algorithm: { oneShot: { rule: 'gram-matrix' } },
    ...changes,
  };
}

const width = inputSize(oneShot());
const all: Batch = problem(taskNetwork(oneShot()), 120).batch;

function round(task: TrainingTask, training: Batch, options: Partial<Parameters<typeof localRound>[0]> = {}) {
  return localRound({
    task,
    training,
    engine: new TypedArrayEngine(taskNetwork(task)),
    parameters: new Float32Array(parameterCount(task)),
    noiseless: true,
    random: seededRandom(1),
    ...options,
  });
}

/** The statistics of all rows in one place. */
function statistics(task: TrainingTask, rows: Batch): Float64Array {
  const sum = new RowStatistics({ ...task, clients: 'site' });
  for (let row = 0; row < rows.rows; row += 1) {
    sum.add(rows.inputs.subarray(row * width, (row + 1) * width), rows.labels[row]!);
  }
  return sum.sum;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(...Array.from(a, (value, i) => value - b[i]!));

/** Rows anywhere, many of them longer than their bound, and labels. */
const anyRows = (least: number, most: number): fc.Arbitrary<Batch> =>
  fc
    .array(
      fc.tuple(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: width, maxLength: width }),
        fc.nat(1),
      ),
      {
        minLength: least,
        maxLength: most,
      },
    )
    .map((rows) => ({
      inputs: Float32Array.from(rows.flatMap(([inputs]) => inputs)),
      labels: Uint8Array.from(rows, ([, label]) => label),
      rows: rows.length,
    }));

/** Six times the same row, with zeros beside it. */
function alike(row: number[], label: number): Batch {
  const padded = [...row, ...Array.from({ length: width - row.length }, () => 0)];
  return {
    inputs: Float32Array.from(Array.from({ length: 6 }, () => padded).flat()),
    labels: new Uint8Array(6).fill(label),
    rows: 6,
  };
}

describe.each(rules)('[T5] $rule', (rule) => {
  const algorithm = { oneShot: rule };

  test('the clients’ statistics add up to those of all rows, to a step of the grid each', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(5), { minLength: all.rows, maxLength: all.rows }),
        fc.constantFrom<['site', 'employee']>('site', 'employee'),
        async (owners, clients) => {
          const task = oneShot({ algorithm, clients, clippingNorm: clients === 'site' ? 200 : 1.5 });
          // Every employee has one row; a site has all that fall to it.
          const parts =
            clients === 'employee'
              ? owners.map((_, row) => [row])
              : [...Map.groupBy(owners.keys(), (row) => owners[row]!).values()];
          const sum = new Float64Array(updateLength(task));
          for (const part of parts) {
            const update = await round(task, gatherRows(all, part));
            for (let i = 0; i < sum.length; i += 1) sum[i]! += (update[i]! / GRID_STEPS) * task.clippingNorm;
          }
          const step = task.clippingNorm / GRID_STEPS;
          for (const [i, value] of statistics(task, all).entries()) {
            expect(Math.abs(sum[i]! - value)).toBeLessThan(parts.length * step + 1e-9);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  /** As far apart as rows can be: at right angles with unlike labels, or opposite with the label of the larger weight. */
  const far: [Batch, Batch] =
    rule.rule === 'gram-matrix' ? [alike([1, 0], 1), alike([0, 1], 0)] : [alike([1, 0], 1), alike([-1, 0], 1)];

  test('[B2] no two clients’ updates, of however many rows, are further apart than the sensitivity that is charged', async () => {
    for (const clients of ['site', 'employee'] as const) {
      const longest = rule.rule === 'gram-matrix' ? 1.5 : 1;
      const clippingNorm = clients === 'site' ? 3 * longest : longest;
      const task = oneShot({ algorithm, clients, clippingNorm, exampleClippingNorm: 1 });
      const apart = async (mine: Batch, theirs: Batch): Promise<number> => {
        const [one, other] = await Promise.all([round(task, mine), round(task, theirs)]);
        return distance(one, other);
      };
      await fc.assert(
        fc.asyncProperty(anyRows(1, 6), anyRows(1, 6), async (mine, theirs) => {
          expect(await apart(mine, theirs)).toBeLessThanOrEqual(updateSensitivity(task));
        }),
        { numRuns: 150 },
      );
      const furthest = await apart(...far);
      expect(furthest).toBeLessThanOrEqual(updateSensitivity(task));
      expect(furthest).toBeGreaterThan(0.999 * updateSensitivity(task));
    }
  });

  test('[B2] replacing one row of a site moves the sum of its rows by no more than the sensitivity of a row', () => {
    const task = oneShot({ algorithm, exampleClippingNorm: 1 });
    const bound = rowSensitivity(task)! * (1 + 1e-12);
    const moved = (rows: Batch, { inputs, labels }: Batch): number => {
      const replaced = { ...rows, inputs: rows.inputs.slice(), labels: rows.labels.slice() };
      replaced.inputs.set(inputs.subarray(0, width));
      replaced.labels.set(labels.subarray(0, 1));
      return distance(statistics(task, rows), statistics(task, replaced));
    };
    fc.assert(
      fc.property(anyRows(2, 5), anyRows(1, 1), (rows, other) => {
        expect(moved(rows, other)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 300 },
    );
    expect(moved(...far)).toBeLessThanOrEqual(bound);
    expect(moved(...far)).toBeGreaterThan(0.999 * bound);
  });

  test('noise on the update, and on the rows, has the stddev that is charged', async () => {
    const updateNoised = oneShot({ algorithm, privacy: { ...noNoise, updateNoiseMultiplier: 1.5 } });
    const rowsNoised = oneShot({ algorithm, clippingNorm: 2000, privacy: { ...noNoise, exampleNoiseMultiplier: 30 } });
    const inSteps = GRID_STEPS / rowsNoised.clippingNorm;
    for (const [task, stddev] of [
      [updateNoised, updateNoiseStddev(updateNoised)],
      [rowsNoised, 30 * rowSensitivity(rowsNoised)! * inSteps],
    ] as const) {
      let squares = 0;
      let draws = 0;
      const plain = await round({ ...task, privacy: noNoise }, all);
      for (let seed = 1; draws < 2000; seed += 1) {
        const update = await round(task, all, { noiseless: false, random: seededRandom(seed) });
        expect(Math.hypot(...update)).toBeLessThanOrEqual(updateNormBound(task));
        squares += distance(update, plain) ** 2;
        draws += update.length;
      }
      // The variance of so many draws has a relative standard error of the root of 2 / n; z = 6.11.
      expect(Math.abs(squares / draws / stddev ** 2 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / draws));
    }
  });
});

test('a site with more rows than its bound holds is scaled down as a whole, its count with it', async () => {
  const task = oneShot({ clippingNorm: 10 });
  const update = await round(task, all);
  const expected = statistics(task, all);
  const factor = update.at(-1)! / GRID_STEPS / (expected.at(-1)! / 10);
  expect(expected.at(-1)).toBeCloseTo(120 * GRAM_COUNT, 9);
  expect(factor).toBeLessThan(1);
  expect(Math.hypot(...update)).toBeGreaterThan(GRID_STEPS - 10);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(update[i]! - ((factor * value) / 10) * GRID_STEPS)).toBeLessThan(3);
  }
});

test('rows of one label, a column that never changes and a single row contribute like any others', async () => {
  const inputs = all.inputs.map((value, i) => (i % width === 0 ? 1 : value));
  for (const rows of [{ ...all, inputs, labels: new Uint8Array(all.rows) }, gatherRows(all, [3])]) {
    expect(Math.hypot(...(await round(oneShot(), rows)))).toBeGreaterThan(0);
  }
});

test('what is no number is refused, and so is a client without rows', async () => {
  for (const value of [NaN, Infinity]) {
    await expect(round(oneShot(), { ...all, inputs: all.inputs.with(5, value) })).rejects.toMatchObject({
      code: 'TRAINING_DATA_INVALID',
    });
  }
  await expect(round(oneShot(), gatherRows(all, []))).rejects.toMatchObject({ code: 'TRAINING_DATA_INVALID' });
  await expect(round(oneShot(), all, { noiseless: false })).rejects.toMatchObject({ code: 'NOISELESS_REFUSED' });
});

test('it tells how far it is, in rows alone, and stops when asked', async () => {
  const rows = problem(taskNetwork(oneShot()), 600).batch;
  const seen: string[] = [];
  await round(oneShot(), rows, { onProgress: ({ step, steps }) => void seen.push(`${step}/${steps}`) });
  expect(seen).toEqual(['1/3', '2/3', '3/3']);
  const stop = new AbortController();
  const stopped = round(oneShot(), rows, { signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) });
  await expect(stopped).rejects.toThrow('stopped');
});
