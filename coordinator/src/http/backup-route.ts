import { ChoraleError } from '@chorale/protocol';
import type { FailureLog } from '../operations/failure-log.ts';
import type { Store } from '../storage/store.ts';
import { backupStream } from '../storage/write-backup.ts';
import type { IsOperator } from './operator-token.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { store: Store; isOperator: IsOperator; failures: FailureLog };

const GZIP = 'application/gzip';

/** The whole store as one file. It holds the signing secrets: whoever has it can act as this coordinator. */
export function backupRoute(app: ChoraleApp, { store, isOperator, failures }: Options): void {
  app.get(
    '/backup',
    {
      schema: {
        summary: 'A backup of everything that is stored, secrets included, as of now',
        bearer: 'operator',
        produces: GZIP,
        problems: [401],
      },
      onRequest: async (request) => {
        if (!isOperator(request)) throw new ChoraleError('TOKEN_INVALID', 'a backup needs the operator token');
      },
    },
    (_request, reply) => {
      const backup = backupStream(store, { now: Date.now });
      // The connection is cut then, and what was sent lacks the last line that makes it a backup.
      backup.on('error', (error) => failures.note(error));
      return reply.type(GZIP).header('cache-control', 'no-store').send(backup);
    },
  );
}
