import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { ReportService } from '../surveys/report-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { demoRoutes } from './demo-routes.ts';
import { notFound, type Problem, PROBLEM_TYPE, toProblem } from './problem.ts';
import { studyRoutes } from './study-routes.ts';

/** What HTTP needs of the coordinator. */
export type HttpOptions = {
  store: Store;
  studies: StudyRegistry;
  reports: ReportService;
  training: TrainingService;
  invitations: Invitations;
  /** Who holds it may publish studies. */
  operatorToken: string;
  /** Serves the demo's pages and its open issuer of invitations; `null` outside demonstrations. */
  demo: { folder: string; nameSecret: Uint8Array } | null;
  log: Logger;
};

/** Longest time to send a whole request; slower clients hold a connection for nothing. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP side of the coordinator; its `server` is not listening yet. */
export async function createHttpApp(options: HttpOptions): Promise<FastifyInstance> {
  const app = fastify({
    // Request logs would hold addresses, and tokens if one ever came in a URL.
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // Such as a path that cannot be decoded.
    frameworkErrors: (error, _request, reply) => void send(reply as FastifyReply, toProblem(error)),
  });
  app.setErrorHandler((error, _request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500) options.log.error({ err: error }, 'a request failed');
    return send(reply, problem);
  });
  app.setNotFoundHandler((_request, reply) => send(reply, notFound()));
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  // Ready is who can reach the store.
  app.get('/readyz', async () => {
    await options.store.listStudies();
    return { status: 'ready' };
  });
  await app.register(studyRoutes, { ...options, prefix: '/api/v1' });
  const { demo, studies, invitations } = options;
  if (demo !== null) await app.register(demoRoutes, { ...demo, studies, invitations });
  await app.ready();
  return app;
}

function send(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problem);
}
