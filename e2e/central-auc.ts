import { inputSize, type TrainingTask } from '@chorale/protocol';
import { fitGram, RowStatistics } from '../training/src/one-shot/index.ts';
import { readCsv } from '../sdk/src/training/csv.ts';
import type { Batch } from '../sdk/src/training/engines/engine.ts';
import { encodeTable } from '../sdk/src/training/features.ts';
import { splitRecords } from '../sdk/src/training/holdout.ts';
import { areaUnderCurve } from '../sdk/src/training/testing/area-under-curve.ts';
import { logits, trainCentrally } from '../sdk/src/training/testing/central-model.ts';

/** AUC on the held-back rows of all sites, of the task's model trained to convergence on all their other rows. */
export async function centralAuc(task: TrainingTask, files: readonly string[]): Promise<number> {
  const { training, heldBack } = await splitFiles(task, files);
  return areaUnderCurve(logits(trainCentrally({ task, records: training }), heldBack), heldBack.labels);
}

/** The same of the model that a Gram matrix of all rows gives in one place, without grid, bound on sites or noise. */
export async function centralGramAuc(task: TrainingTask, files: readonly string[]): Promise<number> {
  const { training, heldBack } = await splitFiles(task, files);
  const features = inputSize(task);
  const statistics = new RowStatistics(task);
  for (let row = 0; row < training.rows; row += 1) {
    statistics.add(training.inputs.subarray(row * features, (row + 1) * features), training.labels[row]!);
  }
  const { weights, bias } = fitGram({
    sum: statistics.sum.subarray(0, -1),
    rows: training.rows,
    features,
    normBound: task.exampleClippingNorm,
    noiseStddev: 0,
  });
  return areaUnderCurve(logits([...weights, bias], heldBack), heldBack.labels);
}

/** The rows of all files that train, and those that are held back. */
async function splitFiles(task: TrainingTask, files: readonly string[]): Promise<{ training: Batch; heldBack: Batch }> {
  const splits = await Promise.all(
    files.map(async (csv) => splitRecords(encodeTable(task, await readCsv(csv)), task.evaluation)),
  );
  return {
    training: join(splits.map((split) => split.training)),
    heldBack: join(splits.map((split) => split.heldBack)),
  };
}

function join(parts: readonly Batch[]): Batch {
  return {
    inputs: Float32Array.from(parts.flatMap(({ inputs }) => Array.from(inputs))),
    labels: Uint8Array.from(parts.flatMap(({ labels }) => Array.from(labels))),
    rows: parts.reduce((sum, { rows }) => sum + rows, 0),
  };
}
