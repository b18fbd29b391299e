import { seededRandom } from '@chorale/privacy/testing';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import { gatherRows } from './holdout.ts';
import { gradientSensitivity, noisedGradientSum } from './noised-gradient.ts';
import { problem } from './testing/engine-contract.ts';

const gridSteps = 2 ** 20;

test('[B6] rounded sums that differ in one row stay within the sensitivity', async () => {
  const network = { layerSizes: [11, 5, 1], activation: 'tanh', loss: 'logistic' } as const;
  const engine = new TypedArrayEngine(network);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.double({ min: 0.01, max: 5, noNaN: true }),
      fc.nat(),
      async (rows, clippingNorm, pick) => {
        const { parameters, batch } = problem(network, rows);
        const row = pick % rows;
        const neighbour = { ...batch, inputs: batch.inputs.slice(), labels: batch.labels.slice() };
        // The worst replacement that can be had simply: opposite inputs and label.
        for (let i = 0; i < 11; i += 1) neighbour.inputs[row * 11 + i]! *= -50;
        neighbour.labels[row] = 1 - neighbour.labels[row]!;
        const rounded = async (data: typeof batch): Promise<number[]> =>
          Array.from((await engine.clippedGradientSum(parameters, data, clippingNorm)).gradientSum, (g) =>
            Math.round(g / (clippingNorm / gridSteps)),
          );
        const [one, other] = [await rounded(batch), await rounded(neighbour)];
        const distance = Math.hypot(...one.map((value, i) => value - other[i]!));
        const sensitivity = gradientSensitivity({ rows, parameters: parameters.length });
        expect(distance).toBeLessThanOrEqual(sensitivity);
        // A sample without the row is half as far away.
        const others = gatherRows(
          batch,
          [...batch.labels.keys()].filter((at) => at !== row),
        );
        const without = await rounded(others);
        expect(Math.hypot(...one.map((value, i) => value - without[i]!))).toBeLessThanOrEqual(sensitivity / 2);
      },
    ),
    { numRuns: 100 },
  );
});

test('the sensitivity is twice the clipping norm and little more', () => {
  for (const [rows, parameters] of [
    [1, 1],
    [1000, 60],
    [100_000, 4000],
  ] as const) {
    const excess = gradientSensitivity({ rows, parameters }) / (2 * gridSteps) - 1;
    expect(excess).toBeGreaterThan(0);
    expect(excess).toBeLessThan(7e-5);
  }
});

test('the noise is as large as the multiplier says, in units of the gradient', () => {
  const length = 20_000;
  const exampleClippingNorm = 0.3;
  const noiseMultiplier = 1.7;
  const sum = new Float64Array(length).fill(2);
  const noised = noisedGradientSum(sum, { rows: 10, exampleClippingNorm, noiseMultiplier }, seededRandom(5));
  const variance = noised.reduce((total, value) => total + (value - 2) ** 2, 0) / length;
  // The variance of a sample of n has standard error sqrt(2/n), relative; z = 6.11. A stddev 10% off is caught.
  expect(Math.abs(variance / (noiseMultiplier * 2 * exampleClippingNorm) ** 2 - 1)).toBeLessThan(
    6.11 * Math.sqrt(2 / length),
  );
});

test('single precision is refused', () => {
  const sum = new Float32Array(2);
  expect(() => noisedGradientSum(sum, { rows: 1, exampleClippingNorm: 1, noiseMultiplier: 1 })).toThrow(TypeError);
});
