import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import ldp from '../../vectors/ldp.json' with { type: 'json' };
import { effectiveRespondents, simplexProjection } from './post-processing.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';

describe('simplexProjection', () => {
  it.each(ldp.rows.postprocessing)('matches the reference for $raw', ({ raw, simplex_projection }) => {
    const projected = simplexProjection(raw);
    for (const [index, value] of simplex_projection.entries()) expect(projected[index]).toBeCloseTo(value, 12);
  });

  it('is the nearest distribution: no step towards another point of the simplex is shorter', () => {
    const vector = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(vector, (raw) => {
        const projected = simplexProjection(raw);
        expect(projected.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9);
        expect(Math.min(...projected)).toBeGreaterThanOrEqual(0);
        // The gradient at the projection must not improve towards any corner (first-order optimality).
        const gradient = projected.map((value, index) => value - raw[index]!);
        const atPoint = gradient.reduce((sum, slope, index) => sum + slope * projected[index]!, 0);
        expect(Math.min(...gradient) - atPoint).toBeGreaterThan(-1e-9);
      }),
    );
    expect(() => simplexProjection([])).toThrow('length of raw must be');
    expect(() => simplexProjection([Number.NaN])).toThrow('raw[0] must be finite, got NaN');
  });
});

const effective = (epsilon: number) =>
  effectiveRespondents({ channel: randomizedResponse({ options: 2, epsilon }), respondents: 100 });

it('noise makes respondents count for less, and less so the larger epsilon', () => {
  // Warner at one half: (p - q)^2 of the respondents, with p - q = tanh(epsilon / 2).
  for (const epsilon of [0.5, 1, 3]) expect(effective(epsilon)).toBeCloseTo(100 * Math.tanh(epsilon / 2) ** 2, 9);
  expect(effective(20)).toBeCloseTo(100, 4);
  expect(
    effectiveRespondents({ channel: randomizedResponse({ options: 2, epsilon: 1 }), respondents: 100, share: 0.1 }),
  ).toBeLessThan(effective(1));
});
