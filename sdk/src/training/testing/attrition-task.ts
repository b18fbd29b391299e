import { readFileSync } from 'node:fs';
import { parseManifest, type TrainingTask } from '@chorale/protocol';

const { training } = parseManifest(
  JSON.parse(readFileSync(new URL('../../../../demo/more-studies/attrition-open.json', import.meta.url), 'utf8')),
);

/** The demo's training task without noise, with all bits of an update: what was computed can be told exactly. */
export const attritionTask: TrainingTask = { ...training!, bitsPerParameter: 32 };
