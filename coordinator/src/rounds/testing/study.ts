import { type Manifest, parseManifest, PROTOCOL_VERSION, type TrainingTask } from '@chorale/protocol';

/** A small noised task of three sites; `changes` replace its parts. Three parameters: two inputs and a bias. */
export function siteTask(changes: Partial<TrainingTask> = {}): TrainingTask {
  return {
    clients: 'site',
    features: [
      { type: 'number', column: 'Age', minimum: 18, maximum: 65 },
      { type: 'ordinal', column: 'Travel', levels: ['never', 'rarely', 'often'] },
    ],
    label: { column: 'Left', positive: 'Yes', negative: 'No' },
    model: { hidden: [], activation: 'relu' },
    rounds: 2,
    localEpochs: 1,
    batchSize: null,
    learningRate: 0.1,
    clippingNorm: 1,
    exampleClippingNorm: 1,
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 2, delta: 1e-6 },
    cohort: { size: 3, quorum: 2, overSelection: 1, selectionTimeoutMs: 5000, deadlineMs: 30_000 },
    evaluation: { everyRounds: 2, holdout: 0.2, seed: 7, bins: 10, noiseMultiplier: 1 },
    ...changes,
  };
}

/** A study with that task and the groups north, south and west. */
export function trainedManifest(task: TrainingTask, id = 'attrition'): Manifest & { training: TrainingTask } {
  const manifest = parseManifest({
    protocol: PROTOCOL_VERSION,
    id,
    title: 'Attrition',
    simulated: true,
    groups: {
      attribute: 'site',
      label: 'Site',
      values: ['north', 'south', 'west'].map((group) => ({ id: group, label: group })),
    },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.1 },
    training: task,
  });
  return { ...manifest, training: task };
}
