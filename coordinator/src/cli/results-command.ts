import type { QuestionResult, ResultCell, SurveyResults } from '@chorale/protocol';
import { Command } from 'commander';
import { printJson, printTable, round } from './print.ts';
import type { SourceOptions } from './study-source.ts';
import { usingStudies, withSource } from './study-command.ts';

/** `chorale results STUDY`: what may be said about a survey now. */
export function resultsCommand(): Command {
  const command = new Command('results')
    .description('estimates of a survey, with their intervals')
    .argument('<STUDY>', 'id of the study');
  return withSource(command).action(async (study: string, { json, ...source }: SourceOptions & { json?: true }) => {
    const results = await usingStudies(source, (studies) => studies.results(study));
    if (json) printJson(results);
    else print(results);
  });
}

function print(results: SurveyResults): void {
  const { title, voices, epsilon, confidence, minimumGroupSize } = results;
  process.stdout.write(
    `${title}\n${voices} voices, epsilon ${round(epsilon)}, ${100 * confidence}% intervals, in blocks of ${minimumGroupSize}\n\n`,
  );
  const labels = new Map(results.groups.values.map(({ id, label }) => [id, label]));
  const rows = results.questions.flatMap((question) =>
    question.cells.flatMap((cell) => {
      const group = cell.group === null ? 'all' : (labels.get(cell.group) ?? cell.group);
      return cellRows(question, cell).map((columns) => [question.question, group, ...columns]);
    }),
  );
  printTable(['QUESTION', 'GROUP', 'RESPONDENTS', 'ESTIMATE', 'VALUE', 'FROM', 'TO'], rows);
}

function cellRows({ range: [, highest] }: QuestionResult, cell: ResultCell): string[][] {
  if (cell.state === 'suppressed') return [['-', cell.reason.replace('-', ' '), '-', '-', '-']];
  const format = (value: number) => (highest === 1 ? `${(100 * value).toFixed(1)}%` : value.toFixed(2));
  return cell.estimates.map(({ label, value, lower, upper }) => [
    String(cell.respondents),
    label,
    format(value),
    format(lower),
    format(upper),
  ]);
}
