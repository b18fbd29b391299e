import { Command } from 'commander';
import { seriesCsv, studyCsv } from '../surveys/result-export.ts';
import { UsageError } from './command-errors.ts';
import { printJson } from './print.ts';
import type { SourceOptions } from './study-source.ts';
import { usingStudies, withSource } from './study-command.ts';

type Options = SourceOptions & { format: string; series?: true; json?: true };

/** `chorale export STUDY`: results as a file, on stdout. */
export function exportCommand(): Command {
  const command = new Command('export')
    .description('results as a table or an object, with the study, its privacy and the time beside every number')
    .argument('<STUDY>', 'id of the study, or with --series of the series')
    .option('--format <FORMAT>', 'csv or json', 'csv')
    .option('--series', 'all waves of a series, with the changes between them');
  return withSource(command).action(async (id: string, { format, series, json, ...source }: Options) => {
    if (format !== 'csv' && format !== 'json') throw new UsageError(`--format must be csv or json, got ${format}`);
    const asJson = json === true || format === 'json';
    await usingStudies(source, async (studies) => {
      if (series) {
        const exported = await studies.exportSeries(id);
        return asJson ? printJson(exported) : void process.stdout.write(seriesCsv(exported));
      }
      const exported = await studies.exportStudy(id);
      return asJson ? printJson(exported) : void process.stdout.write(studyCsv(exported));
    });
  });
}
