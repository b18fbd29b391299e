import { seededRandom } from '@chorale/privacy/testing';
import type { Batch, Network, TrainingEngine } from '../engines/engine.ts';
import { referenceClippedGradientSum, referenceScores } from './reference.ts';

/** What every engine must do; `run` throws where it does not. Free of any test runner, so that workers can run it. */
export type EngineCase = {
  name: string;
  run: (create: (network: Network) => Promise<TrainingEngine>) => Promise<void>;
};

const inputWidth = 11;
const shapes: Network[] = [[], [5], [7, 3]].flatMap((hidden) =>
  (['relu', 'tanh'] as const).map((activation) => ({ layerSizes: [inputWidth, ...hidden, 1], activation })),
);
// Of single precision there are some seven digits; a few are lost in sums.
const tolerance = 1e-5;

export const engineContract: EngineCase[] = [
  ...shapes.flatMap((network) =>
    [1, 33].flatMap((rows) =>
      (['none', 'some', 'all'] as const).map((clipped): EngineCase => ({
        name: `sums gradients of ${describe(network)}, ${rows} rows, ${clipped} clipped`,
        run: (create) => checkGradients(create, network, rows, clipped),
      })),
    ),
  ),
  ...shapes.map((network): EngineCase => ({
    name: `scores rows with ${describe(network)}`,
    async run(create) {
      const { parameters, batch } = problem(network, 33);
      const engine = await create(network);
      closeTo('scores', await engine.scores(parameters, batch), referenceScores(network, parameters, batch));
    },
  })),
  {
    name: 'sums a batch larger than one pass as it sums its parts',
    async run(create) {
      const network: Network = { layerSizes: [inputWidth, 5, 1], activation: 'relu' };
      const { parameters, batch } = problem(network, 2500);
      const engine = await create(network);
      const { gradientSum, examples } = await engine.clippedGradientSum(parameters, batch, 0.7);
      if (examples !== 2500) throw new Error(`examples must be 2500, got ${examples}`);
      closeTo('gradients', gradientSum, referenceClippedGradientSum(network, parameters, batch, 0.7).gradientSum);
    },
  },
  {
    name: 'gives nothing for no rows',
    async run(create) {
      const network: Network = { layerSizes: [inputWidth, 1], activation: 'relu' };
      const engine = await create(network);
      const empty: Batch = { inputs: new Float32Array(0), labels: new Uint8Array(0), rows: 0 };
      const { gradientSum, clippedFraction } = await engine.clippedGradientSum(
        problem(network, 1).parameters,
        empty,
        1,
      );
      if (gradientSum.length !== inputWidth + 1 || gradientSum.some((g) => g !== 0))
        throw new Error('gradients must be zeros');
      if (clippedFraction !== 0) throw new Error(`clippedFraction must be 0, got ${clippedFraction}`);
    },
  },
  {
    name: 'keeps scores in [0, 1] and gradients finite where the logistic function saturates',
    async run(create) {
      const network: Network = { layerSizes: [inputWidth, 5, 1], activation: 'relu' };
      const { parameters, batch } = problem(network, 33);
      const large = parameters.map((p) => 400 * p);
      const engine = await create(network);
      const scores = await engine.scores(large, batch);
      if (!scores.every((s) => s >= 0 && s <= 1)) throw new Error('a score is outside [0, 1]');
      const { gradientSum } = await engine.clippedGradientSum(large, batch, 1);
      if (!gradientSum.every(Number.isFinite)) throw new Error('a gradient is not finite');
    },
  },
];

async function checkGradients(
  create: (network: Network) => Promise<TrainingEngine>,
  network: Network,
  rows: number,
  clipped: 'none' | 'some' | 'all',
): Promise<void> {
  const { parameters, batch } = problem(network, rows);
  const norms = batch.labels.length === 0 ? [] : exampleNorms(network, parameters, batch);
  const median = norms.toSorted((a, b) => a - b)[Math.floor(rows / 2)]!;
  // Between two norms and never at one, so that rounding does not decide what is clipped.
  const bound = { none: Math.max(...norms) * 2, some: median * 0.999, all: Math.min(...norms) * 0.5 }[clipped];
  const expected = referenceClippedGradientSum(network, parameters, batch, bound);
  const engine = await create(network);
  const actual = await engine.clippedGradientSum(parameters, batch, bound);
  closeTo('gradients', actual.gradientSum, expected.gradientSum);
  if (actual.examples !== rows) throw new Error(`examples must be ${rows}, got ${actual.examples}`);
  if (Math.abs(actual.clippedFraction - expected.clippedFraction) > 1e-9) {
    throw new Error(`clippedFraction must be ${expected.clippedFraction}, got ${actual.clippedFraction}`);
  }
}

function exampleNorms(network: Network, parameters: Float32Array, batch: Batch): number[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const one: Batch = {
      inputs: batch.inputs.slice(row * inputWidth, (row + 1) * inputWidth),
      labels: batch.labels.slice(row, row + 1),
      rows: 1,
    };
    return Math.hypot(...referenceClippedGradientSum(network, parameters, one, Infinity).gradientSum);
  });
}

/** A repeatable problem: inputs in [-1, 1] with zeros among them, both labels, weights of ordinary size. */
export function problem({ layerSizes }: Network, rows: number): { parameters: Float32Array; batch: Batch } {
  const random = seededRandom(rows * 1000 + layerSizes.length);
  const uniform = (): number => (random.nextUint32() / 2 ** 32) * 2 - 1;
  const count = layerSizes.slice(1).reduce((sum, outputs, i) => sum + (layerSizes[i]! + 1) * outputs, 0);
  return {
    parameters: Float32Array.from({ length: count }, uniform),
    batch: {
      inputs: Float32Array.from({ length: rows * layerSizes[0]! }, () => Math.max(uniform(), -0.3) + 0.3),
      labels: Uint8Array.from({ length: rows }, () => random.nextUint32() & 1),
      rows,
    },
  };
}

/** L2 distance within the tolerance, relative to the expected norm. */
function closeTo(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: ${expected.length} numbers expected, got ${actual.length}`);
  const distance = Math.hypot(...Array.from(expected, (value, i) => value - actual[i]!));
  const error = distance / Math.hypot(...Array.from(expected));
  if (!(error <= tolerance)) throw new Error(`${what}: relative error ${error} exceeds ${tolerance}`);
}

function describe({ layerSizes, activation }: Network): string {
  const hidden = layerSizes.slice(1, -1);
  return hidden.length === 0 ? `logistic regression (${activation})` : `${hidden.join('-')} ${activation}`;
}
