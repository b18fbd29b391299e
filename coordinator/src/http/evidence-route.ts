import type { Admission } from '../operations/admission.ts';
import type { Evidence } from '../oversight/evidence.ts';
import { actorOf, type Permit } from './access.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { evidence: Evidence; admission: Admission; permit: Permit };

/** Evidence packs. Taking one is logged, so it is no reading: POST. */
export function evidenceRoute(app: ChoraleApp, { evidence, admission, permit }: Options): void {
  app.post(
    '/studies/:id/evidence',
    {
      schema: {
        summary: 'An evidence pack of a study, one HTML file; that it was taken is logged',
        bearer: 'person',
        params: StudyParams,
        produces: 'text/html',
        problems: [401, 403, 404],
      },
      onRequest: [permit('oversee', 'an evidence pack'), async () => admission.require()],
    },
    async (request, reply) => {
      const { id } = request.params;
      const pack = await evidence.of(id, actorOf(request));
      return reply
        .type('text/html; charset=utf-8')
        .header('content-disposition', `attachment; filename="evidence-${id}.html"`)
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; sandbox")
        .header('cache-control', 'no-store')
        .serializer(String)
        .send(pack);
    },
  );
}
