import { type Manifest, parseManifest } from '@chorale/protocol';
import { type EncodedRecords, encodeTable } from '../training/features.ts';
import { tableFromRecords } from '../training/table.ts';

/** A study that trains a tiny model at sites, in cohorts of one. */
export function trainingManifest(
  changes: {
    id?: string;
    clients?: 'site' | 'employee';
    simulated?: boolean;
    updateNoiseMultiplier?: number;
    evaluationNoiseMultiplier?: number;
    cohort?: number;
    rounds?: number;
  } = {},
): Manifest {
  const {
    id = 'tiny',
    clients = 'site',
    simulated = true,
    updateNoiseMultiplier = 4,
    evaluationNoiseMultiplier = 8,
    cohort = 1,
    rounds = 2,
  } = changes;
  return parseManifest({
    protocol: 1,
    id,
    title: 'Tiny',
    simulated,
    groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
    training: {
      clients,
      features: [
        { type: 'number', column: 'age', minimum: 0, maximum: 100 },
        { type: 'category', column: 'overtime', categories: ['yes', 'no'] },
      ],
      label: { column: 'leaves', positive: 'yes', negative: 'no' },
      model: { hidden: [], activation: 'relu' },
      rounds,
      localEpochs: 2,
      batchSize: null,
      learningRate: 0.5,
      clippingNorm: 1,
      exampleClippingNorm: 1,
      privacy: { updateNoiseMultiplier, exampleNoiseMultiplier: 0, delta: 1e-6 },
      cohort: { size: cohort, quorum: cohort, selectionTimeoutMs: 500, deadlineMs: 20_000 },
      evaluation: { everyRounds: 100, holdout: 0.3, seed: 1, bins: 4, noiseMultiplier: evaluationNoiseMultiplier },
    },
  });
}

/** Forty rows that its model can learn from. */
export function trainingRecords({ training }: Manifest): EncodedRecords {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    age: 20 + i,
    overtime: i % 2 === 0 ? 'yes' : 'no',
    leaves: i % 3 === 0 ? 'yes' : 'no',
  }));
  return encodeTable(training!, tableFromRecords(rows));
}
