import { GRID_STEPS, type ServerRule } from '@chorale/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainingTask } from '../testing/training-task.ts';
import { initialOptimizer, nextModel, type ServerModel } from './index.ts';

// One parameter a number; three inputs would do as well.
const features = [{ type: 'number', column: 'x', minimum: 0, maximum: 1 } as const];
const clippingNorm = 2;
const taskOf = (server: ServerRule) =>
  trainingTask({ features, model: { hidden: [], activation: 'relu' }, clippingNorm, algorithm: { server } });

/** The model after rounds with these mean updates, in units of a parameter; the bias gets a tenth. */
function after(server: ServerRule, updates: readonly number[], from?: ServerModel): ServerModel {
  const task = taskOf(server);
  let model = from ?? { parameters: new Float32Array(2), optimizer: initialOptimizer(task) };
  for (const update of updates) {
    const sum = Float64Array.of(update, update / 10).map((value) => (3 * value * GRID_STEPS) / clippingNorm);
    model = nextModel(task, model, { sum, totalWeight: 3 });
  }
  return model;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]!).toBeCloseTo(value, 6);
}

const momentum: ServerRule = { rule: 'momentum', momentum: 0.5, learningRate: 2 };
const adam = { rule: 'adam', beta1: 0.5, beta2: 0.75, learningRate: 0.3, tau: 0.1 } as const;
const yogi = { ...adam, rule: 'yogi' } as const;
const rules: ServerRule[] = [{ rule: 'average' }, momentum, adam, yogi];
const updates = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });

describe('[T4] the rule of the server', () => {
  test('momentum keeps a share of what moved the model before', () => {
    // m = .4, then .5 x .4 - .1 = .1; the model moves by twice that.
    const { parameters, optimizer } = after(momentum, [0.4, -0.1]);
    expectClose(parameters, [2 * (0.4 + 0.1), 0.2 * (0.4 + 0.1)]);
    expectClose(optimizer!, [0.1, 0.01]);
  });

  test('Adam divides by the root of a mean of squares', () => {
    const first = after(adam, [0.4]);
    // m = .2, v = .75 x .01 + .25 x .16 = .0475
    expectClose(first.optimizer!, [0.2, 0.02, 0.0475, 0.75 * 0.01 + 0.25 * 0.0016]);
    expect(first.parameters[0]).toBeCloseTo((0.3 * 0.2) / (Math.sqrt(0.0475) + 0.1), 6);
    const second = after(adam, [0.4, -0.1]);
    const v = 0.75 * 0.0475 + 0.25 * 0.01;
    expect(second.optimizer![0]).toBeCloseTo(0.05, 6);
    expect(second.optimizer![2]).toBeCloseTo(v, 6);
    expect(second.parameters[0]).toBeCloseTo(first.parameters[0]! + (0.3 * 0.05) / (Math.sqrt(v) + 0.1), 6);
  });

  test('Yogi moves the second moment by a share of the square, whichever is larger', () => {
    // From .01 up by .25 x .16, then, being above .0001, down by .25 x .0001.
    const { parameters, optimizer } = after(yogi, [0.4, 0.01]);
    expectClose(optimizer!.subarray(0, 1), [0.5 * 0.2 + 0.5 * 0.01]);
    expectClose(optimizer!.subarray(2, 3), [0.01 + 0.25 * 0.16 - 0.25 * 0.0001]);
    const steps = [0.2 / (Math.sqrt(0.05) + 0.1), 0.105 / (Math.sqrt(0.049975) + 0.1)];
    expect(parameters[0]).toBeCloseTo(0.3 * (steps[0]! + steps[1]!), 6);
  });

  test('momentum of nothing at rate 1 is the average', () => {
    fc.assert(
      fc.property(updates, (given) => {
        const plain = after({ rule: 'average' }, given);
        const { parameters } = after({ rule: 'momentum', momentum: 0, learningRate: 1 }, given);
        for (const [i, value] of parameters.entries())
          expect(Math.abs(value - plain.parameters[i]!)).toBeLessThan(1e-5);
      }),
    );
  });

  test.each([
    [adam, 1, 1],
    // Its second moment goes up and down around the square, by a quarter of it at most.
    [yogi, 0.75, 1.25],
  ])('an adaptive rule, given one update again and again, goes its learning rate a step: %j', (rule, least, most) => {
    for (const size of [1e-3, 1, 1000]) {
      const small = { ...rule, tau: 1e-6 * size };
      const before = after(
        small,
        Array.from({ length: 80 }, () => size),
      );
      const step = after(small, [size], before).parameters[0]! - before.parameters[0]!;
      expect(step).toBeGreaterThan(0.3 / Math.sqrt(most) - 1e-3);
      expect(step).toBeLessThan(0.3 / Math.sqrt(least) + 1e-3);
    }
  });

  test('gives the same models when it is taken up again after any round', () => {
    fc.assert(
      fc.property(updates, fc.nat(), fc.constantFrom(...rules), (given, cut, rule) => {
        const at = cut % (given.length + 1);
        const { parameters, optimizer } = after(rule, given.slice(0, at));
        const stored = { parameters: parameters.slice(), optimizer: optimizer === null ? null : optimizer.slice() };
        expect(after(rule, given.slice(at), stored)).toEqual(after(rule, given));
      }),
    );
  });

  test('leaves the model before as it was', () => {
    for (const rule of rules) {
      const before = after(rule, [0.5]);
      const copy = structuredClone(before);
      after(rule, [0.25], before);
      expect(before).toEqual(copy);
    }
  });

  test('keeps second moments positive and the model finite', () => {
    const wide = fc.array(fc.double({ min: -1e15, max: 1e15, noNaN: true }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(wide, fc.constantFrom<ServerRule>(adam, yogi), (given, rule) => {
        const { parameters, optimizer } = after(rule, given);
        expect(optimizer!.subarray(2).every((value) => value >= 0)).toBe(true);
        expect(parameters.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  test('refuses what it could not go on from', () => {
    expect(() => after(adam, [1e30])).toThrow('finite');
    expect(() => after(momentum, [1], { parameters: new Float32Array(2), optimizer: null })).toThrow(
      '2 numbers, got 0',
    );
    expect(() => after(yogi, [1], { parameters: new Float32Array(2), optimizer: new Float32Array(2) })).toThrow(
      '4 numbers, got 2',
    );
  });
});
