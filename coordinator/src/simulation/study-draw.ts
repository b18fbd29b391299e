import { limits, type Manifest, parseManifest, PROTOCOL_VERSION, type TrainingTask } from '@chorale/protocol';
import type { SimulationRandom } from './random.ts';

/** A study that trains. */
export type SimulatedManifest = Manifest & { training: TrainingTask };

export const GROUPS = ['north', 'south', 'west'] as const;

/** Studies whose rounds have one cohort each, ones of asynchronous training, or some of both. */
export type Mode = 'cohort' | 'asynchronous' | 'both';

/**
 * A small study without noise, whose rounds are drawn to suit a number of clients: their cohorts, quorums
 * and deadlines, how often they evaluate and how updates are weighed.
 * @param options.rounds most rounds that will be simulated of it
 * @param options.isLong whether its task is to take all of them
 */
export function drawStudy(
  random: SimulationRandom,
  options: { id: string; clients: number; dropout: number; rounds: number; isLong?: boolean | undefined; mode: Mode },
): SimulatedManifest {
  const training = drawTask(random, options);
  const manifest = parseManifest({
    protocol: PROTOCOL_VERSION,
    id: options.id,
    title: 'Simulation',
    simulated: true,
    groups: { attribute: 'site', label: 'Site', values: GROUPS.map((id) => ({ id, label: id })) },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.1 },
    training,
  });
  return { ...manifest, training };
}

function drawTask(
  random: SimulationRandom,
  {
    clients,
    dropout,
    rounds,
    isLong,
    mode,
  }: { clients: number; dropout: number; rounds: number; isLong?: boolean | undefined; mode: Mode },
): TrainingTask {
  const overSelection = random.pick([1, 1.3, 1.5, 2]);
  // Rounds that invite everybody, and ones that leave some clients waiting.
  const share = random.pick([1, 1, 0.8, 0.6, 0.4, 0.1]);
  const size = Math.max(1, Math.floor((clients * share) / overSelection));
  const isAsynchronous = mode === 'both' ? random.chance(0.5) : mode === 'asynchronous';
  const expected = size * overSelection * (1 - dropout);
  // A buffer is released when it is full.
  const quorum = isAsynchronous
    ? size
    : Math.min(size, Math.max(1, Math.floor(expected * random.pick([0.4, 0.6, 0.8, 1]))));
  const ofWhom = random.pick(['site', 'site', 'employee'] as const);
  return {
    clients: ofWhom,
    ...(ofWhom === 'employee' ? { participation: drawParticipation(random, isLong === true) } : {}),
    features: Array.from({ length: random.integer(1, 3) }, (_, i) => ({
      type: 'number',
      column: `Column ${i}`,
      minimum: 0,
      maximum: 1,
    })),
    label: { column: 'Left', positive: 'Yes', negative: 'No' },
    model: { hidden: [], activation: 'relu' },
    rounds: isLong === true ? rounds : random.integer(1, Math.min(rounds, 60)),
    localEpochs: 1,
    batchSize: null,
    learningRate: 0.1,
    clippingNorm: random.pick([1, 0.5, 0.1]),
    exampleClippingNorm: 1,
    privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
    cohort: {
      size,
      overSelection,
      quorum,
      selectionTimeoutMs: random.pick([500, 2000, 5000]),
      deadlineMs: random.pick([5000, 15_000, 40_000]),
    },
    ...(isAsynchronous ? drawAsynchronous(random) : drawRule(random, quorum)),
    evaluation: { everyRounds: random.integer(2, 8), holdout: 0.2, seed: 1, bins: 2, noiseMultiplier: 0 },
  };
}

/** How often employees may contribute: mostly always, so that their rounds go on. */
function drawParticipation(random: SimulationRandom, isLong: boolean): TrainingTask['participation'] {
  if (isLong || random.chance(0.5)) return { atMost: limits.rounds };
  return { atMost: random.pick([1, 2, 3, 10]), spacing: random.pick([1, 1, 2, 3]) };
}

/** How stale updates may be, what they then weigh, and how they become one. */
function drawAsynchronous(random: SimulationRandom): Pick<TrainingTask, 'weights' | 'aggregation' | 'asynchronous'> {
  const asynchronous = {
    maximumStaleness: random.pick([0, 1, 2, 5, 1000]),
    stalenessExponent: random.pick([0, 0.5, 1, 2]),
  };
  const weigh = (): number => random.pick([1, 2, 7, random.integer(1, 1000)]);
  switch (random.integer(0, 4)) {
    case 0:
      return { asynchronous, weights: { north: weigh(), south: weigh() } };
    case 1:
      return { asynchronous, aggregation: { rule: 'norm-bounded-mean', normBound: random.pick([0.1, 0.5, 2]) } };
    default:
      return { asynchronous };
  }
}

/** How updates become one: mostly by their mean, with weights or without. */
function drawRule(random: SimulationRandom, quorum: number): Pick<TrainingTask, 'weights' | 'aggregation'> {
  const weigh = (): number => random.pick([1, 1, 2, 7, random.integer(1, 1_000_000)]);
  switch (random.integer(0, 9)) {
    case 0:
    case 1:
    case 2:
      return { weights: { north: weigh(), south: weigh() } };
    case 3:
      return { aggregation: { rule: 'norm-bounded-mean', normBound: random.pick([0.1, 0.5, 2]) } };
    // Rules that need three updates at least.
    case 4:
      return quorum < 3 ? {} : { aggregation: { rule: 'coordinate-median' } };
    case 5:
      return quorum < 3 ? {} : { aggregation: { rule: 'trimmed-mean', trimmedShare: random.pick([0.05, 0.2, 0.4]) } };
    default:
      return {};
  }
}
