import type { SeriesQuestion, SeriesResults, WaveCell } from '@chorale/protocol';
import { namedBenchmarks } from './benchmark-words.ts';
import { changeWords } from './change-words.ts';
import { figure, type NumberStyle, withInterval } from './format.ts';
import { groupLabel } from './group-chart.ts';
import type { Row, TableContent } from './sortable-table.ts';
import { suppressedText } from './suppressed.ts';
import { waveNames } from './wave-names.ts';

/** Everything that a question's trend shows: all groups together, and the one that was chosen, wave by wave, below numbers of others. */
export function trendTable(
  question: SeriesQuestion,
  { results, style, group }: { results: SeriesResults; style: NumberStyle; group: string | null },
): TableContent {
  const names = waveNames(results.waves);
  const shown = question.groups.filter((candidate) => candidate.group === null || candidate.group === group);
  const several = question.report === 'distribution';
  return {
    caption: `${question.text} Estimates with their 95% intervals, and how each differs from the wave before.`,
    rowsLabel: `${results.groups.label}, wave`,
    columns: [
      ...(several ? [{ label: 'Answer' }] : []),
      { label: 'Estimate' },
      { label: 'Change' },
      { label: 'Respondents', number: true },
    ],
    rows: [
      ...benchmarkRows(question, { style, several }),
      ...shown.flatMap(({ group: id, waves }) =>
        waves.flatMap((wave) => {
          const header = `${groupLabel({ group: id }, results.groups)}, ${inText(names, wave.study)}`;
          return waveRows(wave, { names, style, several }).map((cells) => ({ header, cells }));
        }),
      ),
    ],
  };
}

/** A row for each number of others, above those of the waves. */
function benchmarkRows(question: SeriesQuestion, { style, several }: { style: NumberStyle; several: boolean }): Row[] {
  return namedBenchmarks(question).map(({ option, value, source, year }) => ({
    header: `${source}, ${year}`,
    pinned: true,
    cells: [
      ...(several ? [{ content: option, order: null }] : []),
      { content: figure(style.format(value)), order: null },
      { content: '', order: null },
      { content: '', order: null },
    ],
  }));
}

/** A row for each number of a wave, or one that says why there is none. */
function waveRows(
  { cell, change }: WaveCell,
  { names, style, several }: { names: ReadonlyMap<string, string>; style: NumberStyle; several: boolean },
): Row['cells'][] {
  if (cell.state === 'suppressed') {
    const span = several ? 4 : 3;
    return [[{ content: suppressedText(cell.reason), order: null, className: 'soft', span }]];
  }
  return cell.estimates.map((estimate, index) => {
    const changed = change?.estimates.find(({ id }) => id === estimate.id);
    return [
      ...(several ? [{ content: estimate.label, order: index }] : []),
      { content: withInterval(estimate, style), order: estimate.value, className: 'number-text' },
      {
        content:
          changed === undefined
            ? 'nothing to compare with'
            : `${changeWords(changed, style)} since ${inText(names, change!.since)}`,
        order: changed?.change ?? null,
        className: 'sentence',
      },
      { content: cell.respondents.toLocaleString('en'), order: cell.respondents },
    ];
  });
}

function inText(names: ReadonlyMap<string, string>, study: string): string {
  return (names.get(study) ?? study).toLowerCase();
}
