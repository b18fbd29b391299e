import { describe, expect, it } from 'vitest';
import { bestCap, candidateMoments } from './candidate-cap.ts';
import { calibratePrivUnit } from './priv-unit-calibration.ts';

/** Sums over the m largest of N points of [-1, 1], uniform: a coordinate of the sphere in three dimensions. */
function uniformTop(candidates: number, capSize: number): { sum: number; squares: number } {
  let sum = 0;
  let squares = 0;
  for (let rank = candidates - capSize + 1; rank <= candidates; rank += 1) {
    // The rank-th of N on [0, 1] is Beta(rank, N + 1 - rank).
    const mean = rank / (candidates + 1);
    const second = (mean * (rank + 1)) / (candidates + 2);
    sum += 2 * mean - 1;
    squares += 4 * second - 4 * mean + 1;
  }
  return { sum, squares };
}

describe('candidateMoments', () => {
  it.each([
    { candidates: 2, capSize: 1 },
    { candidates: 7, capSize: 3 },
    { candidates: 64, capSize: 1 },
    { candidates: 64, capSize: 63 },
    { candidates: 1024, capSize: 4 },
    { candidates: 4096, capSize: 1500 },
  ])('are those of sorted uniform numbers in three dimensions: $capSize of $candidates', ({ candidates, capSize }) => {
    const moments = candidateMoments('privunit2', 3, candidates);
    const { sum, squares } = uniformTop(candidates, capSize);
    expect(moments(capSize) / sum - 1).toBeCloseTo(0, 10);
    // E[sum of squares] = (m + (d - 1) excess) / d.
    expect((capSize + 2 * moments(capSize, 1)) / 3 / squares - 1).toBeCloseTo(0, 10);
  });

  it('are the known means of the largest of a few normals', () => {
    // David and Nagaraja, Order statistics, 3rd edition, section 3.2, and by symmetry for the other caps.
    expect(candidateMoments('privunitG', 10, 2)(1)).toBeCloseTo(1 / Math.sqrt(Math.PI), 11);
    expect(candidateMoments('privunitG', 10, 3)(1)).toBeCloseTo(1.5 / Math.sqrt(Math.PI), 11);
    expect(candidateMoments('privunitG', 10, 3)(2)).toBeCloseTo(1.5 / Math.sqrt(Math.PI), 11);
    const fifth = ((5 / (4 * Math.sqrt(Math.PI))) * (6 * Math.asin(1 / 3) + Math.PI)) / Math.PI;
    expect(candidateMoments('privunitG', 10, 5)(1)).toBeCloseTo(fifth, 11);
    // The larger of two: E[max^2] = 1, so that nothing is in excess.
    expect(candidateMoments('privunitG', 10, 2)(1, 1)).toBeCloseTo(0, 11);
  });

  it('on the circle are those of the cosine of a uniform angle', () => {
    // Of two, E[max] = E|X - Y| / 2 = (1/2) E|2 sin sin| = 4 / pi^2.
    expect(candidateMoments('privunit2', 2, 2)(1)).toBeCloseTo(4 / Math.PI ** 2, 11);
  });

  it('come close to a normal in many dimensions', () => {
    const sphere = candidateMoments('privunit2', 1e6, 300)(20) * 1e3;
    expect(sphere / candidateMoments('privunitG', 2, 300)(20)).toBeCloseTo(1, 5);
  });
});

describe('bestCap', () => {
  it.each([0.1, 1, 4, 8])('finds the best of all caps, wherever it starts, at epsilon=%s', (epsilon) => {
    const candidates = 128;
    const moments = candidateMoments('privunitG', 10, candidates);
    const ratio = Math.exp(epsilon);
    const gains = Array.from({ length: candidates - 1 }, (_, index) => {
      const capSize = index + 1;
      return (moments(capSize) * (ratio - 1)) / (capSize * ratio + candidates - capSize);
    });
    const best = gains.indexOf(Math.max(...gains)) + 1;
    for (const start of [0, 1, 40, 127, 500]) expect(bestCap(moments, { candidates, ratio, start })[0]).toBe(best);
    // The share of the cap is that of PrivUnit, to the nearest candidate or two.
    const { q } = calibratePrivUnit({ dimension: 10, epsilon, variant: 'privunitG' });
    expect(Math.abs(best - q * candidates)).toBeLessThan(2);
  });
});
