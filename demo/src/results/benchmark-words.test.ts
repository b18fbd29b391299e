import type { SeriesQuestion, SeriesResults, SurveyResults } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { importedBenchmarks, namedBenchmarks, namedSources, sources } from './benchmark-words.ts';
import { numberStyle } from './format.ts';
import { trendTable } from './trend-table.ts';

const industry = { estimate: 'pay', value: 0.4, source: 'Industry survey', year: 2025 };
const groups = { attribute: 'department', label: 'Department', values: [] };

function question(more: Partial<SeriesQuestion> = {}): SeriesQuestion {
  const estimates = [
    { id: 'pay', label: 'More pay', value: 0.5, lower: 0.4, upper: 0.6 },
    { id: 'rooms', label: 'Rooms', value: 0.5, lower: 0.4, upper: 0.6 },
  ];
  const cell = {
    state: 'published' as const,
    group: null,
    respondents: 40,
    estimates,
    shrunken: null,
    effectiveRespondents: 30,
  };
  return {
    identity: 'sha256-1',
    text: 'What first?',
    report: 'distribution',
    range: [0, 1],
    unit: null,
    benchmarks: [industry],
    groups: [{ group: null, waves: [{ study: 'spring', question: 'improve', cell, change: null }] }],
    ...more,
  };
}

describe('benchmarks of a series', () => {
  it('[V2] are rows of the table above those of the waves, beside the answer that they are of', () => {
    const results = { groups, waves: [{ study: 'spring' }] } as unknown as SeriesResults;
    const asked = question();
    const { rows } = trendTable(asked, { results, style: numberStyle(asked), group: null });
    expect(rows.map(({ header, pinned }) => [header, pinned ?? false])).toEqual([
      ['Industry survey, 2025', true],
      ['All, wave 1', false],
      ['All, wave 1', false],
    ]);
    expect(rows[0]!.cells.slice(0, 2).map(({ content }) => content)).toMatchObject(['More pay', { values: ['40.0%'] }]);
    // As many columns as the rows of the waves have.
    expect(rows[0]!.cells).toHaveLength(rows[1]!.cells.length);
  });

  it('are called by their estimate where no wave shows it', () => {
    expect(namedBenchmarks(question({ groups: [] }))).toEqual([{ ...industry, option: 'pay' }]);
  });

  it('name each source once', () => {
    expect(sources([industry, { ...industry, estimate: 'rooms' }, { ...industry, year: 2024 }])).toBe(
      'Industry survey (2025), Industry survey (2024)',
    );
  });

  it('have their number in words where a question has one', () => {
    const style = numberStyle(question());
    expect(namedSources(question(), style)).toBe('Industry survey (2025)');
    expect(namedSources(question({ report: 'favourable' }), style)).toBe('Industry survey (2025), 40.0%');
  });
});

it('[O9] benchmarks of a study that its manifest does not have were imported', () => {
  const asked = (count: number) =>
    ({ questions: [{ benchmarks: Array.from({ length: count }, () => industry) }] }) as unknown as SurveyResults;
  const manifest = { survey: { benchmarks: [industry] } };
  expect(importedBenchmarks(asked(1), manifest)).toBe(0);
  expect(importedBenchmarks(asked(3), manifest)).toBe(2);
  expect(importedBenchmarks(asked(2), { survey: {} })).toBe(2);
});
