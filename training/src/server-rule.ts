import { parameterCount, type TrainingTask, updateLength } from '@chorale/protocol';
import { averageStep } from './fed-avg.ts';
import { oneShotModel } from './one-shot/one-shot-model.ts';
import { adaptiveStep, initialMomentum, initialMoments, momentumStep } from './server-optimizer.ts';

/** What was released of a round's updates: `sum / totalWeight` is their mean, in grid steps. */
export type ReleasedUpdates = { sum: Float64Array; totalWeight: number };

/** All that the next round depends on. The parameters are public; both are kept, together, as they are. */
export type ServerModel = {
  /** `[parameters]` */
  parameters: Float32Array<ArrayBuffer>;
  /** What the server's rule remembers of earlier rounds, as long as `initialOptimizer` says; `null` for none. */
  optimizer: Float32Array<ArrayBuffer> | null;
};

/** What the server's rule of a task remembers before any round. */
export function initialOptimizer(task: TrainingTask): Float32Array<ArrayBuffer> | null {
  const server = task.algorithm?.server ?? { rule: 'average' };
  switch (server.rule) {
    case 'average':
      return null;
    case 'momentum':
      return initialMomentum(parameterCount(task));
    case 'adam':
    case 'yogi':
      return initialMoments(server, parameterCount(task));
  }
}

/**
 * The model after a training round, by the server's half of the task's algorithm. That of a one-shot task may take seconds.
 * @throws RangeError where the result is not finite in 32 bits; the old model is not touched.
 */
export function nextModel(task: TrainingTask, model: ServerModel, released: ReleasedUpdates): ServerModel {
  const { sum, totalWeight } = released;
  const length = task.algorithm?.oneShot === undefined ? model.parameters.length : updateLength(task);
  if (sum.length !== length) throw new RangeError(`sum must have ${length} coordinates, got ${sum.length}`);
  if (!(totalWeight >= 1)) throw new RangeError(`totalWeight must be >= 1, got ${totalWeight}`);
  const next = stepped(task, model, released);
  requireFinite(next.parameters);
  if (next.optimizer !== null) requireFinite(next.optimizer);
  return next;
}

function stepped(task: TrainingTask, model: ServerModel, released: ReleasedUpdates): ServerModel {
  if (task.algorithm?.oneShot !== undefined) return { parameters: oneShotModel(task, released), optimizer: null };
  const { clippingNorm } = task;
  const server = task.algorithm?.server ?? { rule: 'average' };
  const { parameters, optimizer } = model;
  if (server.rule === 'average') {
    return { parameters: averageStep(parameters, released, clippingNorm), optimizer: null };
  }
  const expected = (server.rule === 'momentum' ? 1 : 2) * parameters.length;
  if (optimizer?.length !== expected) {
    throw new RangeError(`optimizer must have ${expected} numbers, got ${optimizer?.length ?? 0}`);
  }
  return server.rule === 'momentum'
    ? momentumStep(server, { parameters, optimizer }, released, clippingNorm)
    : adaptiveStep(server, { parameters, optimizer }, released, clippingNorm);
}

function requireFinite(values: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) {
    if (!Number.isFinite(values[i])) throw new RangeError('the model must stay finite in 32 bits');
  }
}
