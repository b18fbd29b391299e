import { describe, expect, it } from 'vitest';
import { initialParameters } from './model.ts';
import { siteTask } from './testing/study.ts';

describe('initialParameters', () => {
  it('is zero for logistic regression', () => {
    expect(initialParameters(siteTask(), 'sha256-a')).toEqual(new Float32Array(3));
  });

  it('is Glorot-uniform with zero biases, and the same for the same study alone', () => {
    const task = siteTask({ model: { hidden: [50, 40], activation: 'tanh' } });
    const parameters = initialParameters(task, 'sha256-a');
    expect(initialParameters(task, 'sha256-a')).toEqual(parameters);
    expect(initialParameters(task, 'sha256-b')).not.toEqual(parameters);
    const biases = [parameters.subarray(100, 150), parameters.subarray(2150, 2190), parameters.subarray(2230)];
    for (const layer of biases) expect(layer.every((b) => b === 0)).toBe(true);
    const weights = parameters.subarray(150, 2150);
    const limit = Math.sqrt(6 / 90);
    expect(weights.every((w) => Math.abs(w) <= limit)).toBe(true);
    // Of 2,000 uniforms: each tenth of the range holds 200 in expectation, stddev 13.4, here within 5 of them.
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const inTenth = weights.filter((w) => Math.floor(((w + limit) / (2 * limit)) * 10) === tenth).length;
      expect(Math.abs(inTenth - 200)).toBeLessThan(67);
    }
  });

  it('starts from the published numbers', () => {
    const task = siteTask({ model: { hidden: [2], activation: 'relu' } });
    // python3: h = hashlib.sha256(b"sha256-a\n0").digest(); (2 * int.from_bytes(h[:4], "big") / 2**32 - 1) * (6 / 4) ** .5
    expect(initialParameters(task, 'sha256-a')[0]).toBeCloseTo(0.3059262340418051, 6);
  });
});
