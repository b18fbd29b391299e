import {
  discreteGaussianEpsilon,
  discreteGaussianVector,
  gaussianNoiseMultiplier,
  type RandomSource,
} from '@chorale/privacy';
import { privUnit, type PrivUnit } from '@chorale/privacy/updates';

/** What the server learns: a sum over all clients, and the stddev of the noise in each of its numbers. */
export type NoisySum = { sum: Float64Array; noiseStddev: number };

/** A sum of vectors on a grid, before noise. Clients round each number to the nearest step, so the sum is exact. */
export type GridSum = { steps: Float64Array; rows: number; sensitivity: number };

const stepsPerUnit = 2 ** 14;

/** @param sensitivity L2, replace-one, of the vectors before they are rounded */
export function gridSum(vectors: Iterable<Float64Array>, sensitivity: number): GridSum {
  let steps: Float64Array | undefined;
  let rows = 0;
  for (const vector of vectors) {
    steps ??= new Float64Array(vector.length);
    for (let i = 0; i < vector.length; i += 1) steps[i]! += Math.round(vector[i]! * stepsPerUnit);
    rows += 1;
  }
  return { steps: steps ?? new Float64Array(), rows, sensitivity };
}

/**
 * The noise that a secure sum would carry, ADDED HERE TO THE SUM: no client of the bench adds its share, and nobody
 * encrypts. Discrete Gaussian, (epsilon, delta) for replacing one employee's whole record.
 */
export function noiseOnSum(
  { steps, sensitivity }: GridSum,
  { epsilon, delta, random }: { epsilon: number; delta: number; random: RandomSource },
): NoisySum {
  const dimension = steps.length;
  // Rounding to the nearest moves each of two vectors by half a step a coordinate at most.
  const inSteps = sensitivity * stepsPerUnit + Math.sqrt(dimension);
  const noiseStddev = gaussianNoiseMultiplier({ epsilon, delta }) * (1 + 1e-6) * inSteps;
  const realized = discreteGaussianEpsilon({ noiseStddev, sensitivity: inSteps, delta, dimension });
  if (realized > epsilon) throw new RangeError(`epsilon must be at most ${epsilon}, got ${realized}`);
  const noise = discreteGaussianVector({ length: dimension, noiseStddev }, random);
  return { sum: steps.map((value, i) => (value + noise[i]!) / stepsPerUnit), noiseStddev: noiseStddev / stepsPerUnit };
}

/** Local noise: every vector is reported by PrivUnit, pure epsilon, and decoded. */
export function sumOfReports(
  vectors: Iterable<Float64Array>,
  {
    dimension,
    clippingNorm,
    epsilon,
    random,
  }: { dimension: number; clippingNorm: number; epsilon: number; random: RandomSource },
): NoisySum {
  const mechanism = privUnit({ dimension, epsilon, clippingNorm });
  const sum = new Float64Array(dimension);
  let rows = 0;
  for (const vector of vectors) {
    const decoded = mechanism.decode(mechanism.privatize(vector, random));
    for (let i = 0; i < dimension; i += 1) sum[i]! += decoded[i]!;
    rows += 1;
  }
  return { sum, noiseStddev: stddevOfReports(mechanism, rows) };
}

/**
 * The same to two moments, for the table of expectations, where reports of everybody would take hours: a sum of many
 * reports has nearly normal noise, of PrivUnit's squared error for the worst vector, in all directions alike.
 */
export function likeReports(
  { steps, rows }: GridSum,
  { clippingNorm, epsilon, random }: { clippingNorm: number; epsilon: number; random: RandomSource },
): NoisySum {
  const noiseStddev = stddevOfReports(privUnit({ dimension: steps.length, epsilon, clippingNorm }), rows);
  const noise = discreteGaussianVector({ length: steps.length, noiseStddev: noiseStddev * stepsPerUnit }, random);
  return { sum: steps.map((value, i) => (value + noise[i]!) / stepsPerUnit), noiseStddev };
}

function stddevOfReports({ squaredError, dimension }: PrivUnit, rows: number): number {
  return Math.sqrt((rows * squaredError) / dimension);
}
