import type { FailureLog } from '../operations/failure-log.ts';
import type { Store } from '../storage/store.ts';
import { backupStream } from '../storage/write-backup.ts';
import type { Permit } from './access.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { store: Store; permit: Permit; failures: FailureLog };

const GZIP = 'application/gzip';

/** The whole store as one file. It holds the signing secrets: whoever has it can act as this coordinator. */
export function backupRoute(app: ChoraleApp, { store, permit, failures }: Options): void {
  app.get(
    '/backup',
    {
      schema: {
        summary: 'A backup of everything that is stored, secrets included, as of now',
        bearer: 'operator',
        produces: GZIP,
        problems: [401, 403],
      },
      onRequest: permit('operate', 'a backup'),
    },
    (_request, reply) => {
      const backup = backupStream(store, { now: Date.now });
      // The connection is cut then, and what was sent lacks the last line that makes it a backup.
      backup.on('error', (error) => failures.note(error));
      return reply.type(GZIP).header('cache-control', 'no-store').send(backup);
    },
  );
}
