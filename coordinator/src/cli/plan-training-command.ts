import { planTraining, trainingVerdict, type TrainingMechanism, type TrainingMode } from '@chorale/privacy/forecast';
import { Command, Option } from 'commander';
import { calculate, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Options = {
  parameters: number;
  clients: number;
  rounds: number;
  epsilon: number;
  delta: number;
  clippingNorm: number;
  mode: TrainingMode;
  cohort?: number;
  roundsPerClient?: number;
  mechanism?: TrainingMechanism;
  minimumSurvivors?: number;
  json?: true;
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

/** `chorale plan training`: how much of a federated training would be noise, before it starts. */
function planTrainingCommand(): Command {
  return new Command('training')
    .description('forecast the noise of a federated training before launch')
    .requiredOption('--parameters <P>', 'trainable parameters', parseWholeNumber)
    .requiredOption('--clients <N>', 'devices or sites that may take part', parseWholeNumber)
    .requiredOption('--rounds <R>', 'rounds of training', parseWholeNumber)
    .requiredOption('--epsilon <E>', 'privacy loss of all rounds of a client together', parseNumber)
    .requiredOption('--delta <D>', 'in (0, 1); privunit spends none of it', parseNumber)
    .requiredOption('--clipping-norm <C>', 'L2 bound of one update', parseNumber)
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
    .action(({ json, parameters, ...options }: Options) => {
      const plan = calculate(() => planTraining({ ...options, dimension: parameters }));
      const { usableSignalToNoise: _usable, usableCohort: _cohort, ...shown } = plan;
      const fields = { ...shown, verdict: trainingVerdict(plan, options) };
      if (json) printJson(fields);
      else printFields(fields);
    });
}
