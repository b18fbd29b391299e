import type { Evaluation, Guarantee, RoundSummary, TrainingRounds } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { modelCard } from './model-card.ts';
import { siteTask, trainedManifest } from './testing/study.ts';

const site: Guarantee = { privacyUnit: 'site', neighboringRelation: 'replace-one', epsilon: 3, delta: 1e-6 };
const evaluation: Evaluation = {
  label: 'binary',
  rows: 200,
  auc: 0.8,
  aucLower: 0.75,
  aucUpper: 0.85,
  accuracy: 0.7,
  accuracyLower: 0.63,
  accuracyUpper: 0.76,
};

function round(number: number, changes: Partial<RoundSummary> = {}): RoundSummary {
  return {
    round: number,
    kind: 'train',
    state: 'committed',
    modelRound: 0,
    cohort: 3,
    accepted: 3,
    dropouts: 0,
    startedAt: '2026-11-01T00:00:00.000Z',
    endedAt: '2026-11-01T00:01:00.000Z',
    reason: null,
    shape: null,
    spent: [site],
    evaluation: null,
    ...changes,
  };
}

function cardOf(rounds: RoundSummary[], { modelRound = 2, simulated = true } = {}) {
  const manifest = { ...trainedManifest(siteTask({ weights: { north: 7 } })), simulated };
  const training: TrainingRounds = {
    study: manifest.id,
    manifest: 'sha256-x',
    clients: 'site',
    simulated,
    noised: true,
    state: 'waiting',
    waiting: 0,
    usedUp: 0,
    clippingNorm: 1,
    committedRounds: modelRound,
    totalRounds: 5,
    rounds,
  };
  return modelCard({ manifest, rounds: training, modelRound });
}

const limits = (rounds: RoundSummary[], options = {}): string => cardOf(rounds, options).limits.join('\n');

const trained = [
  round(1, { accepted: 3 }),
  round(2, { kind: 'evaluate', modelRound: 1, accepted: 1, evaluation }),
  round(3, { state: 'abandoned', accepted: 0, modelRound: 1 }),
  round(4, { accepted: 2, modelRound: 1 }),
];

const evaluated = (figures: Evaluation): RoundSummary[] => [
  ...trained,
  round(5, { kind: 'evaluate', evaluation: figures }),
];

describe('modelCard', () => {
  it('says what the model reads and predicts, and how it was trained', () => {
    const card = cardOf([...trained, round(5, { state: 'reporting', accepted: 0, spent: [] })]);
    expect(card).toMatchObject({
      format: 'chorale-model-card',
      study: 'attrition',
      modelRound: 2,
      predicts: { column: 'Left', positive: 'Yes', negative: 'No' },
      network: { layerSizes: [2, 1], parameters: 3 },
      // Evaluations and what is not over yet are no training.
      training: {
        algorithm: { client: 'fed-avg', server: 'average' },
        committedRounds: 2,
        abandonedRounds: 1,
        contributions: { fewest: 2, most: 3 },
        weights: { north: 7 },
        bitsPerParameter: 32,
      },
      privacy: [site],
      accuracy: { auc: 0.8, modelRound: 1 },
    });
    expect(card.columns).toEqual([
      { column: 'Age', encoding: 'number, limited to 18 to 65, scaled to -1 to 1', inputs: ['Age'] },
      { column: 'Travel', encoding: 'levels never < rarely < often, spread evenly over -1 to 1', inputs: ['Travel'] },
    ]);
  });

  it('says what it must not be used for, and what is not known', () => {
    expect(limits(trained)).toMatch(/must not decide about a person/);
    expect(limits(trained)).toMatch(/simulated employees/);
    expect(limits(trained, { simulated: false })).not.toMatch(/simulated/);
    expect(limits(trained)).toMatch(/for a site as a whole/);
    expect(limits(trained)).toMatch(/after round 1; it has had 2/);
    expect(limits(trained, { modelRound: 1 })).not.toMatch(/it has had/);
    expect(limits(trained)).not.toMatch(/no privacy guarantee|coin|not been evaluated/);
    expect(limits(trained.map((r) => ({ ...r, spent: [] })))).toMatch(/no privacy guarantee/);
    expect(limits([round(1)])).toMatch(/has not been evaluated/);
    const unsure = { ...evaluation, aucLower: 0.45 };
    expect(limits([round(1), round(2, { kind: 'evaluate', evaluation: unsure })])).toMatch(/no better than a coin/);
  });

  it.each<[string, Evaluation, Evaluation]>([
    [
      'the most frequent category',
      { label: 'category', rows: 200, accuracy: 0.6, accuracyLower: 0.5, accuracyUpper: 0.7, mostFrequent: 0.5 },
      { label: 'category', rows: 200, accuracy: 0.6, accuracyLower: 0.51, accuracyUpper: 0.7, mostFrequent: 0.5 },
    ],
    [
      'the mean',
      { label: 'number', rows: 200, error: 2, errorLower: 1.5, errorUpper: 2.5, spread: 2.5 },
      { label: 'number', rows: 200, error: 2, errorLower: 1.5, errorUpper: 2.5, spread: 2.6 },
    ],
  ])('says when it may do no better than always naming %s', (named, unsure, sure) => {
    expect(limits(evaluated(unsure))).toMatch(`no better than always naming ${named}`);
    expect(limits(evaluated(sure))).not.toMatch('no better than');
  });
});
