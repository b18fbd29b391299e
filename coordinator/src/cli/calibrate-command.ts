import { gaussianNoiseMultiplier, type NeighboringRelation, subsampledGaussianNoiseMultiplier } from '@chorale/privacy';
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
    .requiredOption(
      '--sensitivity <S>',
      'L2: to replacing one record, or with a sampling rate to adding or removing one; of a sum of vectors clipped to C that is 2 C, or with a sampling rate C',
      parseNumber,
    )
    .option('--steps <T>', 'releases', parseWholeNumber, 1)
    .option(
      '--sampling-rate <Q>',
      'probability that a record takes part in one release, independently of the others; the guarantee is then add-or-remove-one',
      parseNumber,
    )
    .option('--json', 'print one JSON object')
    .action(({ sensitivity, samplingRate, json, ...wanted }: Options & { mechanism: string }) => {
      if (!(sensitivity > 0)) throw new UsageError(`--sensitivity must be > 0, got ${sensitivity}`);
      const noiseMultiplier = calculate(() =>
        samplingRate === undefined
          ? gaussianNoiseMultiplier(wanted)
          : subsampledGaussianNoiseMultiplier({ ...wanted, samplingRate }),
      );
      const neighboringRelation: NeighboringRelation = samplingRate === undefined ? 'replace-one' : 'add-or-remove-one';
      const result = { noiseStddev: noiseMultiplier * sensitivity, noiseMultiplier, neighboringRelation };
      if (json) printJson(result);
      else printFields(result);
    });
}
