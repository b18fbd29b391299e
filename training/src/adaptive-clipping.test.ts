import { type AdaptiveClipping, GRID_STEPS, indicatorSteps, type ServerRule } from '@chorale/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainingTask } from '../testing/training-task.ts';
import { clippingNormOf, initialOptimizer, nextModel, type ServerModel } from './index.ts';

const adaptiveClipping: AdaptiveClipping = {
  quantile: 0.5,
  learningRate: 0.2,
  minimum: 0.1,
  maximum: 10,
  indicatorShare: 0.1,
};
const features = [{ type: 'number', column: 'x', minimum: 0, maximum: 1 } as const];
const taskOf = (changes: Partial<AdaptiveClipping> = {}, server: ServerRule = { rule: 'average' }) =>
  trainingTask({
    features,
    model: { hidden: [], activation: 'relu' },
    clippingNorm: 1.3,
    adaptiveClipping: { ...adaptiveClipping, ...changes },
    algorithm: { server },
  });
type Task = ReturnType<typeof taskOf>;
const first = (task: Task): ServerModel => ({ parameters: new Float32Array(2), optimizer: initialOptimizer(task) });

/** A round of clients whose updates all point one way, of these norms, weighing one each. */
function round(task: Task, model: ServerModel, norms: readonly number[]): ServerModel {
  const bound = clippingNormOf(task, model);
  const steps = indicatorSteps(task.adaptiveClipping!, GRID_STEPS);
  const sum = new Float64Array(3);
  for (const norm of norms) {
    sum[0]! += (Math.min(norm, bound) / bound) * GRID_STEPS;
    sum[2]! += norm <= bound ? steps : -steps;
  }
  return nextModel(task, model, { sum, totalWeight: norms.length });
}

describe('[T6] the norm that follows a quantile', () => {
  test('is the task’s own at first, in single precision', () => {
    expect(clippingNormOf(taskOf(), first(taskOf()))).toBe(Math.fround(1.3));
    const plain = trainingTask({ clippingNorm: 1.3 });
    expect(clippingNormOf(plain, { optimizer: null })).toBe(1.3);
    expect(() => clippingNormOf(taskOf(), { optimizer: null })).toThrow('must hold the clipping norm');
  });

  test('moves by exp(-rate x (share within - quantile)), and the model by the norm of its own round', () => {
    const model = round(taskOf(), first(taskOf()), [1, 2, 3, 4]);
    expect(clippingNormOf(taskOf(), model)).toBeCloseTo(1.3 * Math.exp(-0.2 * (0.25 - 0.5)), 6);
    expect(model.parameters[0]).toBeCloseTo((1 + 3 * 1.3) / 4, 6);
    expect(model.parameters[1]).toBe(0);
  });

  test.each([0.2, 0.5, 0.8])('comes to rest at the %f quantile of the norms', (quantile) => {
    const task = taskOf({ quantile });
    const norms = Array.from({ length: 1000 }, (_, i) => 0.5 * 16 ** ((i + 0.5) / 1000));
    let model = first(task);
    for (let i = 0; i < 200; i += 1) model = round(task, model, norms);
    expect(clippingNormOf(task, model) / (0.5 * 16 ** quantile)).toBeCloseTo(1, 2);
  });

  test('stays within its bounds, and moves by exp(rate) at most, whatever was released', () => {
    const steps = indicatorSteps(adaptiveClipping, GRID_STEPS);
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { maxLength: 40 }), (means) => {
        const task = taskOf();
        let model = first(task);
        for (const mean of means) {
          const before = clippingNormOf(task, model);
          model = nextModel(task, model, { sum: Float64Array.of(0, 0, 3 * mean * steps), totalWeight: 3 });
          const after = clippingNormOf(task, model);
          expect(after).toBeGreaterThanOrEqual(Math.fround(0.1));
          expect(after).toBeLessThanOrEqual(10);
          expect(Math.abs(Math.log(after / before))).toBeLessThan(0.2 + 1e-6);
        }
      }),
    );
  });

  test('is kept after what the server’s rule remembers, which it leaves as it is', () => {
    const rules: ServerRule[] = [
      { rule: 'momentum', momentum: 0.5, learningRate: 1 },
      { rule: 'adam', beta1: 0.5, beta2: 0.75, learningRate: 0.3, tau: 0.1 },
    ];
    for (const server of rules) {
      const task = taskOf({}, server);
      const plain = trainingTask({ ...task, adaptiveClipping: undefined, clippingNorm: Math.fround(1.3) });
      const model = round(task, first(task), [1, 2]);
      const sum = Float64Array.of((1 / 1.3 + 1) * GRID_STEPS, 0);
      const expected = nextModel(
        plain,
        { parameters: new Float32Array(2), optimizer: initialOptimizer(plain) },
        { sum, totalWeight: 2 },
      );
      expect(model.optimizer).toHaveLength(expected.optimizer!.length + 1);
      for (const [i, value] of expected.optimizer!.entries()) expect(model.optimizer![i]).toBeCloseTo(value, 5);
      expect(model.parameters[0]).toBeCloseTo(expected.parameters[0]!, 5);
    }
  });
});
