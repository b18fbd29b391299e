import {
  accountDiscreteLaplace,
  accountFixedSizeSampledGaussian,
  accountLaplace,
  accountPure,
  accountRandomizedResponse,
  accountSubsampledGaussian,
  discreteGaussianEpsilon,
  gaussianEpsilon,
  type Guarantee,
  type PrivacyUnit,
} from '@chorale/privacy';
import { Command, Option } from 'commander';
import { calculate, flagOf, parseName, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Parameter =
  | 'noiseMultiplier'
  | 'samplingRate'
  | 'sampleSize'
  | 'populationSize'
  | 'noiseStddev'
  | 'laplaceScale'
  | 'sensitivity'
  | 'dimension'
  | 'options'
  | 'epsilonPerStep';
type Given = Partial<Record<Parameter, number>> & { relation?: SampledRelation };
type Steps = { steps: number; delta: number; privacyUnit: PrivacyUnit };
const SAMPLED_RELATIONS = ['add-or-remove-one', 'replace-one'] as const;
type SampledRelation = (typeof SAMPLED_RELATIONS)[number];
type Mechanism = {
  takes: (Parameter | 'relation')[];
  /** @param of a parameter's value; refuses the command when it is missing */
  account: (of: (parameter: Parameter) => number, steps: Steps, relation: SampledRelation | undefined) => Guarantee;
};

const neighboringRelation = 'replace-one';

const MECHANISMS: Record<string, Mechanism> = {
  gaussian: {
    takes: ['noiseMultiplier'],
    account: (of, { privacyUnit, ...steps }) => ({
      epsilon: gaussianEpsilon({ noiseMultiplier: of('noiseMultiplier'), ...steps }),
      delta: steps.delta,
      accountant: 'gaussian-exact',
      neighboringRelation,
      privacyUnit,
    }),
  },
  'subsampled-gaussian': {
    takes: ['noiseMultiplier', 'samplingRate', 'relation'],
    account: (of, steps, relation) =>
      accountSubsampledGaussian({
        noiseMultiplier: of('noiseMultiplier'),
        samplingRate: of('samplingRate'),
        neighboringRelation: relation,
        ...steps,
      }),
  },
  'fixed-size-gaussian': {
    takes: ['noiseMultiplier', 'sampleSize', 'populationSize'],
    account: (of, steps) =>
      accountFixedSizeSampledGaussian({
        noiseMultiplier: of('noiseMultiplier'),
        sampleSize: of('sampleSize'),
        populationSize: of('populationSize'),
        ...steps,
      }),
  },
  'discrete-gaussian': {
    takes: ['noiseStddev', 'sensitivity', 'dimension'],
    account: (of, { privacyUnit, ...steps }) => ({
      epsilon: discreteGaussianEpsilon({
        noiseStddev: of('noiseStddev'),
        sensitivity: of('sensitivity'),
        dimension: of('dimension'),
        ...steps,
      }),
      delta: steps.delta,
      accountant: 'discrete-gaussian',
      neighboringRelation,
      privacyUnit,
    }),
  },
  laplace: {
    takes: ['epsilonPerStep'],
    account: (of, steps) => accountLaplace({ epsilonPerStep: of('epsilonPerStep'), ...steps }),
  },
  'discrete-laplace': {
    takes: ['laplaceScale', 'sensitivity'],
    account: (of, steps) =>
      accountDiscreteLaplace({ laplaceScale: of('laplaceScale'), sensitivity: of('sensitivity'), ...steps }),
  },
  'randomized-response': {
    takes: ['options', 'epsilonPerStep'],
    account: (of, steps) =>
      accountRandomizedResponse({ options: of('options'), epsilonPerStep: of('epsilonPerStep'), ...steps }),
  },
  pure: {
    takes: ['epsilonPerStep'],
    account: (of, steps) => accountPure({ epsilonPerStep: of('epsilonPerStep'), ...steps }),
  },
};

/** `chorale account`: what repeated releases cost together. */
export function accountCommand(): Command {
  return new Command('account')
    .description(
      'privacy loss of repeated releases, each at the given noise: replace-one, but add-or-remove-one for subsampled-gaussian unless told otherwise',
    )
    .requiredOption('--mechanism <M>', Object.keys(MECHANISMS).join(', '), parseName)
    .option(
      '--noise-multiplier <Z>',
      'gaussian, fixed-size-gaussian, subsampled-gaussian: noise stddev over sensitivity for the relation; of a sum of vectors clipped to C that is 2 C for replace-one, and C for add-or-remove-one',
      parseNumber,
    )
    .option(
      '--sampling-rate <Q>',
      'subsampled-gaussian: probability that a record takes part in one release, independently of the others',
      parseNumber,
    )
    .addOption(new Option('--relation <R>', 'subsampled-gaussian').choices(SAMPLED_RELATIONS))
    .option('--sample-size <M>', 'fixed-size-gaussian: records in one release', parseWholeNumber)
    .option('--population-size <N>', 'fixed-size-gaussian: records that samples are drawn from', parseWholeNumber)
    .option('--noise-stddev <S>', 'discrete-gaussian', parseNumber)
    .option('--laplace-scale <B>', 'discrete-laplace: noise of probability e^(-|k| / B)', parseNumber)
    .option(
      '--sensitivity <L>',
      'discrete-gaussian: L2 sensitivity; discrete-laplace: that of one integer',
      parseNumber,
    )
    .option('--dimension <N>', 'discrete-gaussian: coordinates of one release (default: 1)', parseWholeNumber)
    .option('--options <K>', 'randomized-response: letters of the alphabet', parseWholeNumber)
    .option('--epsilon-per-step <E>', 'laplace, randomized-response, pure', parseNumber)
    .option('--steps <T>', 'releases', parseWholeNumber, 1)
    .requiredOption('--delta <D>', 'in [0, 1); 0 for pure mechanisms only', parseNumber)
    .addOption(
      new Option('--unit <U>', 'whose whole record is protected').choices(['employee', 'site']).default('employee'),
    )
    .option('--json', 'print one JSON object')
    .action(
      ({
        mechanism,
        steps,
        delta,
        unit,
        json,
        ...given
      }: Given & { mechanism: string; steps: number; delta: number; unit: PrivacyUnit; json?: true }) => {
        const guarantee = account(mechanism, given, { steps, delta, privacyUnit: unit });
        const result = {
          epsilon: guarantee.epsilon,
          accountant: guarantee.accountant,
          neighboringRelation: guarantee.neighboringRelation,
          delta: guarantee.delta,
          privacyUnit: guarantee.privacyUnit,
        };
        if (json) printJson(result);
        else printFields(result);
      },
    );
}

function account(name: string, given: Given, steps: Steps): Guarantee {
  const mechanism = Object.hasOwn(MECHANISMS, name) ? MECHANISMS[name] : undefined;
  if (mechanism === undefined) {
    throw new UsageError(`--mechanism must be one of ${Object.keys(MECHANISMS).join(', ')}, got ${name}`);
  }
  // Ignoring a flag would answer another question than the one that was asked.
  const taken: string[] = mechanism.takes;
  const stray = Object.keys(given).find((parameter) => !taken.includes(parameter));
  if (stray !== undefined) throw new UsageError(`mechanism ${name} does not take ${flagOf(stray)}`);
  const of = (parameter: Parameter): number => {
    const value = given[parameter] ?? (parameter === 'dimension' ? 1 : undefined);
    if (value === undefined) throw new UsageError(`mechanism ${name} needs ${flagOf(parameter)}`);
    return value;
  };
  return calculate(() => mechanism.account(of, steps, given.relation));
}
