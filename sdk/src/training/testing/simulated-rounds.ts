import type { RandomSource } from '@chorale/privacy';
import { GRID_STEPS, type TrainingTask } from '@chorale/protocol';
import type { Batch } from '../engines/engine.ts';
import type { EncodedRecords } from '../features.ts';
import { splitRecords } from '../holdout.ts';
import { localRound } from '../local-round.ts';
import { TypedArrayEngine } from '../engines/typed-array-engine.ts';
import { taskNetwork } from '../task-network.ts';
import { parameterCount } from '@chorale/protocol';

export type Site = { weight: number; records: EncodedRecords };

/**
 * Federated averaging without a network: every site takes part in every round, and the weighted mean of
 * their updates is added to the model.
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
  const engine = new TypedArrayEngine(taskNetwork(task));
  const splits = await Promise.all(sites.map(({ records }) => splitRecords(records, task.evaluation)));
  const totalWeight = sites.reduce((sum, { weight }) => sum + weight, 0);
  let parameters = new Float32Array(parameterCount(task));
  for (let round = 1; round <= task.rounds; round += 1) {
    const sum = new Float64Array(parameters.length);
    for (const [i, { weight }] of sites.entries()) {
      const update = await localRound({
        task,
        engine,
        training: splits[i]!.training,
        parameters,
        noiseless: true,
        ...(random === undefined ? {} : { random }),
      });
      for (let k = 0; k < sum.length; k += 1) sum[k]! += weight * update[k]!;
    }
    parameters = parameters.map((p, k) => p + (sum[k]! / totalWeight) * (task.clippingNorm / GRID_STEPS));
  }
  return {
    parameters,
    training: joinRows(splits.map((s) => s.training)),
    heldBack: joinRows(splits.map((s) => s.heldBack)),
  };
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
