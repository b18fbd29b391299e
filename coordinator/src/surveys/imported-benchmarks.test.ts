import { checkLog, type LogEntry, type SeriesResults, type SurveyResults } from '@chorale/protocol';
import { expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from '../http/server-file.ts';

const ofManifest = { question: 'stay', value: 0.7, source: 'Manifest', year: 2024 };
const rows = [
  { question: 'stay', value: 0.8, source: 'Industry survey', year: 2025 },
  { question: 'improve', estimate: 'pay', value: 0.4, source: 'Industry survey', year: 2025 },
];

async function comparing() {
  const survey = { ...pulseStudy().survey!, benchmarks: [ofManifest] };
  const first = await runCoordinator({ manifests: [pulseStudy({ more: { survey } })], demo: null });
  const of = ({ get, dataFolder }: typeof first) => {
    const authorization = `Bearer ${readServerFile(dataFolder)!.operatorToken}`;
    const ask = async (method: string, path: string, body?: unknown) => {
      const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
      const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      const response = await get(`/api/v1/${path}`, init);
      return { status: response.status, body: await response.json() };
    };
    const shown = async (): Promise<unknown[]> => {
      const results = (await (await get('/api/v1/studies/pulse/results')).json()) as SurveyResults;
      return results.questions.flatMap(({ question, benchmarks }) =>
        benchmarks.map(({ source, value }) => [question, source, value]),
      );
    };
    const log = async (): Promise<LogEntry[]> => (await ask('GET', 'log')).body;
    return { ask, shown, log };
  };
  return { first, of };
}

it('[O9] benchmarks are imported, shown beside those of the manifest, kept over a restart, removed, and logged', async () => {
  const { first, of } = await comparing();
  const { ask } = of(first);
  expect(await ask('PUT', 'studies/pulse/benchmarks', rows)).toEqual({ status: 200, body: { count: 2 } });
  const both = [
    ['stay', 'Manifest', 0.7],
    ['stay', 'Industry survey', 0.8],
    ['improve', 'Industry survey', 0.4],
  ];
  expect(await of(first).shown()).toEqual(both);
  await first.close();

  const again = of(await runCoordinator({ dataFolder: first.dataFolder, demo: null }));
  expect(await again.shown()).toEqual(both);
  expect((await again.ask('PUT', 'studies/pulse/benchmarks', rows.slice(0, 1))).body).toEqual({ count: 1 });
  expect(await again.shown()).toEqual(both.slice(0, 2));
  expect((await again.ask('DELETE', 'studies/pulse/benchmarks')).body).toEqual({ count: 0 });
  // Nothing is there any more, so nothing is recorded.
  await again.ask('DELETE', 'studies/pulse/benchmarks');
  expect(await again.shown()).toEqual(both.slice(0, 1));
  const log = await again.log();
  expect(
    log.flatMap(({ action, details }) => (action.startsWith('benchmarks') ? [[action, details['count']]] : [])),
  ).toEqual([
    ['benchmarks-imported', 2],
    ['benchmarks-imported', 1],
    ['benchmarks-removed', 1],
  ]);
  expect(await checkLog(log)).toMatchObject({ finding: null });
});

it.each([
  ['no row', [], /at least|Invalid length/],
  ['a share above one', [rows[0], { ...rows[0], value: 1.2 }], /^row 2: each needs/],
  ['a question that is not asked', [{ ...rows[0], question: 'other' }], /^row 1: each needs/],
  ['an option where there are several', [{ ...rows[1], estimate: undefined }], /^row 1: each needs/],
  ['a text for a value', [rows[0], rows[1], { ...rows[0], value: 'high' }], /^row 3, value: /],
  ['no source', [{ ...rows[0], source: undefined }], /^row 1, source: /],
  ['a column that it does not know', [{ ...rows[0], note: 'x' }], /^row 1, note: /],
])('[O9] refuses %s with its row, and keeps what was there', async (_, wrong, message) => {
  const { first, of } = await comparing();
  const { ask, shown } = of(first);
  await ask('PUT', 'studies/pulse/benchmarks', rows);
  const before = await shown();
  const refused = await ask('PUT', 'studies/pulse/benchmarks', wrong);
  expect(refused).toMatchObject({ status: 422, body: { code: 'BENCHMARKS_INVALID' } });
  expect(refused.body.detail).toMatch(message);
  expect(await shown()).toEqual(before);
});

it('[O1] [O9] takes benchmarks of a study that there is, from somebody known', async () => {
  const { first, of } = await comparing();
  expect((await of(first).ask('PUT', 'studies/winter/benchmarks', rows)).status).toBe(404);
  const headers = { 'content-type': 'application/json' };
  const stranger = await first.get('/api/v1/studies/pulse/benchmarks', { method: 'PUT', headers, body: '[]' });
  expect(stranger.status).toBe(401);
});

it('[O9] a series shows those of all its waves beside a question, the latest of each source and year', async () => {
  const asked = pulseStudy().survey!.questions.slice(0, 2);
  const wave = (id: string, value: number) => {
    const benchmarks = [{ ...ofManifest, value }];
    return pulseStudy({ id, more: { series: 'pulses', survey: { epsilon: 20, questions: asked, benchmarks } } });
  };
  const coordinator = await runCoordinator({ manifests: [wave('spring', 0.6), wave('autumn', 0.65)], demo: null });
  const authorization = `Bearer ${readServerFile(coordinator.dataFolder)!.operatorToken}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const body = JSON.stringify([{ question: 'stay', value: 0.8, source: 'Industry survey', year: 2025 }]);
  await coordinator.get('/api/v1/studies/spring/benchmarks', { method: 'PUT', headers, body });
  const { questions } = (await (await coordinator.get('/api/v1/series/pulses')).json()) as SeriesResults;
  expect(questions.map(({ benchmarks }) => benchmarks)).toEqual([
    [
      { estimate: 'yes', value: 0.65, source: 'Manifest', year: 2024 },
      { estimate: 'yes', value: 0.8, source: 'Industry survey', year: 2025 },
    ],
    [],
  ]);
});
