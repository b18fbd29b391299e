import type { Metrics } from '../operations/metrics.ts';
import type { Readiness } from '../operations/readiness.ts';
import type { Permit } from './access.ts';
import { Status } from './answer-schemas.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { metrics: Metrics; readiness: Readiness; permit: Permit; metricsPublic: boolean };

/** What whoever runs the node asks: is it alive, may it be sent work, how is it doing. */
export function operationRoutes(app: ChoraleApp, { metrics, readiness, permit, metricsPublic }: Options): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });

  app.get('/healthz', { schema: { summary: 'Alive: the process answers', response: { 200: Status } } }, () => ({
    status: 'ok',
  }));

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'Ready for new work: the store takes a durable write, and the node is not about to stop',
        response: { 200: Status },
      },
    },
    async () => {
      await readiness.check();
      return { status: 'ready' };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Prometheus metrics, for the operator alone unless the node makes them public',
        ...(metricsPublic ? {} : { bearer: 'operator' as const }),
        produces: 'text/plain',
        problems: metricsPublic ? [] : [401, 403],
      },
      onRequest: metricsPublic ? [] : permit('operate', 'reading metrics'),
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
