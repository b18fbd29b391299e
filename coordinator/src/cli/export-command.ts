import { Command } from 'commander';
import { UsageError } from './command-errors.ts';
import type { SourceOptions } from './study-source.ts';
import { usingStudies, withSource } from './study-command.ts';

type Options = SourceOptions & { format: string; series?: true; drivers?: true; json?: true };

/** `chorale export STUDY`: results as a file, on stdout; the log has its hash. [O7] */
export function exportCommand(): Command {
  const command = new Command('export')
    .description('results as a table or an object, with the study, its privacy and the time beside every number')
    .argument('<STUDY>', 'id of the study, or with --series of the series')
    .option('--format <FORMAT>', 'csv or json', 'csv')
    .option('--series', 'all waves of a series, with the changes between them')
    .option('--drivers', 'how answers to each two questions move together');
  return withSource(command).action(async (id: string, { format, series, drivers, json, ...source }: Options) => {
    if (format !== 'csv' && format !== 'json') throw new UsageError(`--format must be csv or json, got ${format}`);
    if (series === true && drivers === true) throw new UsageError('--series and --drivers exclude each other');
    const kind = series ? 'series' : drivers ? 'drivers' : 'study';
    const request = { kind, id, format: json ? 'json' : format } as const;
    await usingStudies(source, async (studies) => void process.stdout.write(await studies.export(request)));
  });
}
