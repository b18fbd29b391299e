import * as v from 'valibot';
import type { Store } from '../storage/store.ts';
import type { Permit } from './access.ts';
import { Entries, Head } from './oversight-schemas.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { store: Pick<Store, 'readLog' | 'logHead'>; permit: Permit };

const LIMIT = 1000;
const WholeNumber = v.pipe(v.string(), v.regex(/^\d{1,9}$/, 'must be a whole number'), v.transform(Number));
const Page = v.object({
  after: v.optional(WholeNumber, '0'),
  limit: v.optional(v.pipe(WholeNumber, v.minValue(1), v.maxValue(LIMIT)), String(LIMIT)),
});

/** The log of what was decided here. Its head is public, so that anybody can note it and compare later. [O6] */
export function logRoutes(app: ChoraleApp, { store, permit }: Options): void {
  app.get(
    '/log',
    {
      schema: {
        summary: `Entries of the log after a number, in order, at most ${LIMIT}`,
        bearer: 'person',
        querystring: Page,
        response: { 200: Entries },
        problems: [401, 403],
      },
      onRequest: permit('oversee', 'reading the log'),
    },
    (request) => store.readLog(request.query),
  );

  app.get(
    '/log/head',
    { schema: { summary: 'Number and hash of the last entry of the log', response: { 200: Head } } },
    () => store.logHead(),
  );
}
