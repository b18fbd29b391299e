import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/adaptive-clipping.json' with { type: 'json' };
import { nextClippingNorm, splitClippedCountNoise } from './adaptive-clipping.ts';
import { composeSpends } from './composition.ts';
import { gaussianEpsilon } from './gaussian-accounting.ts';

describe('the noise of adaptive clipping', () => {
  it.each(vectors.rows.adaptive_clipping_noise_split)(
    'is split as the reference does: $z, $expected_clients',
    (row) => {
      const split = splitClippedCountNoise({
        noiseMultiplier: row.z,
        expectedClients: row.expected_clients,
        neighboringRelation: 'add-or-remove-one',
      });
      expect(split.countNoiseStddev).toBe(row.sigma_b);
      expect(Math.abs(split.updateNoiseMultiplier / row.z_delta - 1)).toBeLessThan(1e-12);
    },
  );

  it('costs, both parts together, what one Gaussian of the whole does', () => {
    const base = { mechanism: 'gaussian', neighboringRelation: 'replace-one', privacyUnit: 'employee' } as const;
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 5, noNaN: true }), fc.integer({ min: 101, max: 10_000 }), (z, clients) => {
        const split = splitClippedCountNoise({
          noiseMultiplier: z,
          expectedClients: clients,
          neighboringRelation: 'replace-one',
        });
        const both = composeSpends(
          [
            { ...base, noiseMultiplier: split.updateNoiseMultiplier },
            // A replaced client changes its bit by 1.
            { ...base, noiseMultiplier: split.countNoiseStddev },
          ],
          { delta: 1e-5 },
        );
        expect(Math.abs(both.epsilon / gaussianEpsilon({ noiseMultiplier: z, delta: 1e-5 }) - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it('refuses a count that would spend more than the round', () => {
    const valid = { noiseMultiplier: 1, expectedClients: 100, neighboringRelation: 'add-or-remove-one' } as const;
    expect(() => splitClippedCountNoise({ ...valid, countNoiseStddev: 0.5 })).toThrow(
      'countNoiseStddev must be finite and > 0.5, got 0.5',
    );
    expect(() => splitClippedCountNoise({ ...valid, neighboringRelation: 'replace-one', countNoiseStddev: 1 })).toThrow(
      'countNoiseStddev must be finite and > 1, got 1',
    );
    expect(() => splitClippedCountNoise({ ...valid, noiseMultiplier: 0 })).toThrow('noiseMultiplier must be');
    expect(() => splitClippedCountNoise({ ...valid, expectedClients: 0 })).toThrow('expectedClients must be');
  });
});

describe('the clipping norm', () => {
  it('takes a geometric step and converges to the quantile of norms', () => {
    expect(nextClippingNorm({ clippingNorm: 2, fraction: 1 })).toBeCloseTo(2 * Math.exp(-0.1), 15);
    expect(nextClippingNorm({ clippingNorm: 2, fraction: 0.25, target: 0.75, rate: 1 })).toBeCloseTo(
      2 * Math.exp(0.5),
      15,
    );
    // Norms that are uniform up to 10.
    let clippingNorm = 0.1;
    for (let round = 0; round < 200; round += 1) {
      clippingNorm = nextClippingNorm({ clippingNorm, fraction: Math.min(1, clippingNorm / 10), target: 0.3 });
    }
    expect(clippingNorm).toBeCloseTo(3, 3);
  });

  it('refuses parameters out of range', () => {
    expect(() => nextClippingNorm({ clippingNorm: 0, fraction: 0 })).toThrow('clippingNorm must be');
    expect(() => nextClippingNorm({ clippingNorm: 1, fraction: Number.NaN })).toThrow(
      'fraction must be finite and > -Infinity, got NaN',
    );
    expect(() => nextClippingNorm({ clippingNorm: 1, fraction: 0, target: 2 })).toThrow(
      'target must be in [0, 1], got 2',
    );
    expect(() => nextClippingNorm({ clippingNorm: 1, fraction: 0, rate: 0 })).toThrow('rate must be');
  });
});
