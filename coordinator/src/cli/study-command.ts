import { Command } from 'commander';
import { readStudyFile } from '../surveys/study-file.ts';
import { printFields, printJson, printTable } from './print.ts';
import type { SourceOptions, StudySource } from './study-source.ts';

type Options = SourceOptions & { json?: true };

/** Where a command finds studies; shared by all that read or write them. */
export function withSource(command: Command): Command {
  return command
    .option(
      '--data <DIR>',
      'data folder; while a server holds it, the server is asked (default: DATA_DIR, else ./data)',
    )
    .option('--server <URL>', 'ask this server; to publish, with its token in CHORALE_OPERATOR_TOKEN')
    .option('--json', 'print one JSON object');
}

/** Opens the studies for one piece of work and closes them after it. */
export async function usingStudies<T>(
  options: SourceOptions & { create?: boolean },
  work: (studies: StudySource) => Promise<T>,
): Promise<T> {
  // Loaded here, so that the commands that only calculate start at once.
  const { openStudies } = await import('./study-source.ts');
  const studies = await openStudies(options, { create: options.create ?? false });
  try {
    return await work(studies);
  } finally {
    await studies.close();
  }
}

/** `chorale study put`, `list`, `close` and `purge`. */
export function studyCommand(): Command {
  const put = withSource(new Command('put').description('publish a study').argument('<FILE>', 'manifest, as JSON'));
  put.action(async (file: string, { json, ...source }: Options) => {
    const manifest = await readStudyFile(file);
    const outcome = await usingStudies({ ...source, create: true }, (studies) => studies.put(manifest));
    if (json) printJson(outcome);
    else printFields(outcome);
  });

  const list = withSource(new Command('list').description('list the published studies'));
  list.action(async ({ json, ...source }: Options) => {
    const studies = await usingStudies(source, (from) => from.list());
    if (json) return printJson({ studies });
    const rows = studies.map(({ id, state, voices, survey, training, title }) => {
      const parts = [...(survey ? ['survey'] : []), ...(training === null ? [] : [`training (${training}s)`])];
      return [id, state, voices, parts.join(', '), title];
    });
    printTable(['STUDY', 'STATE', 'VOICES', 'PARTS', 'TITLE'], rows);
  });

  const close = withSource(
    new Command('close').description('take no more reports and rounds of a study; results stay').argument('<STUDY>'),
  ).action(async (study: string, { json, ...source }: Options) => {
    await usingStudies(source, (studies) => studies.closeStudy(study));
    if (json) printJson({ study, state: 'closed' });
    else process.stdout.write(`${study} is closed\n`);
  });

  const purge = withSource(
    new Command('purge').description('delete the raw reports of a closed study; results stay').argument('<STUDY>'),
  ).action(async (study: string, { json, ...source }: Options) => {
    await usingStudies(source, (studies) => studies.purgeStudy(study));
    if (json) printJson({ study, state: 'purged' });
    else process.stdout.write(`the reports of ${study} are deleted\n`);
  });

  const study = new Command('study').description('publish, list, close and purge studies');
  return [put, list, close, purge].reduce((command, one) => command.addCommand(one), study);
}
