import type { SeriesQuestion, ShownBenchmark, SurveyResults } from '@chorale/protocol';
import type { NumberStyle } from './format.ts';

/** Where numbers of others come from, each source once. */
export function sources(benchmarks: readonly ShownBenchmark[]): string {
  return [...new Set(benchmarks.map(({ source, year }) => `${source} (${year})`))].join(', ');
}

/** The same with the number, where a question has one: those of several answers are in the table. */
export function namedSources({ benchmarks, report }: SeriesQuestion, { format }: Pick<NumberStyle, 'format'>): string {
  if (report === 'distribution') return sources(benchmarks);
  return benchmarks.map((one) => `${sources([one])}, ${format(one.value)}`).join('; ');
}

/** Numbers of others with the answer that they are beside, by its name where any wave shows it. */
export function namedBenchmarks({ benchmarks, groups }: SeriesQuestion): (ShownBenchmark & { option: string })[] {
  const cells = groups.flatMap(({ waves }) => waves.map(({ cell }) => cell));
  const shown = cells.flatMap((cell) => (cell.state === 'published' ? cell.estimates : []));
  return benchmarks.map((benchmark) => {
    const option = shown.find(({ id }) => id === benchmark.estimate)?.label ?? benchmark.estimate;
    return { ...benchmark, option };
  });
}

/** How many of a study's benchmarks were imported: those that are not of its manifest. */
export function importedBenchmarks(
  { questions }: Pick<SurveyResults, 'questions'>,
  manifest: { survey?: { benchmarks?: readonly unknown[] | undefined } | undefined },
): number {
  const shown = questions.reduce((sum, { benchmarks }) => sum + benchmarks.length, 0);
  return shown - (manifest.survey?.benchmarks?.length ?? 0);
}
