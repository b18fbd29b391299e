import { accountSubsampledGaussian, type RandomSource, subsampledGaussianNoiseMultiplier } from '@chorale/privacy';
import { seededRandom } from '@chorale/privacy/testing';
import type { TrainingTask } from '@chorale/protocol';
import type { Batch, Network } from '../sdk/src/training/engines/engine.ts';
import { TypedArrayEngine } from '../sdk/src/training/engines/typed-array-engine.ts';
import { localSteps } from '../sdk/src/training/local-round.ts';
import { type Digits, readDigits } from './mnist/digits.ts';
import { ORIENTED_GRADIENTS, orientedGradients } from './mnist/oriented-gradients.ts';
import { benchStudy } from './training-study.ts';
import { meanAndError, unsigned } from './utility/spread.ts';

const seeds = [1, 2, 3, 4, 5];
const guarantee = { epsilon: 3, delta: 1e-5 };
const asked = 0.95;

/** Settings were chosen by the last 10,000 of the training images, after training on the others, with seed 1. */
type Learner = {
  name: string;
  width: number;
  inputs: (digits: Digits) => Float32Array;
  hidden: number[];
  samplingRate: number;
  epochs: number;
  learningRate: number;
  exampleClippingNorm: number;
};
const learners: Learner[] = [
  {
    name: 'softmax on histograms of oriented gradients',
    width: ORIENTED_GRADIENTS,
    inputs: orientedGradients,
    hidden: [],
    samplingRate: 0.05,
    epochs: 20,
    learningRate: 80,
    exampleClippingNorm: 1,
  },
];

/**
 * How well does one site learn to read digits where every image is protected? DP-SGD on MNIST by the local steps of the
 * SDK, its engine, its Poisson samples and its noise. The literature states epsilon for adding or removing an image; a
 * device's ledger charges the same noise for replacing one, which is the larger figure.
 */
export async function benchMnist(): Promise<void> {
  const [training, test] = [readDigits('train'), readDigits('t10k')];
  console.log(`MNIST: ${training.rows} images to train on, ${test.rows} to test on; ${seeds.length} seeds`);
  for (const learner of learners) await measure(learner, { training, test });
}

async function measure(
  learner: Learner,
  { training, test }: Readonly<Record<'training' | 'test', Digits>>,
): Promise<void> {
  const { name, width, hidden, samplingRate, epochs } = learner;
  const network: Network = { layerSizes: [width, ...hidden, 10], activation: 'tanh', loss: 'softmax' };
  const steps = epochs * Math.round(1 / samplingRate);
  // For adding or removing an image the sensitivity is one clipping norm, for replacing it two.
  const perClippingNorm = subsampledGaussianNoiseMultiplier({ ...guarantee, steps, samplingRate });
  const noiseMultiplier = perClippingNorm / 2;
  const spent = { steps, samplingRate, delta: guarantee.delta };
  const added = accountSubsampledGaussian({ ...spent, noiseMultiplier: perClippingNorm }).epsilon;
  const replaced = accountSubsampledGaussian({ ...spent, noiseMultiplier, neighboringRelation: 'replace-one' }).epsilon;
  console.log(
    `${name}: ${steps} steps at a sampling rate of ${samplingRate}, noise of ${perClippingNorm.toFixed(3)} C`,
  );
  console.log(
    `  epsilon at delta ${guarantee.delta}: ${added.toFixed(2)} add-or-remove-one, ${replaced.toFixed(2)} replace-one`,
  );
  const engine = new TypedArrayEngine(network);
  const rows: Batch = { inputs: learner.inputs(training), labels: training.labels, rows: training.rows };
  const held: Batch = { inputs: learner.inputs(test), labels: test.labels, rows: test.rows };
  const accuracies: number[] = [];
  for (const seed of seeds) {
    const started = performance.now();
    const random = seededRandom(seed);
    const parameters = initialParameters(network, random);
    const update = await localSteps({
      task: taskOf(learner, noiseMultiplier),
      engine,
      training: rows,
      parameters,
      random,
      onProgress({ step }) {
        if (step % Math.ceil(steps / 4) === 0) console.error(`  seed ${seed}: step ${step} of ${steps}`);
      },
    });
    const trained = parameters.map((value, i) => value + update[i]!);
    const accuracy = accuracyOf(await engine.scores(trained, held), held.labels);
    accuracies.push(accuracy);
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`  seed ${seed}: ${(100 * accuracy).toFixed(2)}% of the test images, in ${seconds} s`);
  }
  console.log(`  mean ${unsigned(meanAndError(accuracies))}; asked: at least ${asked}`);
}

/** What `localSteps` reads of a task; its features, label and model are not what is trained here. */
function taskOf({ epochs, learningRate, exampleClippingNorm, samplingRate }: Learner, noise: number): TrainingTask {
  return {
    ...benchStudy({ parameters: 3, clients: 1, rounds: 1 }).training!,
    clients: 'site',
    localEpochs: epochs,
    batchSize: null,
    learningRate,
    exampleClippingNorm,
    privacy: {
      updateNoiseMultiplier: 0,
      exampleNoiseMultiplier: noise,
      exampleSamplingRate: samplingRate,
      delta: guarantee.delta,
    },
  };
}

/** Zeros for a layer alone; otherwise weights as Glorot and Bengio 2010, equation 16. */
function initialParameters({ layerSizes }: Network, random: RandomSource): Float32Array {
  const parameters: number[] = [];
  for (const [layer, fanOut] of layerSizes.slice(1).entries()) {
    const fanIn = layerSizes[layer]!;
    const largest = layerSizes.length === 2 ? 0 : Math.sqrt(6 / (fanIn + fanOut));
    for (let i = 0; i < fanIn * fanOut; i += 1) parameters.push((random.nextUint32() / 2 ** 31 - 1) * largest);
    for (let i = 0; i < fanOut; i += 1) parameters.push(0);
  }
  return Float32Array.from(parameters);
}

/** Share of rows whose own class has the largest of their scores, `[rows, classes]`. */
function accuracyOf(scores: Float32Array, labels: Batch['labels']): number {
  const classes = scores.length / labels.length;
  let right = 0;
  for (let row = 0; row < labels.length; row += 1) {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    if (own.every((score) => score <= own[labels[row]!]!)) right += 1;
  }
  return right / labels.length;
}
