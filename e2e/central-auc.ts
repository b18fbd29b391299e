import type { TrainingTask } from '@chorale/protocol';
import { readCsv } from '../sdk/src/training/csv.ts';
import type { Batch } from '../sdk/src/training/engines/engine.ts';
import { encodeTable } from '../sdk/src/training/features.ts';
import { splitRecords } from '../sdk/src/training/holdout.ts';
import { areaUnderCurve } from '../sdk/src/training/testing/area-under-curve.ts';
import { logits, trainCentrally } from '../sdk/src/training/testing/central-model.ts';

/** AUC on the held-back rows of all sites, of the task's model trained to convergence on all their other rows. */
export async function centralAuc(task: TrainingTask, files: readonly string[]): Promise<number> {
  const splits = await Promise.all(
    files.map(async (csv) => splitRecords(encodeTable(task, await readCsv(csv)), task.evaluation)),
  );
  const weights = trainCentrally({ task, records: join(splits.map(({ training }) => training)) });
  const heldBack = join(splits.map((split) => split.heldBack));
  return areaUnderCurve(logits(weights, heldBack), heldBack.labels);
}

function join(parts: readonly Batch[]): Batch {
  return {
    inputs: Float32Array.from(parts.flatMap(({ inputs }) => Array.from(inputs))),
    labels: Uint8Array.from(parts.flatMap(({ labels }) => Array.from(labels))),
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
  };
}
