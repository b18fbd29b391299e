import type { RandomSource } from '@chorale/privacy';
import { parameterCount, type TrainingTask, updateLength } from '@chorale/protocol';
import { clientAlgorithm, clippingNormOf, initialOptimizer, nextModel, type ServerModel } from '@chorale/training';
import type { Batch } from '../engines/engine.ts';
import type { EncodedRecords } from '../features.ts';
import { splitRecords } from '../holdout.ts';
import { localRound } from '../local-round.ts';
import { TypedArrayEngine } from '../engines/typed-array-engine.ts';
import { taskNetwork } from '../task-network.ts';

export type Site = { weight: number; records: EncodedRecords };

/**
 * A task's rounds without a network: every site takes part in every one.
 * @returns the last model, and the rows of all sites that trained and that were held back.
 */
export async function simulateRounds({
  task,
  sites,
  random,
}: {
  task: TrainingTask;
  sites: readonly Site[];
  random?: RandomSource;
}): Promise<{
  parameters: Float32Array;
  training: Batch;
  heldBack: Batch;
}> {
  const splits = await Promise.all(sites.map(({ records }) => splitRecords(records, task.evaluation)));
  const training = splits.map((split, i) => ({ weight: sites[i]!.weight, training: split.training }));
  return {
    parameters: await trainSites({ task, sites: training, ...(random === undefined ? {} : { random }) }),
    training: joinRows(splits.map((s) => s.training)),
    heldBack: joinRows(splits.map((s) => s.heldBack)),
  };
}

/** The same for rows that all train. @returns the last model. */
export async function trainSites({
  task,
  sites,
  random,
}: {
  task: TrainingTask;
  sites: readonly { weight: number; training: Batch }[];
  random?: RandomSource;
}): Promise<Float32Array> {
  const engine = new TypedArrayEngine(taskNetwork(task));
  const totalWeight = sites.reduce((sum, { weight }) => sum + weight, 0);
  const algorithms = sites.map(() => clientAlgorithm(task));
  let model: ServerModel = {
    parameters: new Float32Array(parameterCount(task)),
    optimizer: initialOptimizer(task),
  };
  for (let round = 1; round <= task.rounds; round += 1) {
    const { parameters } = model;
    const sum = new Float64Array(updateLength(task));
    for (const [i, { weight, training }] of sites.entries()) {
      const update = await localRound({
        task,
        engine,
        training,
        parameters,
        modelRound: round - 1,
        clippingNorm: clippingNormOf(task, model),
        algorithm: algorithms[i]!,
        noiseless: true,
        ...(random === undefined ? {} : { random }),
      });
      algorithms[i]!.keep();
      for (let k = 0; k < sum.length; k += 1) sum[k]! += weight * update[k]!;
    }
    model = nextModel(task, model, { sum, totalWeight });
  }
  return model.parameters;
}

function joinRows(parts: readonly Batch[]): Batch {
  const inputs = new Float32Array(parts.reduce((sum, part) => sum + part.inputs.length, 0));
  const labels = new Uint8Array(parts.reduce((sum, part) => sum + part.rows, 0));
  let row = 0;
  let offset = 0;
  for (const part of parts) {
    inputs.set(part.inputs, offset);
    labels.set(part.labels, row);
    offset += part.inputs.length;
    row += part.rows;
  }
  return { inputs, labels, rows: row };
}
