import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as v from 'valibot';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { demoFolder, runCoordinator } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { Admission } from '../operations/admission.ts';
import { Backlog } from '../operations/backlog.ts';
import { FailureLog } from '../operations/failure-log.ts';
import { Metrics } from '../operations/metrics.ts';
import { nodeDefaults } from '../operations/node-settings.ts';
import { RateLimits } from '../operations/rate-limits.ts';
import { Readiness } from '../operations/readiness.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { Drafts } from '../oversight/drafts.ts';
import { Endings } from '../oversight/endings.ts';
import { Evidence } from '../oversight/evidence.ts';
import { Exports } from '../oversight/exports.ts';
import { People } from '../oversight/people.ts';
import { ReleaseLog } from '../oversight/release-log.ts';
import { TrainingService } from '../rounds/training-service.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { DriversService } from '../surveys/drivers-service.ts';
import { ImportedBenchmarks } from '../surveys/imported-benchmarks.ts';
import { Invitations } from '../surveys/invitations.ts';
import { ReportService } from '../surveys/report-service.ts';
import { ResultsService } from '../surveys/results-service.ts';
import { SeriesService } from '../surveys/series-service.ts';
import { StudyRegistry } from '../surveys/study-registry.ts';
import { AllowedOrigins } from './allowed-origins.ts';
import { Rounds, Status, StudySummaries } from './answer-schemas.ts';
import { createHttpApp } from './http-app.ts';
import { OpenApi } from './openapi.ts';
import { Problem } from './problem.ts';
import { Results } from './result-schemas.ts';
import type { ChoraleApp } from './route-schema.ts';

type Operation = {
  summary: string;
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
  security?: Record<string, string[]>[];
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>>; components: object };

async function read({ get }: { get: (path: string) => Promise<Response> }): Promise<Document> {
  return (await (await get('/api/v1/openapi.json')).json()) as Document;
}

/** The HTTP side alone, with the demo, as `startCoordinator` makes it. */
async function createApp(): Promise<ChoraleApp> {
  const store = await SqliteStore.open(temporaryFolder());
  const now = Date.now;
  const log = pino({ level: 'silent' });
  const studies = new StudyRegistry({ store, now });
  const invitations = new Invitations(new Uint8Array(32));
  const admission = new Admission();
  const reports = new ReportService({ store, studies, invitations, now });
  const benchmarks = new ImportedBenchmarks({ store, studies, now });
  const results = new ResultsService({ studies, reports, releases: new ReleaseLog({ store, now }), benchmarks });
  const series = new SeriesService({ studies, reports, results });
  const drivers = new DriversService({ results });
  const training = new TrainingService({ store, now, log });
  const app = await createHttpApp({
    ...nodeDefaults,
    store,
    studies,
    invitations,
    reports,
    results,
    benchmarks,
    drivers,
    series,
    exports: new Exports({ store, results, drivers, series, now }),
    people: new People({ store, now }),
    drafts: new Drafts({ store, studies, now }),
    evidence: new Evidence({ store, studies, training, retentionDays: null, now }),
    endings: new Endings({ store, studies, reports, results, training, now }),
    training,
    admission,
    backlog: new Backlog(),
    readiness: new Readiness({ store, admission }),
    metrics: new Metrics(),
    failures: new FailureLog({ log }),
    limits: new RateLimits(nodeDefaults.rateLimits),
    origins: new AllowedOrigins(null),
    operatorToken: 'operator',
    demo: { folder: demoFolder(), nameSecret: new Uint8Array(32) },
    sdkFolder: null,
  });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  return app;
}

/** Method and path of all routes, read from the router's own drawing of them. */
function routesOf(app: ChoraleApp): string[] {
  const parents: string[] = [];
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent, part, methods] = /^([│ ]*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line) ?? [];
      if (indent === undefined || part === undefined) return [];
      const depth = indent.length / 4;
      const path = (parents[depth - 1] ?? '') + part;
      parents.splice(depth, Infinity, path);
      return (methods?.split(', ') ?? []).filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`);
    });
}

/** Pages and their files. */
const HIDDEN = new Set([
  'GET /',
  'GET /survey',
  'GET /studio',
  'GET /officer',
  'GET /site',
  'GET /results',
  // All below it, as the router prints that.
  'GET /results*',
  'GET /model',
  'GET /*',
  'OPTIONS /api/v1/*',
]);

describe('/api/v1/openapi.json', () => {
  it('has every route that is registered, and none that is not', async () => {
    const app = await createApp();
    const { paths } = (await app.inject('/api/v1/openapi.json')).json<Document>();
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const registered = routesOf(app).filter((route) => !HIDDEN.has(route));
    expect(described.toSorted()).toEqual(registered.toSorted());
    expect(registered).toContain('POST /api/v1/studies/:id/rounds/:round/update');
    expect(registered).toContain('POST /api/v1/studies/:id/reports');
    expect(registered).toContain('POST /api/v1/studies/:id/withdrawals');
    expect(registered).toContain('GET /metrics');
  });

  it('says of each route what it takes, what it answers and how it refuses', async () => {
    const { openapi, paths, components } = await read(await runCoordinator());
    expect(openapi).toBe('3.1.0');
    expect(components).toMatchObject({
      schemas: { Problem: { type: 'object', required: ['type', 'title', 'status', 'detail', 'code'] } },
    });
    for (const [path, operations] of Object.entries(paths)) {
      for (const operation of Object.values(operations)) {
        expect(operation.summary.length, path).toBeGreaterThan(5);
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
        expect(operation.parameters.filter(({ in: place }) => place === 'path').map(({ name }) => name)).toEqual(
          inPath,
        );
        const statuses = Object.keys(operation.responses);
        expect(
          statuses.some((status) => status.startsWith('2')),
          path,
        ).toBe(true);
        expect(statuses, path).toEqual(expect.arrayContaining(['400', '429', '500', '503']));
        for (const [status, { content }] of Object.entries(operation.responses)) {
          if (Number(status) < 400) continue;
          expect(content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
        }
      }
    }
    const update = paths['/api/v1/studies/{id}/rounds/{round}/update']!['post']!;
    expect(update.security).toEqual([{ invitation: [] }]);
    expect(Object.keys(update.requestBody!.content)).toEqual(['application/octet-stream']);
    const publish = paths['/api/v1/studies']!['post']!;
    expect(publish.requestBody!.content['application/json']!.schema).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['id', 'groups', 'publishing']),
    });
  });

  it('describes the answers that are given', async () => {
    const coordinator = await runCoordinator({ manifests: [pulseStudy(), trainedManifest(siteTask())] });
    const answers: [string, v.GenericSchema][] = [
      ['/healthz', Status],
      ['/readyz', Status],
      ['/api/v1/studies', StudySummaries],
      ['/api/v1/studies/pulse/results', Results],
      ['/api/v1/studies/attrition/rounds', Rounds],
      ['/api/v1/studies/nowhere', Problem],
      ['/api/v1/studies/pulse/rounds', Problem],
    ];
    for (const [path, schema] of answers) {
      const body: unknown = await (await coordinator.get(path)).json();
      expect(v.safeParse(schema, body).issues, path).toBe(undefined);
    }
  });

  it('cannot be made for a route that says nothing of itself', () => {
    expect(() => new OpenApi().add({ method: 'GET', url: '/new', schema: {} })).toThrow(
      'route GET /new has no summary',
    );
    expect(() => new OpenApi().add({ method: 'GET', url: '/new', schema: { summary: 'New', params: {} } })).toThrow(
      TypeError,
    );
  });
});
