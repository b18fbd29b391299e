import { fastify, type FastifyReply } from 'fastify';
import type { Admission } from '../operations/admission.ts';
import type { Backlog } from '../operations/backlog.ts';
import { clientAddress } from '../operations/client-address.ts';
import type { FailureLog } from '../operations/failure-log.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { RateLimits } from '../operations/rate-limits.ts';
import type { Readiness } from '../operations/readiness.ts';
import type { Drafts } from '../oversight/drafts.ts';
import type { Endings } from '../oversight/endings.ts';
import type { Evidence } from '../oversight/evidence.ts';
import type { Exports } from '../oversight/exports.ts';
import type { People } from '../oversight/people.ts';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { ImportedBenchmarks } from '../surveys/imported-benchmarks.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { ReportService } from '../surveys/report-service.ts';
import type { ResultsService } from '../surveys/results-service.ts';
import type { DriversService } from '../surveys/drivers-service.ts';
import type { SeriesService } from '../surveys/series-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { Access } from './access.ts';
import type { AllowedOrigins } from './allowed-origins.ts';
import { apiRoutes } from './api-routes.ts';
import { demoRoutes } from './demo-routes.ts';
import { OpenApi } from './openapi.ts';
import { operationRoutes } from './operation-routes.ts';
import { countTraffic } from './count-traffic.ts';
import { notFound, refuseBroken, sendProblem, toProblem } from './problem.ts';
import { sdkRoutes } from './sdk-routes.ts';
import { limitUnread } from './unread-answers.ts';
import { type ChoraleApp, validateRequest, type ValibotTypes, writeAnswer } from './route-schema.ts';

/** What HTTP needs of the coordinator. */
export type HttpOptions = {
  store: Store;
  studies: StudyRegistry;
  reports: ReportService;
  training: TrainingService;
  invitations: Invitations;
  admission: Admission;
  backlog: Backlog;
  readiness: Readiness;
  metrics: Metrics;
  failures: FailureLog;
  limits: RateLimits;
  origins: AllowedOrigins;
  /** Who holds it may publish studies, read metrics, take a backup, and add persons. */
  operatorToken: string;
  people: People;
  drafts: Drafts;
  endings: Endings;
  evidence: Evidence;
  results: ResultsService;
  benchmarks: ImportedBenchmarks;
  drivers: DriversService;
  series: SeriesService;
  exports: Exports;
  metricsPublic: boolean;
  /** Proxies that every request passes. */
  proxies: number;
  /** Longest time to send a whole request; slower clients hold a connection for nothing. */
  requestTimeoutMs: number;
  /** Serves the demo's pages and its open issuer of invitations; `null` outside demonstrations. */
  demo: { folder: string; nameSecret: Uint8Array } | null;
  /** Serves the SDK that is built there. */
  sdkFolder: string | null;
};

/** Where socket.io answers. */
const SOCKET_PATH = '/socket.io/';

/** Longest time to send the head of a request. */
const HEAD_TIMEOUT_MS = 10_000;
/** A connection on which nothing moves for so long is closed; sockets have heartbeats of their own. */
const IDLE_TIMEOUT_MS = 60_000;

/** Texts that were asked for and are not read yet, and how long a large answer may take to be read. */
const UNREAD = { bytes: 64 * 1024 * 1024, patienceMs: 120_000 };

/** The HTTP side of the coordinator; its `server` is not listening yet. */
export async function createHttpApp(options: HttpOptions): Promise<ChoraleApp> {
  const { requestTimeoutMs, metrics } = options;
  const app = fastify({
    // Request logs would hold addresses, and tokens if one ever came in a URL.
    logger: false,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: IDLE_TIMEOUT_MS,
    http: {
      headersTimeout: Math.min(HEAD_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(2000, requestTimeoutMs),
      // Other requests are answered as if they had not asked: nobody would hear the errors of their sockets,
      // and one would end the process.
      shouldUpgradeCallback: ({ url, headers }) =>
        url!.startsWith(SOCKET_PATH) && /^websocket$/i.test(headers.upgrade!),
    },
    forceCloseConnections: 'idle',
    clientErrorHandler: (error, socket) => refuseBroken(socket, error, metrics),
    // Such as a path that cannot be decoded.
    frameworkErrors: (error, _request, reply) => void refuse(reply as FastifyReply, error, options),
  }).withTypeProvider<ValibotTypes>();
  app.setValidatorCompiler(validateRequest);
  app.setSerializerCompiler(writeAnswer);
  app.setErrorHandler((error, _request, reply) => refuse(reply, error, options));
  app.setNotFoundHandler((_request, reply) => {
    metrics.refused('NOT_FOUND', 'http');
    return sendProblem(reply, notFound());
  });
  app.decorateRequest('actor', null);
  const openApi = new OpenApi();
  app.addHook('onRoute', (route) => openApi.add(route));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    await options.limits.take({ address: clientAddress(request.raw, options.proxies) });
  });
  countTraffic(app, metrics.traffic.http);
  limitUnread(app, UNREAD);

  const { permit, whose } = new Access(options);
  await app.register(async (scope: ChoraleApp) => operationRoutes(scope, { ...options, permit }));
  await app.register(async (scope: ChoraleApp) => apiRoutes(scope, { ...options, permit, whose, openApi }), {
    prefix: '/api/v1',
  });
  const { demo, sdkFolder, studies, invitations } = options;
  if (demo !== null) {
    await app.register(async (scope: ChoraleApp) => demoRoutes(scope, { ...demo, studies, invitations }));
  }
  if (sdkFolder !== null) await app.register(async (scope: ChoraleApp) => sdkRoutes(scope, sdkFolder));
  await app.ready();
  return app;
}

function refuse(
  reply: FastifyReply,
  error: unknown,
  { failures, metrics }: Pick<HttpOptions, 'failures' | 'metrics'>,
): FastifyReply {
  const problem = toProblem(error);
  metrics.refused(problem.code, 'http');
  if (problem.status >= 500) failures.note(error);
  return sendProblem(reply, problem);
}
