import { planTraining, type TrainingMechanism, type TrainingMode } from '@chorale/privacy/forecast';
import { trainingVerdict } from '@chorale/protocol/verdicts';
import { oneShotVerdict, planOneShot, type OneShotAlgorithm } from '@chorale/training/one-shot';
import { Command, Option } from 'commander';
import { calculate, flagOf, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Options = {
  algorithm: 'federated-averaging' | OneShotAlgorithm;
  clients: number;
  epsilon: number;
  delta: number;
  mode: TrainingMode;
  json?: true;
} & RoundOptions & { features?: number };

/** What only rounds of federated averaging have. */
type RoundOptions = {
  parameters?: number;
  rounds?: number;
  clippingNorm?: number;
  cohort?: number;
  roundsPerClient?: number;
  mechanism?: TrainingMechanism;
  minimumSurvivors?: number;
};

/** Adds `chorale plan training` to `chorale plan`, whose own options it must not need or take. */
export function withTraining(plan: Command): Command {
  return plan
    .enablePositionalOptions()
    .addCommand(planTrainingCommand())
    .hook('preSubcommand', () => {
      for (const option of plan.options) {
        const name = option.attributeName();
        if (plan.getOptionValueSource(name) === 'cli') {
          throw new UsageError(`${option.long} belongs after training, if it is one of its options`);
        }
        if (option.mandatory) plan.setOptionValue(name, null);
      }
    });
}

/** `chorale plan training`: how much of a federated training would be noise, or how good a one-shot one, before it starts. */
function planTrainingCommand(): Command {
  return new Command('training')
    .description('forecast the noise of a federated training, or the accuracy of a one-shot one, before launch')
    .addOption(
      new Option('--algorithm <NAME>', 'rounds, or one contribution of each client')
        .choices(['federated-averaging', 'gram-matrix', 'class-mean-difference', 'label-randomized-response'])
        .default('federated-averaging'),
    )
    .option('--parameters <P>', 'trainable parameters; for federated averaging', parseWholeNumber)
    .option('--features <F>', 'inputs, a category counting as one; for the other algorithms', parseWholeNumber)
    .requiredOption('--clients <N>', 'devices or sites that may take part', parseWholeNumber)
    .option('--rounds <R>', 'rounds of training; for federated averaging', parseWholeNumber)
    .requiredOption('--epsilon <E>', 'privacy loss of all rounds of a client together', parseNumber)
    .requiredOption('--delta <D>', 'in (0, 1); pure mechanisms spend none of it', parseNumber)
    .option('--clipping-norm <C>', 'L2 bound of one update; for federated averaging', parseNumber)
    .addOption(
      new Option('--mode <MODE>', 'noise on every update, or only on their sum')
        .choices(['local', 'distributed'])
        .makeOptionMandatory(),
    )
    .option('--cohort <M>', 'clients in each round (default: as many as the rounds per client make)', parseWholeNumber)
    .option(
      '--rounds-per-client <K>',
      'rounds that one client takes part in (default: what the cohort takes, else 1 for local, all for distributed)',
      parseWholeNumber,
    )
    .addOption(
      new Option('--mechanism <NAME>', 'insist on a mechanism (default: the one with less noise)').choices([
        'gaussian',
        'privunit',
      ]),
    )
    .option('--minimum-survivors <S>', 'updates that a distributed sum needs (default: the cohort)', parseWholeNumber)
    .option('--json', 'print one JSON object')
    .action((options: Options) => {
      const fields = calculate(() => forecast(options));
      if (options.json) printJson(fields);
      else printFields(fields);
    });
}

function forecast({ json: _json, algorithm, features, ...options }: Options): Record<string, string | number | null> {
  if (algorithm === 'federated-averaging') {
    if (features !== undefined)
      throw new UsageError('--features belongs to the other algorithms, --parameters to this');
    const { parameters, rounds, clippingNorm, ...rest } = options;
    const asked = {
      ...rest,
      dimension: given({ parameters }),
      rounds: given({ rounds }),
      clippingNorm: given({ clippingNorm }),
    };
    const plan = planTraining(asked);
    const { usableSignalToNoise: _usable, usableCohort: _cohort, ...shown } = plan;
    return { ...shown, verdict: trainingVerdict(plan, asked) };
  }
  const { clients, epsilon, delta, mode, ...ofRounds } = options;
  const [unused] = Object.keys(ofRounds);
  if (unused !== undefined)
    throw new UsageError(`${flagOf(unused)} belongs to federated-averaging, not to ${algorithm}`);
  const plan = planOneShot({ algorithm, clients, epsilon, delta, mode, features: given({ features }) });
  const { usableClients: _clients, ...shown } = plan;
  return { ...shown, verdict: oneShotVerdict(plan) };
}

/** @throws UsageError for an option that the algorithm needs and that was not given */
function given(option: Record<string, number | undefined>): number {
  const [[name, value]] = Object.entries(option) as [[string, number | undefined]];
  if (value === undefined) throw new UsageError(`required option '${flagOf(name)}' not specified`);
  return value;
}
