import * as v from 'valibot';
import type { Permit, Whose } from './access.ts';
import type { AllowedOrigins } from './allowed-origins.ts';
import { backupRoute } from './backup-route.ts';
import { benchmarkRoutes } from './benchmark-routes.ts';
import { BodyBuffers } from './body-buffers.ts';
import { BulkGate } from './bulk-gate.ts';
import { draftRoutes } from './draft-routes.ts';
import { endingRoutes } from './ending-routes.ts';
import { evidenceRoute } from './evidence-route.ts';
import { exportRoutes } from './export-routes.ts';
import type { HttpOptions } from './http-app.ts';
import { logRoutes } from './log-routes.ts';
import { modelRoutes } from './model-routes.ts';
import type { OpenApi } from './openapi.ts';
import { personRoutes } from './person-routes.ts';
import { reportRoutes } from './report-routes.ts';
import { resultRoutes } from './result-routes.ts';
import type { ChoraleApp } from './route-schema.ts';
import { studyRoutes } from './study-routes.ts';
import { updateRoute } from './update-route.ts';

type Options = HttpOptions & { permit: Permit; whose: Whose; openApi: OpenApi };

/** Large bodies that are read at a time, and that may wait for their turn. */
const BULK = { atOnce: 8, waiting: 1000 };

/** The interface for pages, tools and other programs, below its version. */
export function apiRoutes(app: ChoraleApp, options: Options): void {
  serveOtherOrigins(app, options.origins);
  studyRoutes(app, options);
  reportRoutes(app, options);
  resultRoutes(app, options);
  exportRoutes(app, options);
  benchmarkRoutes(app, options);
  draftRoutes(app, options);
  endingRoutes(app, options);
  evidenceRoute(app, options);
  logRoutes(app, options);
  personRoutes(app, options);
  modelRoutes(app, options);
  backupRoute(app, options);
  updateRoute(app, { ...options, gate: new BulkGate(BULK), buffers: new BodyBuffers() });
  app.get('/openapi.json', { schema: { summary: 'This description', response: { 200: v.looseObject({}) } } }, () =>
    options.openApi.document(),
  );
}

/** Pages of other origins embed surveys; there is nothing here that cookies would open. */
function serveOtherOrigins(app: ChoraleApp, origins: AllowedOrigins): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(origins.headers(request.headers));
    reply.header('access-control-expose-headers', 'etag, retry-after');
    reply.header('cache-control', 'no-cache');
  });
  app.options('/*', { schema: { hide: true } }, (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'GET, POST, PUT, DELETE')
      .header('access-control-allow-headers', 'authorization, content-type, if-none-match')
      .header('access-control-max-age', '86400')
      .send(),
  );
}
