import { seededRandom } from '@chorale/privacy/testing';
import type { Batch, Network, TrainingEngine } from '../engines/engine.ts';
import { referenceClippedGradientSum, referenceLoss, referenceScores } from './reference.ts';

/** What every engine must do; `run` throws where it does not. Free of any test runner, so that workers can run it. */
export type EngineCase = {
  name: string;
  run: (create: (network: Network) => Promise<TrainingEngine>) => Promise<void>;
};

const inputWidth = 11;
const shapes: Network[] = [
  ...[[], [5], [7, 3]].flatMap((hidden) =>
    (['relu', 'tanh'] as const).map((activation): Network => ({
      layerSizes: [inputWidth, ...hidden, 1],
      activation,
      loss: 'logistic',
    })),
  ),
  { layerSizes: [inputWidth, 3], activation: 'relu', loss: 'softmax' },
  { layerSizes: [inputWidth, 5, 3], activation: 'tanh', loss: 'softmax' },
  { layerSizes: [1, 2], activation: 'relu', loss: 'softmax' },
  { layerSizes: [inputWidth, 1], activation: 'relu', loss: 'squared' },
  { layerSizes: [inputWidth, 7, 3, 1], activation: 'relu', loss: 'squared' },
  { layerSizes: [1, 1], activation: 'relu', loss: 'squared' },
  { layerSizes: [1, 1], activation: 'relu', loss: 'logistic' },
  { layerSizes: [203, 131, 5], activation: 'relu', loss: 'softmax' },
];
const small: Network = { layerSizes: [inputWidth, 5, 1], activation: 'relu', loss: 'logistic' };
// Of single precision there are some seven digits; a few are lost in sums.
const tolerance = 1e-5;

export const engineContract: EngineCase[] = [
  ...shapes.flatMap((network) =>
    [1, 33].flatMap((rows) =>
      (['unbounded', 'none', 'some', 'all'] as const).map((clipped): EngineCase => ({
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
  ...shapes.map((network): EngineCase => ({
    name: `has the loss of ${describe(network)}`,
    async run(create) {
      const { parameters, batch } = problem(network, 33);
      const engine = await create(network);
      closeTo('loss', [await engine.loss(parameters, batch)], [referenceLoss(network, parameters, batch)]);
    },
  })),
  {
    name: 'sums a batch larger than one pass as it sums its parts',
    async run(create) {
      const { parameters, batch } = problem(small, 2500);
      const engine = await create(small);
      const { gradientSum, examples } = await engine.clippedGradientSum(parameters, batch, 0.7);
      if (examples !== 2500) throw new Error(`examples must be 2500, got ${examples}`);
      closeTo('gradients', gradientSum, referenceClippedGradientSum(small, parameters, batch, 0.7).gradientSum);
      closeTo('scores', await engine.scores(parameters, batch), referenceScores(small, parameters, batch));
      closeTo('loss', [await engine.loss(parameters, batch)], [referenceLoss(small, parameters, batch)]);
    },
  },
  {
    name: 'gives nothing for no rows',
    async run(create) {
      const engine = await create(small);
      const { parameters } = problem(small, 1);
      const empty: Batch = { inputs: new Float32Array(0), labels: new Uint8Array(0), rows: 0 };
      const { gradientSum, clippedFraction } = await engine.clippedGradientSum(parameters, empty, 1);
      if (gradientSum.length !== parameters.length || gradientSum.some((g) => g !== 0))
        throw new Error('gradients must be zeros');
      if (clippedFraction !== 0) throw new Error(`clippedFraction must be 0, got ${clippedFraction}`);
      if ((await engine.loss(parameters, empty)) !== 0) throw new Error('loss must be 0');
      if ((await engine.scores(parameters, empty)).length !== 0) throw new Error('scores must be none');
    },
  },
  ...(['logistic', 'softmax'] as const).map((loss): EngineCase => ({
    name: `keeps scores in [0, 1], gradients and loss finite where the ${loss} function saturates`,
    async run(create) {
      const network: Network = { ...small, layerSizes: [inputWidth, 5, loss === 'softmax' ? 3 : 1], loss };
      const { parameters, batch } = problem(network, 33);
      const large = parameters.map((p) => 400 * p);
      const engine = await create(network);
      const scores = await engine.scores(large, batch);
      if (!scores.every((s) => s >= 0 && s <= 1)) throw new Error('a score is outside [0, 1]');
      const { gradientSum } = await engine.clippedGradientSum(large, batch, 1);
      if (!gradientSum.every(Number.isFinite)) throw new Error('a gradient is not finite');
      if (!Number.isFinite(await engine.loss(large, batch))) throw new Error('the loss is not finite');
    },
  })),
  ...(['logistic', 'squared'] as const).map((loss): EngineCase => ({
    name: `refuses two outputs for ${loss}`,
    async run(create) {
      const refused = await create({ ...small, layerSizes: [inputWidth, 2], loss }).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!(refused instanceof RangeError)) throw new Error('a RangeError must be thrown');
    },
  })),
];

async function checkGradients(
  create: (network: Network) => Promise<TrainingEngine>,
  network: Network,
  rows: number,
  clipped: 'unbounded' | 'none' | 'some' | 'all',
): Promise<void> {
  const { parameters, batch } = problem(network, rows);
  const norms = exampleNorms(network, parameters, batch);
  const median = norms.toSorted((a, b) => a - b)[Math.floor(rows / 2)]!;
  // Between two norms and never at one, so that rounding does not decide what is clipped.
  const bound = {
    unbounded: Infinity,
    none: Math.max(...norms) * 2,
    some: median * 0.999,
    all: Math.min(...norms) * 0.5,
  }[clipped];
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
  const width = network.layerSizes[0]!;
  return Array.from({ length: batch.rows }, (_, row) => {
    const one: Batch = {
      inputs: batch.inputs.slice(row * width, (row + 1) * width),
      labels: batch.labels.slice(row, row + 1),
      rows: 1,
    };
    return Math.hypot(...referenceClippedGradientSum(network, parameters, one, Infinity).gradientSum);
  });
}

/** A repeatable problem: inputs in [-1, 1] with zeros among them, all kinds of labels, weights of ordinary size. */
export function problem({ layerSizes, loss }: Network, rows: number): { parameters: Float32Array; batch: Batch } {
  const random = seededRandom(rows * 1000 + layerSizes.length);
  const uniform = (): number => (random.nextUint32() / 2 ** 32) * 2 - 1;
  const parameters = layerSizes.slice(1).flatMap((outputs, layer) => {
    const fanIn = layerSizes[layer]!;
    return Array.from({ length: (fanIn + 1) * outputs }, () => uniform() * Math.min(1, 4 / Math.sqrt(fanIn)));
  });
  const classes = Math.max(2, layerSizes.at(-1)!);
  return {
    parameters: Float32Array.from(parameters),
    batch: {
      inputs: Float32Array.from({ length: rows * layerSizes[0]! }, () => Math.max(uniform(), -0.3) + 0.3),
      labels:
        loss === 'squared'
          ? Float32Array.from({ length: rows }, () => 3 * uniform())
          : Uint8Array.from({ length: rows }, () => random.nextUint32() % classes),
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

function describe({ layerSizes, activation, loss }: Network): string {
  return `${layerSizes.join('-')} ${activation} ${loss}`;
}
