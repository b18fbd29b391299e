import type { TrainingTask } from '@chorale/protocol';
import { sampleManifest } from '../../protocol/testing/sample-manifest.ts';

/** A task that every manifest may have, with the changes. */
export function trainingTask(changes: Partial<TrainingTask> = {}): TrainingTask {
  return { ...sampleManifest().training!, ...changes };
}
