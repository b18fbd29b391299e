import { gaussianNoiseMultiplier } from '@chorale/privacy';
import { Command, Option } from 'commander';
import { calculate, parseNumber, parseWholeNumber, UsageError } from './command-errors.ts';
import { printFields, printJson } from './print.ts';

type Options = {
  epsilon: number;
  delta: number;
  sensitivity: number;
  steps: number;
  samplingRate?: number;
  json?: true;
};

/** `chorale calibrate`: how much noise a guarantee takes. */
export function calibrateCommand(): Command {
  return new Command('calibrate')
    .description('least noise for a guarantee over all releases together')
    .addOption(new Option('--mechanism <M>').choices(['gaussian']).makeOptionMandatory())
    .requiredOption('--epsilon <E>', 'of all releases together', parseNumber)
    .requiredOption('--delta <D>', 'in (0, 1)', parseNumber)
    .requiredOption('--sensitivity <S>', 'L2, for the relation that the guarantee is for', parseNumber)
    .option('--steps <T>', 'releases', parseWholeNumber, 1)
    .option('--sampling-rate <Q>', 'not available yet', parseNumber)
    .option('--json', 'print one JSON object')
    .action(({ epsilon, delta, sensitivity, steps, samplingRate, json }: Options) => {
      if (samplingRate !== undefined) throw new UsageError('--sampling-rate is not available yet');
      if (!(sensitivity > 0)) throw new UsageError(`--sensitivity must be > 0, got ${sensitivity}`);
      const noiseMultiplier = calculate(() => gaussianNoiseMultiplier({ epsilon, delta, steps }));
      const result = { noiseStddev: noiseMultiplier * sensitivity, noiseMultiplier };
      if (json) printJson(result);
      else printFields(result);
    });
}
