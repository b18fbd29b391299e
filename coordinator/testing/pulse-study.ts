import { type Manifest, parseManifest, PROTOCOL_VERSION } from '@chorale/protocol';

type Survey = NonNullable<Manifest['survey']>;

/** One question of each kind of report. */
export const questions: Survey['questions'] = [
  { type: 'yesno', id: 'stay', text: 'Will you stay?', report: 'favourable' },
  { type: 'scale', id: 'workload', text: 'Workload?', minimum: 1, maximum: 5, report: 'favourable', favourableFrom: 4 },
  { type: 'scale', id: 'recommend', text: 'Recommend us?', minimum: 0, maximum: 10, report: 'enps' },
  {
    type: 'choice',
    id: 'improve',
    text: 'What first?',
    options: [
      { id: 'pay', label: 'Pay' },
      { id: 'rooms', label: 'Rooms' },
    ],
    report: 'distribution',
  },
  { type: 'number', id: 'hours', text: 'Hours a week?', minimum: 0, maximum: 60, report: 'mean' },
];

/** A survey of two departments with blocks of five, all of whose questions every device answers. */
export function pulseStudy({
  id = 'pulse',
  epsilon = 20,
  minimumGroupSize = 5,
  maximumMargin = 0.5,
  asked = questions,
  more = {},
}: {
  id?: string;
  epsilon?: number;
  minimumGroupSize?: number;
  maximumMargin?: number;
  asked?: Survey['questions'];
  /** What else the manifest says, in place of what it says without. */
  more?: Partial<Manifest>;
} = {}): Manifest {
  return parseManifest({
    protocol: PROTOCOL_VERSION,
    id,
    title: 'Pulse',
    simulated: false,
    groups: {
      attribute: 'department',
      label: 'Department',
      values: [
        { id: 'sales', label: 'Sales' },
        { id: 'legal', label: 'Legal' },
      ],
    },
    publishing: { minimumGroupSize, maximumMargin },
    survey: { epsilon, questions: asked },
    ...more,
  });
}

/** A small training task of two sites, with noise. */
export const trainingTask: NonNullable<Manifest['training']> = {
  clients: 'site',
  features: [{ type: 'number', column: 'Age', minimum: 18, maximum: 60 }],
  label: { column: 'Attrition', positive: 'Yes', negative: 'No' },
  model: { hidden: [], activation: 'relu' },
  rounds: 2,
  localEpochs: 1,
  batchSize: null,
  learningRate: 0.1,
  clippingNorm: 1,
  exampleClippingNorm: 1,
  privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
  cohort: { size: 2, quorum: 2, selectionTimeoutMs: 1000, deadlineMs: 10_000 },
  evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 1 },
};
