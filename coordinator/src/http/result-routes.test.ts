import { type Manifest, manifestHash, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { Drivers, DriversExportAnswer } from './drivers-schemas.ts';
import { Results, Series, SeriesExportAnswer, SeriesSummaries, StudyExportAnswer } from './result-schemas.ts';

/** A wave whose title a spreadsheet would run. */
const waveOf = (id: string): Manifest =>
  pulseStudy({
    id,
    epsilon: 6,
    asked: questions.slice(0, 1),
    more: {
      series: 'quarterly',
      title: '=cmd|"/C calc"!A0',
      groups: {
        attribute: 'department',
        label: 'Department',
        values: [
          { id: 'sales', label: 'Sales', headcount: 50 },
          { id: 'legal', label: 'Legal', headcount: 30 },
        ],
      },
    },
  });
const waves = [waveOf('spring'), waveOf('autumn')];
/** All of its questions are answered by everybody. */
const whole = pulseStudy({ id: 'whole', epsilon: 18, asked: questions.slice(0, 3) });

/** A coordinator with forty answers of Sales in spring, of 45 others in autumn, and some of a study of its own. */
async function run({ answers = 5 } = {}) {
  const coordinator = await runCoordinator({ manifests: [...waves, whole] });
  const client = await coordinator.connect();
  for (const manifest of waves) {
    const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
    const names = Array.from({ length: manifest.id === 'spring' ? 40 : 45 }, (_, i) => ({
      name: `${manifest.id} ${i}`,
      group: 'sales',
    }));
    for (const token of await coordinator.invite(manifest.id, ...names)) {
      const report = reportText(study, { stay: manifest.id === 'spring' });
      expect((await client.emitWithAck('report', { protocol: PROTOCOL_VERSION, token, report })).ok).toBe(true);
    }
  }
  const study = { manifest: whole, hash: await manifestHash(whole), channels: surveyChannels(whole.survey!) };
  const names = Array.from({ length: answers }, (_, i) => ({ name: `whole ${i}`, group: 'sales' }));
  for (const [i, token] of (await coordinator.invite('whole', ...names)).entries()) {
    const report = reportText(study, { stay: i % 2 === 0, workload: i % 2 === 0 ? 5 : 1, recommend: 10 - (i % 3) });
    expect((await client.emitWithAck('report', { protocol: PROTOCOL_VERSION, token, report })).ok).toBe(true);
  }
  const json = async (path: string): Promise<unknown> => (await coordinator.get(`/api/v1/${path}`)).json();
  return { ...coordinator, json };
}

/** The lines of a table as objects. */
async function rowsOf(response: Response): Promise<Record<string, string>[]> {
  const [header, ...lines] = (await response.text()).trimEnd().split('\r\n').map(cellsOf);
  return lines.map((cells) => Object.fromEntries(header!.map((name, index) => [name, cells[index]!])));
}

function cellsOf(line: string): string[] {
  const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) => cell!);
  return cells.map((cell) => cell.replaceAll(/^"|"$/g, '').replaceAll('""', '"'));
}

describe('results over HTTP', () => {
  it('answer as they are described', async () => {
    const { json } = await run();
    for (const [path, schema] of [
      ['studies/spring/results', Results],
      ['studies/spring/export.json', StudyExportAnswer],
      ['studies/spring/drivers', Drivers],
      ['studies/whole/drivers', Drivers],
      ['studies/whole/drivers/export.json', DriversExportAnswer],
      ['series', SeriesSummaries],
      ['series/quarterly', Series],
      ['series/quarterly/export.json', SeriesExportAnswer],
    ] as const) {
      const body = await json(path);
      // Nothing more and nothing less than the description says.
      expect(v.parse(schema, body), path).toEqual(body);
    }
  });

  it('[E9] are the same in every export, each with the study, its privacy and the time', async () => {
    const { get, json } = await run();
    const { voices: _, ...results } = v.parse(Results, await json('studies/spring/results'));
    const first = v.parse(StudyExportAnswer, await json('studies/spring/export.json'));
    expect(first.results).toEqual(results);
    expect(v.parse(StudyExportAnswer, await json('studies/spring/export.json')).results).toEqual(results);
    expect(first.stamp).toMatchObject({
      study: 'spring',
      manifest: await manifestHash(waves[0]!),
      privacyUnit: 'employee',
      neighboringRelation: 'replace-one',
      epsilon: 6,
      delta: 0,
      minimumGroupSize: 5,
      confidence: 0.95,
    });
    expect(new Date(first.stamp.exportedAt).toISOString()).toBe(first.stamp.exportedAt);

    const response = await get('/api/v1/studies/spring/export.csv');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="spring.csv"');
    const rows = await rowsOf(response);
    expect(rows.map(({ group_label: group, state }) => [group, state])).toEqual([
      ['All', 'published'],
      ['Sales', 'published'],
      ['Legal', 'too-few'],
    ]);
    const [cell] = first.results.questions[0]!.cells;
    if (cell?.state !== 'published') throw new Error('the total must be published');
    expect(rows[0]).toMatchObject({
      study: 'spring',
      manifest: first.stamp.manifest,
      title: `'${first.stamp.title}`,
      epsilon: '6',
      delta: '0',
      privacy_unit: 'employee',
      neighboring_relation: 'replace-one',
      minimum_group_size: '5',
      confidence: '0.95',
      respondents: '40',
      estimate: 'yes',
      value: String(cell.estimates[0]!.value),
    });
  });

  it('[E6] [E9] have beside every number of a table how many of its group took part', async () => {
    const { get, json } = await run();
    const columns = ['participants', 'headcount', 'participation_lower', 'participation_upper'];
    // In blocks of five, up to four of each group may have come beyond the whole ones.
    const spring = [
      [40, 80, 0.5, 0.6],
      [40, 50, 0.8, 0.88],
      [0, 30, 0, 4 / 30],
    ];
    const ofStudy = await rowsOf(await get('/api/v1/studies/spring/export.csv'));
    expect(ofStudy.map((row) => columns.map((name) => Number(row[name])))).toEqual(spring);

    const ofSeries = await rowsOf(await get('/api/v1/series/quarterly/export.csv'));
    // Those who wait for more of their group took part as well.
    const autumn = [
      [45, 80, 45 / 80, 53 / 80],
      [45, 50, 0.9, 0.98],
      [0, 30, 0, 4 / 30],
    ];
    for (const [wave, expected] of Object.entries({ spring, autumn })) {
      const rowsOfWave = ofSeries.filter(({ study }) => study === wave);
      expect(rowsOfWave.map((row) => columns.map((name) => Number(row[name])))).toEqual(expected);
    }
    const { results } = v.parse(SeriesExportAnswer, await json('series/quarterly/export.json'));
    expect(results.waves.map(({ participation }) => participation[0]!.participants)).toEqual([40, 45]);
  });

  it('[E8] export a series with its changes', async () => {
    const { get, json } = await run();
    const rows = await rowsOf(await get('/api/v1/series/quarterly/export.csv'));
    const { stamps, results } = v.parse(SeriesExportAnswer, await json('series/quarterly/export.json'));
    expect(stamps.map(({ study }) => study)).toEqual(['spring', 'autumn']);
    const autumn = rows.find(({ study, group }) => study === 'autumn' && group === 'sales')!;
    const { change } = results.questions[0]!.groups[1]!.waves[1]!;
    expect(autumn).toMatchObject({
      series: 'quarterly',
      changed_since: 'spring',
      change: String(change!.estimates[0]!.change),
      adjusted_p_value: String(change!.estimates[0]!.adjustedPValue),
      significant: 'true',
    });
  });

  it('[E9] [E10] export how answers move together, with any question as the outcome', async () => {
    const { get, json } = await run({ answers: 110 });
    const { stamp, drivers } = v.parse(DriversExportAnswer, await json('studies/whole/drivers/export.json'));
    expect(await json('studies/whole/drivers')).toEqual(drivers);
    expect(stamp).toMatchObject({ study: 'whole', manifest: await manifestHash(whole), epsilon: 18, delta: 0 });
    if (drivers.state !== 'available') throw new Error('there must be drivers');
    const [alike] = drivers.pairs;
    // Everybody says the same to both, through channels that hardly ever lie.
    expect(alike).toMatchObject({ questions: ['stay', 'workload'], state: 'published', significant: true });

    const response = await get('/api/v1/studies/whole/drivers/export.csv');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="whole-drivers.csv"');
    const rows = await rowsOf(response);
    expect(rows.map(({ outcome, question }) => `${outcome} ${question}`)).toEqual([
      'stay workload',
      'workload stay',
      'stay recommend',
      'recommend stay',
      'workload recommend',
      'recommend workload',
    ]);
    for (const row of rows.slice(0, 2)) {
      expect(row).toMatchObject({
        study: 'whole',
        epsilon: '18',
        delta: '0',
        state: 'published',
        respondents: '110',
        correlation: String(alike!.state === 'published' && alike!.correlation),
        significant: 'true',
      });
    }
    const refused = await rowsOf(await get('/api/v1/studies/spring/drivers/export.csv'));
    expect(refused).toMatchObject([{ study: 'spring', epsilon: '6', state: 'too-few-questions', correlation: '' }]);
  });

  it('[P4] answer what they do not have with problem details', async () => {
    const { json } = await run();
    for (const path of [
      'studies/winter/export.csv',
      'studies/winter/drivers',
      'studies/winter/drivers/export.csv',
      'series/yearly',
      'series/yearly/export.csv',
      'series/__proto__',
    ]) {
      expect(await json(path), path).toMatchObject({ status: 404, code: 'STUDY_UNKNOWN' });
    }
  });
});
