import { type Manifest, parseManifest, PROTOCOL_VERSION } from '../src/index.ts';

/** A study with one question of each kind and a small noised training task; `change` replaces top-level fields. */
export function sampleManifest(change: Partial<Manifest> = {}): Manifest {
  return parseManifest({
    protocol: PROTOCOL_VERSION,
    id: 'sample',
    title: 'Sample',
    simulated: false,
    groups: {
      attribute: 'department',
      label: 'Department',
      values: [
        { id: 'sales', label: 'Sales' },
        { id: 'legal', label: 'Legal' },
      ],
    },
    publishing: { minimumGroupSize: 5, maximumMargin: 0.25 },
    survey: {
      epsilon: 5,
      questions: [
        {
          type: 'scale',
          id: 'pride',
          text: 'I am proud to work here',
          minimum: 1,
          maximum: 5,
          report: 'favourable',
          favourableFrom: 4,
        },
        { type: 'scale', id: 'enps', text: 'Would you recommend us?', minimum: 0, maximum: 10, report: 'enps' },
        { type: 'scale', id: 'load', text: 'My workload', minimum: 1, maximum: 5, report: 'distribution' },
        { type: 'yesno', id: 'leave', text: 'Do you mean to leave?', report: 'favourable' },
        {
          type: 'choice',
          id: 'place',
          text: 'Where do you work best?',
          options: [
            { id: 'home', label: 'At home' },
            { id: 'office', label: 'In the office' },
          ],
          report: 'distribution',
        },
        { type: 'number', id: 'salary', text: 'Monthly salary', minimum: 1000, maximum: 9000, report: 'mean' },
      ],
    },
    training: {
      clients: 'site',
      features: [
        { type: 'number', column: 'age', minimum: 18, maximum: 68 },
        { type: 'category', column: 'role', categories: ['a', 'b', 'c'] },
      ],
      label: { column: 'left', positive: 'Yes', negative: 'No' },
      model: { hidden: [3], activation: 'tanh' },
      rounds: 2,
      localEpochs: 4,
      batchSize: null,
      learningRate: 0.5,
      clippingNorm: 1,
      exampleClippingNorm: 1,
      privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 2, delta: 1e-5 },
      cohort: { size: 3, quorum: 2, selectionTimeoutMs: 1000, deadlineMs: 10_000 },
      evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 2 },
    },
    ...change,
  });
}
