import type { TrainingTask } from '@chorale/protocol';
import { expect } from 'vitest';
import { nextWake, step } from '../round.ts';
import type { TrainingState, Turnout } from '../training-state.ts';

/** [R18] Every member is in one standing, and nobody both contributed and dropped out. */
export function expectShape({ accepted, dropouts, shape }: Turnout): void {
  const { invited, ...standings } = shape;
  expect(Object.values(standings).reduce((sum, count) => sum + count)).toBe(invited);
  expect(accepted + dropouts).toBeLessThanOrEqual(invited);
}

/** Until the moment that a timer is set to, time alone changes nothing. */
export function expectQuiet(task: TrainingTask, state: TrainingState): void {
  const wake = nextWake(task, state) ?? Infinity;
  // Its timer fires at once.
  if (wake <= state.clock) return;
  const { state: after, effects } = step(task, state, { type: 'tick' }, Math.min(wake - 1, state.clock + 3_600_000));
  expect(effects).toEqual([]);
  expect(after.phase).toBe(state.phase);
  expect(after.connected).toBe(state.connected);
  expect(after.computing).toBe(state.computing);
}
