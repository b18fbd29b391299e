import { ChoraleError, type Manifest, type Question, type WaveCell } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { ReleaseLog } from '../oversight/release-log.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { ImportedBenchmarks } from './imported-benchmarks.ts';
import { Invitations } from './invitations.ts';
import { ReportService } from './report-service.ts';
import { ResultsService } from './results-service.ts';
import { SeriesService } from './series-service.ts';
import { StudyRegistry } from './study-registry.ts';

const [stay, workload] = questions as [(typeof questions)[0], (typeof questions)[0]];

function wave(number: number, change: Parameters<typeof pulseStudy>[0] = {}): Manifest {
  const more = { series: 'pulse', title: `Wave ${number}`, ...change.more };
  return pulseStudy({ id: `wave-${number}`, epsilon: 6, asked: [stay], ...change, more });
}

async function open(folder = temporaryFolder()) {
  const store = await SqliteStore.open(folder);
  onTestFinished(() => store.close());
  const studies = new StudyRegistry({ store, now: () => Date.parse('2026-11-20T12:00:00.000Z') });
  const invitations = new Invitations(await store.secret('invitation', 32));
  const reports = new ReportService({ store, studies, invitations, now: Date.now });
  const benchmarks = new ImportedBenchmarks({ store, studies, now: Date.now });
  const releases = new ReleaseLog({ store, now: Date.now });
  const results = new ResultsService({ studies, reports, releases, benchmarks });
  const series = new SeriesService({ studies, reports, results });
  /** People `from` to `to` of one group take part in a wave; the letters are what would be memoized. */
  const answer = async (
    manifest: Manifest,
    {
      from,
      to,
      group = 'sales',
      letter = () => 1,
    }: { from: number; to: number; group?: string; letter?: (person: number) => number },
  ): Promise<void> => {
    const { study } = await studies.publish(manifest, { type: 'operator' });
    for (let person = from; person <= to; person += 1) {
      const sub = `person-${person}`.padEnd(8, '-');
      const answers = [...study.channels!.byQuestion].map(
        ([
          question,
          {
            channel: { mechanism, outputs },
          },
        ]) => {
          return { question, mechanism, outputs, letter: letter(person) };
        },
      );
      const report = { protocol: 1, study: manifest.id, manifest: study.hash, answers };
      const token = await invitations.sign({ study: manifest.id, sub, group });
      await reports.accept({ token, report: JSON.stringify(report) });
    }
  };
  return { store, studies, reports, series, answer, results };
}

/** What the waves say of the only question in one group. */
async function cells(series: SeriesService, group: string | null): Promise<WaveCell[]> {
  const { questions: asked } = await series.of('pulse');
  return asked[0]!.groups.find((row) => row.group === group)!.waves;
}

const respondents = (points: readonly WaveCell[]) =>
  points.map(({ cell }) => (cell.state === 'published' ? cell.respondents : cell.reason));

const parity = (person: number) => person % 2;

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof ChoraleError ? `${error.code}: ${error.message}` : String(error)),
  );

describe('series', () => {
  it('[V2] say what a number counts, where it has a name', async () => {
    const { series, studies } = await open();
    const hours = questions.at(-1) as Question & { type: 'number' };
    const days: Question = { ...hours, id: 'days', text: 'Days a month?', unit: 'days' };
    await studies.publish(wave(1, { asked: [stay, hours, days] }), { type: 'operator' });
    const results = await series.of('pulse');
    expect(results.questions.map(({ text, unit }) => [text, unit])).toEqual([
      [stay.text, null],
      [hours.text, null],
      [days.text, 'days'],
    ]);
  });

  it('[E8] compare waves of one question, with what is left of it among all comparisons', async () => {
    const { answer, series, studies } = await open();
    const [first, second, third] = [wave(1), wave(2, { asked: [stay, workload], epsilon: 12 }), wave(3)];
    await answer(first, { from: 1, to: 80, letter: (person) => Number(person % 4 === 0) });
    await studies.publish(second, { type: 'operator' });
    await answer(third, { from: 101, to: 180, letter: (person) => Number(person % 4 !== 0) });
    await answer(third, { from: 201, to: 240, group: 'legal' });

    const results = await series.of('pulse');
    expect(results.waves.map(({ study, voices }) => [study, voices])).toEqual([
      ['wave-1', 80],
      ['wave-2', 0],
      ['wave-3', 120],
    ]);
    expect(results.questions.map(({ text }) => text)).toEqual([stay.text, workload.text]);
    expect(results.questions[0]!.identity).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
    const sales = await cells(series, 'sales');
    expect(respondents(sales)).toEqual([80, 'too-few', 80]);
    expect(sales.map(({ change }) => change?.since ?? null)).toEqual([null, null, 'wave-1']);
    const { estimates } = sales[2]!.change!;
    // From a quarter to three quarters of the letters, through a channel that hardly ever lies.
    expect(estimates).toHaveLength(1);
    const [change] = estimates;
    expect(change).toMatchObject({ id: 'yes', significant: true });
    expect(change!.change).toBeGreaterThan(0.4);
    expect(change!.lower).toBeLessThan(change!.change);
    expect(change!.upper).toBeGreaterThan(change!.change);
    // Holm over two comparisons: that of sales, and the larger one of all together.
    expect(change!.adjustedPValue).toBeGreaterThanOrEqual(change!.pValue);
    const whole = (await cells(series, null))[2]!.change!.estimates[0]!;
    const smaller = Math.min(change!.pValue, whole.pValue);
    expect(Math.min(change!.adjustedPValue, whole.adjustedPValue)).toBeCloseTo(2 * smaller, 15);
    // Nothing before it to compare with.
    expect((await cells(series, 'legal')).map(({ change: since }) => since)).toEqual([null, null, null]);
  });

  it('[E8] do not call a change real that is none', async () => {
    const { answer, series } = await open();
    await answer(wave(1), { from: 1, to: 40, letter: parity });
    await answer(wave(2), { from: 101, to: 140, letter: parity });
    const [, later] = await cells(series, 'sales');
    expect(later!.change!.estimates).toMatchObject([{ change: 0, significant: false }]);
    expect(later!.change!.estimates[0]!.adjustedPValue).toBeGreaterThan(0.9);
  });

  it('[E5] hold back a wave whose people are nearly those of another, and say so', async () => {
    const { answer, series, results } = await open();
    await answer(wave(1), { from: 1, to: 10 });
    await answer(wave(2), { from: 2, to: 11 });
    expect(respondents(await cells(series, 'sales'))).toEqual([10, 'too-similar']);
    expect((await results.of('wave-2')).questions[0]!.cells).toMatchObject([
      { group: null, reason: 'too-similar' },
      { group: 'sales', reason: 'too-similar' },
      { group: 'legal', reason: 'too-few' },
    ]);
    // Who moved counts as who they are, wherever they are now.
    await answer(wave(3), { from: 2, to: 11, group: 'legal' });
    expect(respondents(await cells(series, 'legal'))).toEqual(['too-few', 'too-few', 'too-similar']);
    // More people cure it.
    await answer(wave(2), { from: 12, to: 16 });
    expect(respondents(await cells(series, 'sales'))).toEqual([10, 15, 'too-few']);
  });

  it('[E5] see an earlier wave that still collects while a later one does', async () => {
    const { answer, series } = await open();
    await answer(wave(1), { from: 1, to: 10 });
    await answer(wave(2), { from: 11, to: 20 });
    expect(respondents(await cells(series, 'sales'))).toEqual([10, 10]);
    // All but one of those who are in the second wave by now, and one more: the two are what a difference would tell of.
    await answer(wave(1), { from: 11, to: 19 });
    await answer(wave(1), { from: 31, to: 31 });
    expect(respondents(await cells(series, 'sales'))).toEqual([10, 10]);
    await answer(wave(1), { from: 32, to: 36 });
    expect(respondents(await cells(series, 'sales'))).toEqual([25, 10]);
  });

  it('[E5] publish the same after a restart, and whoever asked for which wave first', async () => {
    const folder = temporaryFolder();
    const before = await open(folder);
    for (let number = 1; number <= 4; number += 1) {
      await before.answer(wave(number), { from: number, to: 30 + 3 * number, letter: parity });
      await before.answer(wave(Math.max(1, number - 1)), { from: 60 + number, to: 66 + number, group: 'legal' });
      // Looked at on the way: what was published then stays.
      await before.series.of('pulse');
    }
    const results = await before.series.of('pulse');
    await before.store.close();
    const after = await open(folder);
    const last = await after.results.of('wave-4');
    expect(await after.series.of('pulse')).toEqual(results);
    expect(last.questions[0]!.cells).toEqual(
      results.questions[0]!.groups.map(({ waves }) => waves.find(({ study }) => study === 'wave-4')!.cell),
    );
  });

  it('[S2] are of one attribute and one minimum', async () => {
    const { studies, series } = await open();
    await studies.publish(wave(1), { type: 'operator' });
    expect(await refusal(studies.publish(wave(2, { minimumGroupSize: 6 }), { type: 'operator' }))).toBe(
      'MANIFEST_INVALID: manifest at publishing.minimumGroupSize: the series pulse has 5, not 6',
    );
    const groups = { attribute: 'region', label: 'Region', values: [{ id: 'north', label: 'North' }] };
    expect(await refusal(studies.publish(wave(2, { more: { groups } }), { type: 'operator' }))).toMatch(
      /groups\.attribute/,
    );
    expect((await studies.publish(wave(1), { type: 'operator' })).outcome).toBe('unchanged');
    expect((await series.list()).map(({ series: id, waves }) => [id, waves.length])).toEqual([['pulse', 1]]);
    expect(await refusal(series.of('none'))).toMatch(/^STUDY_UNKNOWN/);
  });
});
