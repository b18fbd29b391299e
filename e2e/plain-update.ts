import type { TrainingTask } from '@chorale/protocol';
import { parameterCount } from '@chorale/protocol';
import { readCsv } from '../sdk/src/training/csv.ts';
import { TypedArrayEngine } from '../sdk/src/training/engines/typed-array-engine.ts';
import { encodeTable } from '../sdk/src/training/features.ts';
import { splitRecords } from '../sdk/src/training/holdout.ts';
import { localRound } from '../sdk/src/training/local-round.ts';
import { taskNetwork } from '../sdk/src/training/task-network.ts';

/** What a site's first update would be without its noise, in grid steps: what must never be seen on the wire. */
export async function plainUpdate(task: TrainingTask, csv: string): Promise<Int32Array> {
  const records = encodeTable(task, await readCsv(csv));
  const { training } = await splitRecords(records, task.evaluation);
  return localRound({
    task: {
      ...task,
      privacy: { ...task.privacy, updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0 },
      bitsPerParameter: 32,
    },
    engine: new TypedArrayEngine(taskNetwork(task)),
    training,
    parameters: new Float32Array(parameterCount(task)),
    noiseless: true,
  });
}
