import { gaussianEpsilon } from '@chorale/privacy';
import type { TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { attritionTask } from '../../../sdk/src/training/testing/attrition-task.ts';
import { worstCaseText } from './worst-case.ts';

const employees = (privacy: object, participation?: TrainingTask['participation']): TrainingTask => ({
  ...attritionTask,
  clients: 'employee',
  rounds: 20,
  privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6, ...privacy },
  ...(participation === undefined ? {} : { participation }),
});

const epsilonIn = (text: string): number => Number(/ε = ([\d.]+): all/.exec(text)?.[1]);

test('[B8] [B9] a browser says how often it contributes at most, and what all of that costs', () => {
  const noise = { updateNoiseMultiplier: 4 };
  for (const [participation, updates] of [
    [undefined, 1],
    [{ atMost: 5 }, 5],
    [{ atMost: 99 }, 20],
  ] as const) {
    const text = worstCaseText(employees(noise, participation));
    // Never more often than there are rounds that count.
    expect(text).toContain(updates === 1 ? 'contributes to one round. ' : `contributes to at most ${updates} rounds. `);
    expect(text).toMatch(/except with probability 10⁻⁶\.$/);
    // The ledger's filter costs a little over what is known to be fixed in advance.
    const exact = gaussianEpsilon({ noiseMultiplier: 4, steps: updates, delta: 1e-6 });
    expect(epsilonIn(text)).toBeGreaterThan(exact - 0.01);
    expect(epsilonIn(text)).toBeLessThan(1.05 * exact);
  }
  const randomized = { updateMechanism: { mechanism: 'priv-unit', epsilon: 2 } };
  expect(worstCaseText(employees(randomized, { atMost: 3 }))).toMatch(/ε = 6\.00: .* any other answers\.$/);
  expect(worstCaseText(employees({}))).toBe('This browser contributes to one round.');
});
