import { gaussianNoiseMultiplier } from '@chorale/privacy';
import { SeededRandom } from '@chorale/privacy/testing';
import { expect, test } from 'vitest';
import { gridSum, likeReports, noiseOnSum, sumOfReports } from './sums.ts';

const random = new SeededRandom(1);
const vectors = Array.from({ length: 50 }, () =>
  Float64Array.from({ length: 400 }, () => (random.nextUint32() / 2 ** 31 - 1) / 20),
);

test('noise on a sum has the stddev that it says, which the rounding of clients makes hardly larger', () => {
  const epsilon = 2;
  const exact = gridSum(vectors, 1.5);
  const plain = vectors[0]!.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0));
  // Clients round to the nearest of 2^14 steps.
  for (const [i, value] of plain.entries()) {
    expect(Math.abs(exact.steps[i]! / 2 ** 14 - value)).toBeLessThanOrEqual(vectors.length / 2 ** 15);
  }
  const { sum, noiseStddev } = noiseOnSum(exact, { epsilon, delta: 1e-5, random });
  // Two vectors whose every coordinate is rounded apart differ by a step more in each.
  const sensitivity = 1.5 + Math.sqrt(400) / 2 ** 14;
  expect(noiseStddev / (gaussianNoiseMultiplier({ epsilon, delta: 1e-5 }) * sensitivity)).toBeCloseTo(1, 5);
  // The mean of 400 squares of normals has the relative standard error root of (2 / 400).
  const square = sum.reduce((total, value, i) => total + (value - plain[i]!) ** 2, 0) / 400;
  expect(Math.abs(square / noiseStddev ** 2 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / 400));
});

test.each([0.5, 2, 4])('what stands for sums of reports has their mean square error, epsilon %d', (epsilon) => {
  const unit = vectors.slice(0, 10).map((vector) => vector.subarray(0, 20).map((value) => value * 4));
  const privacy = { clippingNorm: 1, epsilon, random };
  const exact = gridSum(unit, 2);
  const plain = unit[0]!.map((_, i) => unit.reduce((sum, vector) => sum + vector[i]!, 0));
  const errorOf = (noisy: Float64Array): number => noisy.reduce((sum, value, i) => sum + (value - plain[i]!) ** 2, 0);
  const draws = 300;
  let reported = 0;
  let alike = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    reported += errorOf(sumOfReports(unit, { ...privacy, dimension: 20 }).sum);
    alike += errorOf(likeReports(exact, privacy).sum);
  }
  // Each is a mean of 6,000 squares; and the error is that of the worst vector, a little above these ones'.
  expect(Math.abs(reported / alike - 1)).toBeLessThan(6.11 * Math.sqrt(4 / (20 * draws)) + 0.05);
});
