import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { logNormalDensity, normalQuantile } from '../numerics/normal-distribution.ts';
import { candidateScores, candidateVector, normalLevels } from './seeded-candidates.ts';

const seed = Uint32Array.of(0x1234_5678, 0x9abc_def0, 0xdead_beef, 1);

describe('normalLevels', () => {
  it('are odd, rise, and have the moments of a normal', () => {
    const levels = normalLevels();
    expect(levels.length).toBe(65_536);
    levels.forEach((level, index) => {
      expect(level).toBe(-levels[65_535 - index]!);
      if (index > 0) expect(level).toBeGreaterThanOrEqual(levels[index - 1]!);
    });
    const moment = (power: number) => levels.reduce((sum, level) => sum + level ** power, 0) / levels.length;
    expect(moment(2)).toBeCloseTo(1, 5);
    expect(moment(2)).toBeLessThan(1);
    // Tails end at 4.4, which takes a part of 1e-4 off the fourth moment.
    expect(moment(4)).toBeCloseTo(3, 3);
  });

  it('are the same in every engine: no level is near the middle between two steps of the grid', () => {
    let margin = 1;
    let lower = 0;
    for (let level = 0; level < 32_768; level += 1) {
      const upper = Math.exp(logNormalDensity(normalQuantile((level + 1) / 65_536)));
      const steps = (lower - upper) * 65_536 * 4096;
      margin = Math.min(margin, Math.abs(steps - Math.floor(steps) - 0.5));
      lower = upper;
    }
    // A density that is wrong by 2^-50, eight units in its last place, moves a level by 2.4e-7 steps.
    expect(margin).toBeGreaterThan(1e-5);
  });
});

describe('candidates', () => {
  it('are known numbers, so that both ends of a wire agree for years', () => {
    const vector = candidateVector(3, { seed, length: 5, normalized: false });
    expect([...vector].map((value) => value * 4096)).toEqual([1938, -2682, -1522, -5671, -3283]);
  });

  it.each([1, 2, 3, 4, 5, 7, 8, 101])('are scored as they are decoded, in %s dimensions', (length) => {
    for (const normalized of [false, true]) {
      const direction = new Float64Array(length).map((_, k) => Math.cos(k * k));
      const scores = candidateScores(direction, { seed, length, normalized, candidates: 20 });
      scores.forEach((score, index) => {
        const vector = candidateVector(index, { seed, length, normalized });
        if (normalized) expect(Math.hypot(...vector)).toBeCloseTo(1, 14);
        expect(vector.reduce((sum, value, k) => sum + value * direction[k]!, 0)).toBeCloseTo(score, 12);
      });
    }
  });

  it('have uniform levels and no correlation, between coordinates, candidates and seeds', () => {
    const bits = 4;
    const counts = Array.from({ length: 2 ** (3 * bits) }, () => 0);
    const edges = Array.from({ length: 2 ** bits - 1 }, (_, edge) => normalQuantile((edge + 1) / 2 ** bits));
    const cell = (value: number) => edges.filter((edge) => value > edge).length;
    let products = 0;
    let draws = 0;
    for (let first = 0; first < 40; first += 1) {
      const one = Uint32Array.of(first, 0, 0, 0);
      for (let index = 0; index < 100; index += 1) {
        const vector = candidateVector(index, { seed: one, length: 60, normalized: false });
        const next = candidateVector(index + 1, { seed: one, length: 60, normalized: false });
        const other = candidateVector(index, {
          seed: Uint32Array.of(0, first + 1, 0, 0),
          length: 60,
          normalized: false,
        });
        for (let k = 0; k + 1 < 60; k += 2) {
          counts[cell(vector[k]!) * 256 + cell(vector[k + 1]!) * 16 + cell(next[k]!)]! += 1;
          products += vector[k]! * other[k]!;
          draws += 1;
        }
      }
    }
    expect(
      fitPValue(
        counts,
        counts.map(() => 1 / counts.length),
      ),
    ).toBeGreaterThan(1e-9);
    // A product of two independent standard numbers has variance 1.
    expect(Math.abs(products)).toBeLessThan(z * Math.sqrt(draws));
  });

  it('of no length are zero, not NaN', () => {
    // Some levels are 0: once in 1e4 candidates of one dimension is.
    const vectors = Array.from({ length: 100_000 }, (_, index) =>
      candidateVector(index, { seed, length: 1, normalized: true }),
    );
    const zero = vectors.findIndex((vector) => vector[0] === 0);
    expect(zero).toBeGreaterThan(-1);
    expect(vectors.every((vector) => Number.isFinite(vector[0]))).toBe(true);
    const scores = candidateScores(Float64Array.of(1), { seed, length: 1, normalized: true, candidates: zero + 1 });
    expect(scores[zero]).toBe(0);
  });
});
