import {
  type Evaluation,
  type Feature,
  inputNames,
  layerSizes,
  type Manifest,
  type ModelCard,
  parameterCount,
  type RoundSummary,
  type TrainingRounds,
  type TrainingTask,
} from '@chorale/protocol';

type Options = { manifest: Manifest & { training: TrainingTask }; rounds: TrainingRounds; modelRound: number };

/** What is to be said of a study's model after so many committed rounds: nothing that is not published anyway. */
export function modelCard({ manifest, rounds, modelRound }: Options): ModelCard {
  const { id, title, simulated, training: task } = manifest;
  const ended = rounds.rounds.filter(({ state }) => state === 'committed' || state === 'abandoned');
  const trained = ended.filter(({ kind, state }) => kind === 'train' && state === 'committed');
  const accepted = trained.map((round) => round.accepted);
  const privacy = ended.at(-1)?.spent ?? [];
  return {
    format: 'chorale-model-card',
    study: id,
    title,
    manifest: rounds.manifest,
    simulated,
    modelRound,
    predicts: task.label,
    columns: task.features.map((feature) => ({
      column: feature.column,
      encoding: encodingOf(feature),
      inputs: inputNames(feature),
    })),
    network: {
      layerSizes: layerSizes(task),
      activation: task.model.activation,
      parameters: parameterCount(task),
    },
    training: {
      clients: task.clients,
      algorithm: algorithmOf(task),
      aggregation: task.aggregation?.rule ?? 'mean',
      localEpochs: task.localEpochs,
      clippingNorm: task.clippingNorm,
      adaptiveClipping: adaptiveClippingOf(task),
      updateMechanism:
        task.privacy.updateMechanism?.mechanism ?? (task.privacy.updateNoiseMultiplier > 0 ? 'gaussian' : null),
      bitsPerParameter: task.bitsPerParameter ?? 32,
      weights: task.weights ?? null,
      committedRounds: trained.length,
      abandonedRounds: ended.filter(({ state }) => state === 'abandoned').length,
      contributions: { fewest: Math.min(...accepted), most: Math.max(...accepted) },
    },
    privacy,
    accuracy: latestAccuracy(ended),
    limits: limitsOf({ manifest, privacy, accuracy: latestAccuracy(ended), modelRound }),
  };
}

function algorithmOf({ algorithm }: TrainingTask): ModelCard['training']['algorithm'] {
  if (algorithm?.oneShot !== undefined) return { oneShot: algorithm.oneShot.rule };
  return { client: algorithm?.client?.rule ?? 'fed-avg', server: algorithm?.server?.rule ?? 'average' };
}

function adaptiveClippingOf({ adaptiveClipping }: TrainingTask): ModelCard['training']['adaptiveClipping'] {
  if (adaptiveClipping === undefined) return null;
  const { quantile, minimum, maximum } = adaptiveClipping;
  return { quantile, minimum, maximum };
}

function latestAccuracy(rounds: readonly RoundSummary[]): ModelCard['accuracy'] {
  const latest = rounds.findLast(({ evaluation }) => evaluation !== null);
  return latest === undefined ? null : { ...latest.evaluation!, modelRound: latest.modelRound };
}

function encodingOf(feature: Feature): string {
  switch (feature.type) {
    case 'number': {
      const { minimum, maximum, missing } = feature;
      const gap = missing === undefined ? '' : `; an empty cell counts as ${missing}`;
      return `number, limited to ${minimum} to ${maximum}, scaled to -1 to 1${gap}`;
    }
    case 'ordinal': {
      const { levels, missing } = feature;
      const gap = missing === undefined ? '' : `; an empty cell counts as ${missing}`;
      return `levels ${levels.join(' < ')}, spread evenly over -1 to 1${gap}`;
    }
    case 'category':
      return `one input of 0 or 1 for each category${feature.other ? ', and one for all others' : ''}`;
  }
}

/** Sentences for people who did not train it; none of them rests on anything but the manifest and what is published. */
function limitsOf({
  manifest,
  privacy,
  accuracy,
  modelRound,
}: Pick<Options, 'manifest' | 'modelRound'> & Pick<ModelCard, 'privacy' | 'accuracy'>): string[] {
  const { simulated, training } = manifest;
  const limits = [
    'It must not decide about a person: not on hiring, pay, promotion or dismissal, and not as one of the reasons.',
    'It finds what goes together in these rows, not what causes what: changing an input need not change the outcome.',
    'It was tested on rows of those who trained it, of the same time. How well it does elsewhere or later is not known.',
    'Nobody has checked here whether it errs more often for some groups of people than for others.',
  ];
  if (simulated) limits.push('Its rows are of simulated employees. It says nothing about real people.');
  if (privacy.length === 0) {
    limits.push('Its updates had no noise, so it carries no privacy guarantee: it may tell about single rows.');
  } else if (!privacy.some(({ privacyUnit }) => privacyUnit === 'employee')) {
    limits.push('Its guarantee is for a site as a whole. A single employee’s row at a site has none of its own.');
  }
  if (training.algorithm?.oneShot?.rule === 'class-mean-difference') {
    limits.push('Its scores put rows in an order. They are no probabilities, and one half means nothing.');
  }
  if (accuracy === null) limits.push('It has not been evaluated, so nothing is known of how well it predicts.');
  else if (accuracy.modelRound < modelRound) {
    limits.push(`Its figures are those of the model after round ${accuracy.modelRound}; it has had ${modelRound}.`);
  }
  const doubt = accuracy === null ? null : doubtOf(accuracy);
  if (doubt !== null) limits.push(doubt);
  if (training.clients === 'site') {
    limits.push('The counts behind its figures are bounded per site only, so one site can distort them.');
  }
  return limits;
}

/** That it may do no better than a guess that reads no input, where its interval says so. */
function doubtOf(accuracy: Evaluation): string | null {
  switch (accuracy.label) {
    case 'binary':
      return isAtMost(accuracy.aucLower, 0.5)
        ? 'It may do no better than a coin: the interval of its AUC reaches one half.'
        : null;
    case 'category':
      return isAtMost(accuracy.accuracyLower, accuracy.mostFrequent)
        ? 'It may do no better than always naming the most frequent category: the interval of its accuracy reaches that.'
        : null;
    case 'number':
      return isAtMost(accuracy.spread, accuracy.errorUpper)
        ? 'It may do no better than always naming the mean: the interval of its error reaches that.'
        : null;
  }
}

function isAtMost(value: number | null, limit: number | null): boolean {
  return value !== null && limit !== null && value <= limit;
}
