import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  ChoraleError,
  type Manifest,
  manifestHash,
  parameterCount,
  parseManifest,
  parseSurveyManifest,
} from './index.ts';

const training = () => sampleManifest().training!;

const adam = { rule: 'adam', beta1: 0.9, beta2: 0.99, learningRate: 0.1, tau: 0.01 };

/** A median of 840,081 parameters, 3.4 MB an update. */
function medianOf(size: number) {
  const task = training();
  return {
    ...task,
    model: { ...task.model, hidden: [4096, 200] },
    cohort: { ...task.cohort, size, quorum: 3 },
    aggregation: { rule: 'coordinate-median' },
  };
}

function codeOf(data: unknown): string {
  try {
    parseManifest(data);
    return 'accepted';
  } catch (error) {
    return error instanceof ChoraleError ? `${error.code}: ${error.message}` : `not typed: ${String(error)}`;
  }
}

test('[S1] the identity is the hash of the canonical JSON, whatever the order of keys', async () => {
  const manifest = sampleManifest();
  const reversed = Object.fromEntries(Object.entries(manifest).toReversed()) as Manifest;
  expect(JSON.stringify(reversed)).not.toBe(JSON.stringify(manifest));
  expect(await manifestHash(reversed)).toBe(await manifestHash(manifest));
  expect(await manifestHash(manifest)).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
});

test('[S1] any change of content changes the identity', async () => {
  const manifest = sampleManifest();
  const changed = { ...manifest, title: 'Sample 2' };
  expect(await manifestHash(changed)).not.toBe(await manifestHash(manifest));
});

test.each<[string, Partial<Record<keyof Manifest, unknown>>, RegExp]>([
  ['another protocol version', { protocol: 999 }, /protocol/],
  ['an unknown key', { surprise: 1 } as never, /surprise/],
  ['neither survey nor training', { survey: undefined, training: undefined }, /survey, a training/],
  ['reports kept for no day', { retention: { reportDays: 0 } }, /retention\.reportDays/],
  ['reports kept for half a day', { retention: { reportDays: 0.5 } }, /retention\.reportDays/],
  ['reports kept for ever', { retention: { reportDays: 3651 } }, /retention\.reportDays/],
  [
    'reports of a wave that go',
    { series: 'quarterly', retention: { reportDays: 30 } },
    /reports of a wave of a series stay/,
  ],
  ['epsilon of zero', { survey: { ...sampleManifest().survey!, epsilon: 0 } }, /epsilon/],
  ['infinite epsilon', { survey: { ...sampleManifest().survey!, epsilon: Infinity } }, /epsilon/],
  [
    'two questions of one id',
    {
      survey: { epsilon: 1, questions: [sampleManifest().survey!.questions[0], sampleManifest().survey!.questions[0]] },
    },
    /question ids/,
  ],
  [
    'one question twice under two ids',
    {
      survey: {
        epsilon: 5,
        questions: [sampleManifest().survey!.questions[0], { ...sampleManifest().survey!.questions[0], id: 'again' }],
      },
    },
    /more than their id/,
  ],
  ...(
    [
      ['of a question that nobody asks', { question: 'none', value: 0.5 }],
      ['that its question cannot have', { value: 1.5 }],
      ['of an estimate that its question has not', { estimate: 'maybe' }],
      ['without a source', { source: '' }],
    ] as const
  ).map(([what, change]): [string, object, RegExp] => [
    `a benchmark ${what}`,
    {
      survey: {
        ...sampleManifest().survey!,
        benchmarks: [
          { question: sampleManifest().survey!.questions[0]!.id, value: 0.5, source: 'Us', year: 2025, ...change },
        ],
      },
    },
    what === 'without a source' ? /survey\.benchmarks\.0\.source/ : /each benchmark needs/,
  ]),
  ['a wave without a survey', { series: 'quarterly', survey: undefined }, /a wave of a series needs a survey/],
  ['a series without a name', { series: '' }, /series/],
  [
    'a group of nobody',
    { groups: { attribute: 'site', label: 'Site', values: [{ id: 'sales', label: 'Sales', headcount: 0 }] } },
    /headcount/,
  ],
  [
    'two values that are one',
    { training: { ...training(), label: { column: 'Left', positive: 'Yes', negative: 'Yes' } } },
    /positive and negative must differ/,
  ],
  [
    'two categories',
    { training: { ...training(), label: { type: 'category', column: 'Left', categories: ['a', 'b'] } } },
    /label\.categories/,
  ],
  [
    'bins for categories',
    { training: { ...training(), label: { type: 'category', column: 'Left', categories: ['a', 'b', 'c'] } } },
    /bins go with/,
  ],
  [
    'a number without a scale',
    { training: { ...training(), label: { type: 'number', column: 'Left', minimum: 3, maximum: 3 } } },
    /maximum must exceed minimum/,
  ],
  ['a weight of an unknown group', { training: { ...training(), weights: { marketing: 3 } } }, /weights/],
  [
    'a quorum above the cohort',
    { training: { ...training(), cohort: { ...training().cohort, quorum: 4 } } },
    /quorum must be at most/,
  ],
  [
    'noise at local steps with sampled batches',
    { training: { ...training(), batchSize: 8 } },
    /exampleNoiseMultiplier needs/,
  ],
  [
    'an employee column that is a feature',
    { training: { ...training(), employeeColumn: 'age' } },
    /the employee column must not be a feature or the label/,
  ],
  [
    'an employee column that is the label',
    { training: { ...training(), employeeColumn: 'left' } },
    /the employee column must not be a feature or the label/,
  ],
  [
    'an employee column on devices of employees',
    {
      training: {
        ...training(),
        clients: 'employee',
        employeeColumn: 'id',
        privacy: { ...training().privacy, exampleNoiseMultiplier: 0 },
      },
    },
    /employeeColumn needs clients "site"/,
  ],
  [
    'samples of rows without noise at local steps',
    {
      training: {
        ...training(),
        privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, exampleSamplingRate: 0.1, delta: 1e-5 },
      },
    },
    /exampleSamplingRate needs an exampleNoiseMultiplier above 0/,
  ],
  ...[1, 0, 2 ** -13].map((exampleSamplingRate): [string, object, RegExp] => [
    `samples of rows at a rate of ${exampleSamplingRate}`,
    { training: { ...training(), privacy: { ...training().privacy, exampleSamplingRate } } },
    /training\.privacy\.exampleSamplingRate/,
  ]),
  [
    'weights whose sum would not be exact',
    { training: { ...training(), weights: { sales: 1_000_000 }, cohort: { ...training().cohort, size: 10_000 } } },
    /would not be exact/,
  ],
  [
    'weights under a rule that has none',
    { training: { ...training(), weights: { sales: 2 }, aggregation: { rule: 'norm-bounded-mean', normBound: 2 } } },
    /weights need the aggregation rule "mean"/,
  ],
  [
    'a median of two updates',
    { training: { ...training(), aggregation: { rule: 'coordinate-median' } } },
    /need a quorum of at least 3/,
  ],
  [
    'a trimmed mean of two updates',
    { training: { ...training(), aggregation: { rule: 'trimmed-mean', trimmedShare: 0.1 } } },
    /need a quorum of at least 3/,
  ],
  [
    'asynchronous training that would release a buffer that is not full',
    { training: { ...training(), asynchronous: { maximumStaleness: 4, stalenessExponent: 0.5 } } },
    /asynchronous training needs a quorum equal to the cohort size/,
  ],
  [
    'asynchronous training of a median',
    {
      training: {
        ...training(),
        cohort: { ...training().cohort, quorum: 3 },
        asynchronous: { maximumStaleness: 4, stalenessExponent: 0.5 },
        aggregation: { rule: 'coordinate-median' },
      },
    },
    /asynchronous training needs the aggregation rule "mean" or "norm-bounded-mean"/,
  ],
  [
    'asynchronous training without its exponent',
    { training: { ...training(), asynchronous: { maximumStaleness: 4 } } },
    /training\.asynchronous\.stalenessExponent/,
  ],
  ...(
    [
      [{ type: 'number', column: 'age', minimum: 18, maximum: 70, missing: 71 }, /missing must be within the bounds/],
      [{ type: 'ordinal', column: 'level', levels: ['a', 'b'], missing: 'c' }, /missing must be a level/],
      [{ type: 'category', column: 'unit', categories: ['a', 'b'], other: false }, /training\.features\.0\.other/],
    ] as const
  ).map(([feature, message]): [string, object, RegExp] => [
    `a ${feature.type} whose gap is filled with what it cannot be`,
    { training: { ...training(), features: [feature] } },
    message,
  ]),
  ...(
    [
      ['at a site', { clients: 'site' }, /needs clients "employee" and updateNoiseMultiplier 0/],
      [
        'beside noise',
        { privacy: { updateNoiseMultiplier: 1 } },
        /needs clients "employee" and updateNoiseMultiplier 0/,
      ],
      [
        'of Gram statistics',
        { rounds: 1, localEpochs: 1, learningRate: 1, algorithm: { oneShot: { rule: 'gram-matrix' } } },
        /does not go with the one-shot rule "gram-matrix"/,
      ],
      ['of a median', { aggregation: { rule: 'coordinate-median' } }, /needs the aggregation rule "mean"/],
      ['of a large model', { model: { hidden: [4096], activation: 'relu' } }, /at most 10000 numbers/],
      [
        'at no epsilon',
        { privacy: { updateMechanism: { mechanism: 'priv-unit', epsilon: 0 } } },
        /updateMechanism\.epsilon/,
      ],
    ] as const
  ).map(([what, change, message]): [string, object, RegExp] => {
    const updateMechanism = { mechanism: 'priv-unit', epsilon: 2 };
    const silent = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0 };
    const privacy = {
      ...training().privacy,
      ...silent,
      updateMechanism,
      ...('privacy' in change ? change.privacy : {}),
    };
    const cohort = { ...training().cohort, quorum: 3 };
    return [
      `PrivUnit ${what}`,
      { training: { ...training(), clients: 'employee', cohort, ...change, privacy } },
      message,
    ];
  }),
  [
    'limits to how often a site contributes',
    { training: { ...training(), participation: { atMost: 2 } } },
    /participation needs clients "employee"/,
  ],
  [
    'employees who contribute to no round',
    { training: { ...training(), participation: { atMost: 0 } } },
    /participation\.atMost/,
  ],
  ['updates of a size that nobody packs', { training: { ...training(), bitsPerParameter: 4 } }, /bitsPerParameter/],
  [
    'a proximal step that goes past the model of the round',
    { training: { ...training(), algorithm: { client: { rule: 'fed-prox', proximalWeight: 2.5 } } } },
    /"fed-prox" needs learningRate x proximalWeight of at most 1/,
  ],
  [
    'a proximal weight of nothing',
    { training: { ...training(), algorithm: { client: { rule: 'fed-prox', proximalWeight: 0 } } } },
    /training\.algorithm\.client\.proximalWeight/,
  ],
  [
    'an unknown client rule',
    { training: { ...training(), algorithm: { client: { rule: 'fed-nova' } } } },
    /training\.algorithm\.client\.rule/,
  ],
  ...(
    [
      ['of employees', { clients: 'employee', privacy: { ...training().privacy, exampleNoiseMultiplier: 0 } }],
      ['in batches', { batchSize: 8, privacy: { ...training().privacy, exampleNoiseMultiplier: 0 } }],
      [
        'in asynchronous rounds',
        {
          cohort: { ...training().cohort, quorum: 3 },
          asynchronous: { maximumStaleness: 4, stalenessExponent: 0.5 },
        },
      ],
    ] as const
  ).map(([what, change]): [string, object, RegExp] => [
    `SCAFFOLD ${what}`,
    { training: { ...training(), ...change, algorithm: { client: { rule: 'scaffold' } } } },
    /"scaffold" needs clients "site", batchSize null and no asynchronous training/,
  ]),
  [
    'SCAFFOLD with momentum at the server',
    {
      training: {
        ...training(),
        algorithm: { client: { rule: 'scaffold' }, server: { rule: 'momentum', momentum: 0.9, learningRate: 1 } },
      },
    },
    /"scaffold" needs the server rule "average"/,
  ],
  ...(
    [
      ['momentum', { rule: 'momentum', momentum: 1, learningRate: 1 }],
      ['learningRate', { rule: 'momentum', momentum: 0.9, learningRate: 0 }],
      ['beta1', { ...adam, beta1: -0.1 }],
      ['beta2', { ...adam, rule: 'yogi', beta2: 1 }],
      ['tau', { ...adam, tau: 0 }],
      ['tau', { ...adam, tau: Infinity }],
      ['momentum', { ...adam, momentum: 0.9 }],
    ] as const
  ).map(([key, server]): [string, object, RegExp] => [
    `a server rule ${JSON.stringify(server)}`,
    { training: { ...training(), algorithm: { server } } },
    new RegExp(String.raw`training\.algorithm\.server\.${key}`),
  ]),
  [
    'a median of more updates than memory is meant for',
    { training: medianOf(160) },
    /cohort size x parameters x 4 bytes must be at most 536870912/,
  ],
])('[S2] %s is refused, naming the rule', (_, change, message) => {
  const answer = codeOf({ ...sampleManifest(), ...change });
  expect(answer).toMatch(/^MANIFEST_INVALID/);
  expect(answer).toMatch(message);
});

test('[A4] only rules that hold all updates of a round are limited by their memory', () => {
  expect(codeOf({ ...sampleManifest(), training: medianOf(159) })).toBe('accepted');
  const mean = { ...medianOf(100_000), aggregation: { rule: 'mean' } };
  expect(codeOf({ ...sampleManifest(), training: mean })).toBe('accepted');
});

test.each([
  {},
  { client: { rule: 'fed-avg' } },
  { client: { rule: 'fed-prox', proximalWeight: 2 } },
  { client: { rule: 'scaffold' } },
  { client: { rule: 'scaffold' }, server: { rule: 'average' } },
  { server: { rule: 'momentum', momentum: 0.9, learningRate: 1 } },
  { client: { rule: 'fed-prox', proximalWeight: 1 }, server: adam },
  { server: { ...adam, rule: 'yogi' } },
])('[T1] a task may name its algorithm: %j', (algorithm) => {
  expect(codeOf({ ...sampleManifest(), training: { ...training(), algorithm } })).toBe('accepted');
});

test('[S3] training without noise is for simulated studies only', () => {
  const noiseless = {
    ...training(),
    privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-5 },
  };
  const plainEvaluation = { ...training(), evaluation: { ...training().evaluation, noiseMultiplier: 0 } };
  for (const task of [noiseless, plainEvaluation]) {
    expect(codeOf({ ...sampleManifest(), training: task })).toMatch(/simulated/);
    expect(codeOf({ ...sampleManifest(), simulated: true, training: task })).toBe('accepted');
  }
});

test.each([undefined, null, 7, 'x', [], {}])('[S2] %j is not a manifest', (data) => {
  expect(codeOf(data)).toMatch(/^MANIFEST_INVALID/);
});

test('parameters are counted layer by layer', () => {
  // 1 number and 3 categories are 4 inputs; 4 x 3 + 3 weights and biases, then 3 + 1.
  expect(parameterCount(training())).toBe(19);
});

/** What a parser says of it: the manifest, or why there is none. */
function verdict(parse: (data: unknown) => Manifest, data: unknown): unknown {
  try {
    return parse(data);
  } catch (error) {
    return (error as Error).message;
  }
}

test('[S2] a study without training is judged alike by the shorter schema, and one with training is refused by it', () => {
  const { training: _, ...survey } = sampleManifest();
  const [question] = survey.survey!.questions;
  const variants: object[] = [
    survey,
    { ...survey, surprise: 1 },
    { ...survey, survey: undefined },
    { ...survey, survey: { epsilon: 0, questions: [question] } },
    { ...survey, survey: { epsilon: 1, questions: [question, question] } },
    { ...survey, survey: { epsilon: 1, questions: [question, { ...question, id: 'again' }] } },
    { ...survey, groups: { ...survey.groups, values: [survey.groups.values[0], survey.groups.values[0]] } },
    { ...survey, description: 'a'.repeat(2001) },
  ];
  const verdicts = variants.map((data) => verdict(parseSurveyManifest, data));
  expect(verdicts).toEqual(variants.map((data) => verdict(parseManifest, data)));
  expect(new Set(verdicts).size).toBe(variants.length);
  expect(() => parseSurveyManifest(sampleManifest())).toThrow(/training/);
});
