import {
  accountLaplace,
  accountPure,
  accountRandomizedResponse,
  discreteGaussianEpsilon,
  gaussianEpsilon,
  type Guarantee,
} from '@chorale/privacy';
import { Command, Option } from 'commander';
import { calculate, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Parameter =
  | 'noiseMultiplier'
  | 'samplingRate'
  | 'noiseStddev'
  | 'sensitivity'
  | 'dimension'
  | 'options'
  | 'epsilonPerStep';
type Given = Partial<Record<Parameter, number>>;
type Steps = { steps: number; delta: number };
type Mechanism = {
  takes: Parameter[];
  /** @param of a parameter's value; refuses the command when it is missing */
  account: (
    of: (parameter: Parameter) => number,
    steps: Steps,
  ) => Pick<Guarantee, 'epsilon' | 'accountant' | 'neighboringRelation'>;
};

const neighboringRelation = 'replace-one';

const MECHANISMS: Record<string, Mechanism> = {
  gaussian: {
    takes: ['noiseMultiplier'],
    account: (of, steps) => ({
      epsilon: gaussianEpsilon({ noiseMultiplier: of('noiseMultiplier'), ...steps }),
      accountant: 'gaussian-exact',
      neighboringRelation,
    }),
  },
  'discrete-gaussian': {
    takes: ['noiseStddev', 'sensitivity', 'dimension'],
    account: (of, steps) => ({
      epsilon: discreteGaussianEpsilon({
        noiseStddev: of('noiseStddev'),
        sensitivity: of('sensitivity'),
        dimension: of('dimension'),
        ...steps,
      }),
      accountant: 'discrete-gaussian',
      neighboringRelation,
    }),
  },
  laplace: {
    takes: ['epsilonPerStep'],
    account: (of, steps) => accountLaplace({ epsilonPerStep: of('epsilonPerStep'), ...steps }),
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

const LATER = 'subsampled-gaussian';

/** `chorale account`: what repeated releases cost together. */
export function accountCommand(): Command {
  return new Command('account')
    .description('privacy loss of repeated releases, each at the given noise, replace-one')
    .addOption(new Option('--mechanism <M>').choices([...Object.keys(MECHANISMS), LATER]).makeOptionMandatory())
    .option('--noise-multiplier <Z>', 'gaussian: noise stddev over sensitivity', parseNumber)
    .option('--sampling-rate <Q>', 'subsampled-gaussian: not available yet', parseNumber)
    .option('--noise-stddev <S>', 'discrete-gaussian', parseNumber)
    .option('--sensitivity <L>', 'discrete-gaussian: L2 sensitivity', parseNumber)
    .option('--dimension <N>', 'discrete-gaussian: coordinates of one release (default: 1)', parseWholeNumber)
    .option('--options <K>', 'randomized-response: letters of the alphabet', parseWholeNumber)
    .option('--epsilon-per-step <E>', 'laplace, randomized-response, pure', parseNumber)
    .option('--steps <T>', 'releases', parseWholeNumber, 1)
    .requiredOption('--delta <D>', 'in [0, 1); 0 for pure mechanisms only', parseNumber)
    .option('--json', 'print one JSON object')
    .action(({ mechanism, steps, delta, json, ...given }: Given & Steps & { mechanism: string; json?: true }) => {
      const { epsilon, accountant, neighboringRelation: relation } = account(mechanism, given, { steps, delta });
      const result = { epsilon, accountant, neighboringRelation: relation };
      if (json) printJson(result);
      else printFields(result);
    });
}

function account(
  name: string,
  given: Given,
  steps: Steps,
): Pick<Guarantee, 'epsilon' | 'accountant' | 'neighboringRelation'> {
  const mechanism = MECHANISMS[name];
  if (mechanism === undefined) throw new UsageError(`mechanism ${name} is not available yet`);
  // Ignoring a flag would answer another question than the one that was asked.
  const taken: string[] = mechanism.takes;
  const stray = Object.keys(given).find((parameter) => !taken.includes(parameter));
  if (stray !== undefined) throw new UsageError(`mechanism ${name} does not take ${flag(stray)}`);
  const of = (parameter: Parameter): number => {
    const value = given[parameter] ?? (parameter === 'dimension' ? 1 : undefined);
    if (value === undefined) throw new UsageError(`mechanism ${name} needs ${flag(parameter)}`);
    return value;
  };
  return calculate(() => mechanism.account(of, steps));
}

function flag(parameter: string): string {
  return `--${parameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
