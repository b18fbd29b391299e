import { parameterCount, type TrainingTask, updateLength } from '@chorale/protocol';
import { adaptedClippingNorm, clippingNormOf } from './adaptive-clipping.ts';
import { averageStep } from './fed-avg.ts';
import { oneShotModel } from './one-shot/one-shot-model.ts';
import { adaptiveStep, initialMomentum, initialMoments, momentumStep } from './server-optimizer.ts';

/** What was released of a round's updates: `sum / totalWeight` is their mean, in grid steps. */
export type ReleasedUpdates = { sum: Float64Array; totalWeight: number };

/** All that the next round depends on. The parameters are public; both are kept, together, as they are. */
export type ServerModel = {
  /** `[parameters]` */
  parameters: Float32Array<ArrayBuffer>;
  /**
   * What the server remembers of earlier rounds, as long as `initialOptimizer` says: what its rule does, then the clipping
   * norm where it adapts. `null` for nothing.
   */
  optimizer: Float32Array<ArrayBuffer> | null;
};

/** What the server of a task remembers before any round. */
export function initialOptimizer(task: TrainingTask): Float32Array<ArrayBuffer> | null {
  const memory = initialMemory(task);
  return task.adaptiveClipping === undefined ? memory : withNorm(memory, task.clippingNorm);
}

function initialMemory(task: TrainingTask): Float32Array<ArrayBuffer> | null {
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

function withNorm(memory: Float32Array | null, clippingNorm: number): Float32Array<ArrayBuffer> {
  const length = memory?.length ?? 0;
  const extended = new Float32Array(length + 1);
  if (memory !== null) extended.set(memory);
  extended[length] = clippingNorm;
  return extended;
}

/**
 * The model after a training round, by the server's half of the task's algorithm. That of a one-shot task may take seconds.
 * @throws RangeError where the result is not finite in 32 bits; the old model is not touched.
 */
export function nextModel(task: TrainingTask, model: ServerModel, released: ReleasedUpdates): ServerModel {
  const { sum, totalWeight } = released;
  const { parameters } = model;
  const isOneShot = task.algorithm?.oneShot !== undefined;
  const length = isOneShot ? updateLength(task) : parameters.length + Number(task.adaptiveClipping !== undefined);
  if (sum.length !== length) throw new RangeError(`sum must have ${length} coordinates, got ${sum.length}`);
  if (!(totalWeight >= 1)) throw new RangeError(`totalWeight must be >= 1, got ${totalWeight}`);
  const next = stepped(task, model, released);
  requireFinite(next.parameters);
  if (next.optimizer !== null) requireFinite(next.optimizer);
  return next;
}

function stepped(task: TrainingTask, model: ServerModel, released: ReleasedUpdates): ServerModel {
  if (task.algorithm?.oneShot !== undefined) return { parameters: oneShotModel(task, released), optimizer: null };
  const clippingNorm = clippingNormOf(task, model);
  const { adaptiveClipping } = task;
  if (adaptiveClipping === undefined) return moved(task, model, released, clippingNorm);
  const { parameters, optimizer } = moved(
    task,
    { parameters: model.parameters, optimizer: model.optimizer!.subarray(0, -1) },
    { ...released, sum: released.sum.subarray(0, -1) },
    clippingNorm,
  );
  const next = adaptedClippingNorm(adaptiveClipping, clippingNorm, released);
  return { parameters, optimizer: withNorm(optimizer, next) };
}

/** The model by the server's rule alone. */
function moved(
  task: TrainingTask,
  { parameters, optimizer }: ServerModel,
  released: ReleasedUpdates,
  clippingNorm: number,
): ServerModel {
  const server = task.algorithm?.server ?? { rule: 'average' };
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
  // Doubles can hold the sum of any that are finite, and it is not if one of them is not: faster than to ask each.
  let sum = 0;
  const { length } = values;
  for (let i = 0; i < length; i += 1) sum += values[i]!;
  if (!Number.isFinite(sum)) throw new RangeError('the model must stay finite in 32 bits');
}
