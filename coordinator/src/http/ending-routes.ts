import type { Admission } from '../operations/admission.ts';
import type { Endings } from '../oversight/endings.ts';
import { actorOf, type Permit } from './access.ts';
import { EndOutcome } from './oversight-schemas.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { endings: Endings; admission: Admission; permit: Permit };

/** The end of a study. Both may be asked for again: the second time changes nothing. [O4] */
export function endingRoutes(app: ChoraleApp, { endings, admission, permit }: Options): void {
  app.post(
    '/studies/:id/close',
    {
      schema: {
        summary: 'Close a study: no more reports or rounds; results stay',
        bearer: 'person',
        params: StudyParams,
        response: { 200: EndOutcome },
        problems: [401, 403, 404],
      },
      onRequest: [permit('close', 'closing a study'), async () => admission.require()],
    },
    async (request) => {
      const { id } = request.params;
      return { study: id, outcome: await endings.close(id, actorOf(request)) };
    },
  );

  app.post(
    '/studies/:id/purge',
    {
      schema: {
        summary: 'Delete the raw reports of a closed study; results stay the same numbers',
        bearer: 'person',
        params: StudyParams,
        response: { 200: EndOutcome },
        problems: [401, 403, 404, 409],
      },
      onRequest: [permit('purge', 'deleting the reports of a study'), async () => admission.require()],
    },
    async (request) => {
      const { id } = request.params;
      return { study: id, outcome: await endings.purge(id, actorOf(request)) };
    },
  );
}
