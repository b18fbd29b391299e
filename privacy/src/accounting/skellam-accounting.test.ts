import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/composition.json' with { type: 'json' };
import { roundedNorm } from '../updates/distributed-discrete-gaussian.ts';
import { gaussianEpsilon } from './gaussian-accounting.ts';
import { skellamEpsilon } from './skellam-accounting.ts';

describe('the Skellam mechanism', () => {
  it.each(vectors.rows.skellam)('spends what the reference says: scale $scale, $T steps', (row) => {
    const sensitivity = roundedNorm(row.l2_clip * row.scale, row.dim);
    expect(Math.abs(sensitivity / row.scale / row.l2_after_rounding - 1)).toBeLessThan(1e-12);
    const noiseStddev = row.central_stddev_unscaled * row.scale;
    const epsilon = skellamEpsilon({ noiseStddev, sensitivity, dimension: row.dim, steps: row.T, delta: row.delta });
    expect(Math.abs(epsilon / row.eps_rdp - 1)).toBeLessThan(1e-9);
    expect(epsilon).toBeGreaterThan(row.eps_gaussian_rdp_same_noise);
  });

  it('costs the best integer order, more than a Gaussian, less with more noise', () => {
    const parameters = fc.record({
      noiseStddev: fc.double({ min: 2, max: 1_000, noNaN: true }),
      sensitivity: fc.double({ min: 1, max: 100, noNaN: true }),
      dimension: fc.integer({ min: 1, max: 10_000 }),
      steps: fc.integer({ min: 1, max: 100 }),
      delta: fc.double({ min: 1e-9, max: 1e-2, noNaN: true }),
    });
    fc.assert(
      fc.property(parameters, (given) => {
        const { noiseStddev, sensitivity, dimension, steps, delta } = given;
        const found = skellamEpsilon(given);
        let best = Infinity;
        const l1 = Math.min(sensitivity ** 2, Math.sqrt(dimension) * sensitivity);
        for (let order = 2; order < 3_000; order += 1) {
          const excess = Math.min(
            ((2 * order - 1) * sensitivity ** 2 + 6 * l1) / (4 * noiseStddev ** 4),
            (3 * l1) / (2 * noiseStddev ** 2),
          );
          const renyi = steps * ((order * sensitivity ** 2) / (2 * noiseStddev ** 2) + excess);
          best = Math.min(best, renyi + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
        }
        expect(found).toBeLessThanOrEqual(Math.max(0, best) + 1e-9);
        expect(found).toBeGreaterThanOrEqual(
          gaussianEpsilon({ noiseMultiplier: noiseStddev / sensitivity, steps, delta }) * (1 - 1e-9),
        );
        expect(skellamEpsilon({ ...given, noiseStddev: noiseStddev * 1.1 })).toBeLessThanOrEqual(found);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses parameters out of range', () => {
    const valid = { noiseStddev: 1, sensitivity: 1, dimension: 1, delta: 0.1 };
    expect(() => skellamEpsilon({ ...valid, noiseStddev: 0 })).toThrow('noiseStddev must be');
    expect(() => skellamEpsilon({ ...valid, sensitivity: 0 })).toThrow('sensitivity must be');
    expect(() => skellamEpsilon({ ...valid, dimension: 1.5 })).toThrow('dimension must be');
    expect(() => skellamEpsilon({ ...valid, steps: 0 })).toThrow('steps must be');
    expect(() => skellamEpsilon({ ...valid, delta: 0 })).toThrow('delta must be');
  });
});
