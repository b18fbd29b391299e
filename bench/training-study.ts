import { type Manifest, parameterCount, parseManifest, PROTOCOL_VERSION, type UpdateFormat } from '@chorale/protocol';

/** What a benchmark varies of a study that trains. */
export type BenchStudy = {
  parameters: number;
  clients: number;
  rounds: number;
  deadlineMs?: number;
  bitsPerParameter?: UpdateFormat['bits'];
};

/**
 * A simulated study of employees without noise: exactly so many clients make a round, and it has a model of
 * exactly so many parameters.
 */
export function benchStudy({
  parameters,
  clients,
  rounds,
  deadlineMs = 600_000,
  bitsPerParameter = 32,
}: BenchStudy): Manifest {
  const manifest = parseManifest({
    protocol: PROTOCOL_VERSION,
    id: 'bench',
    title: 'Bench',
    simulated: true,
    groups: { attribute: 'site', label: 'Site', values: [{ id: 'a', label: 'A' }] },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.25 },
    training: {
      clients: 'employee',
      participation: { atMost: rounds },
      features: [
        { type: 'number', column: 'x', minimum: -1, maximum: 1 },
        { type: 'number', column: 'y', minimum: -1, maximum: 1 },
      ],
      label: { column: 'z', positive: '1', negative: '0' },
      model: { hidden: hiddenLayers(parameters), activation: 'relu' },
      rounds,
      localEpochs: 1,
      batchSize: null,
      learningRate: 0.1,
      clippingNorm: 1,
      exampleClippingNorm: 1,
      bitsPerParameter,
      privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
      cohort: { size: clients, overSelection: 1, quorum: clients, selectionTimeoutMs: 600_000, deadlineMs },
      evaluation: { everyRounds: 10_000, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 0 },
    },
  });
  if (parameterCount(manifest.training!) !== parameters) throw new RangeError(`no model has ${parameters} parameters`);
  return manifest;
}

/** Two layers of a and b units over two inputs have (a + 2)(b + 3) - 5 parameters; three parameters need none. */
function hiddenLayers(parameters: number): number[] {
  if (parameters === 3) return [];
  const product = parameters + 5;
  for (let first = Math.floor(Math.sqrt(product)); first > 2; first -= 1) {
    if (product % first === 0) return [first - 2, product / first - 3];
  }
  return [1];
}
