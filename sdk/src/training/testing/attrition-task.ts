import { readFileSync } from 'node:fs';
import { parseManifest, type TrainingTask } from '@chorale/protocol';

/** The demo's training task without noise, as its study declares it. */
export const attritionTask: TrainingTask = parseManifest(
  JSON.parse(readFileSync(new URL('../../../../demo/more-studies/attrition-open.json', import.meta.url), 'utf8')),
).training!;
