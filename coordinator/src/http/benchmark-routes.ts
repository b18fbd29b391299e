import * as v from 'valibot';
import type { Admission } from '../operations/admission.ts';
import type { ImportedBenchmarks } from '../surveys/imported-benchmarks.ts';
import { actorOf, type Permit } from './access.ts';
import { STUDY_BYTES } from './manifest-body.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { benchmarks: ImportedBenchmarks; admission: Admission; permit: Permit };

const Outcome = v.object({ count: v.pipe(v.number(), v.integer(), v.minValue(0)) });

/** What a published study is compared with, beside what its manifest says. [O9] */
export function benchmarkRoutes(app: ChoraleApp, { benchmarks, admission, permit }: Options): void {
  const open = async (): Promise<void> => admission.require();

  app.put(
    '/studies/:id/benchmarks',
    {
      bodyLimit: STUDY_BYTES,
      schema: {
        summary: 'Import benchmarks, in the place of those that were imported before; that it was done is logged',
        bearer: 'person',
        params: StudyParams,
        // Rows are checked one by one, so that a refusal names the row.
        body: v.array(v.unknown()),
        response: { 200: Outcome },
        problems: [401, 403, 404, 413, 415, 422],
      },
      onRequest: [permit('compare', 'importing benchmarks'), open],
    },
    (request) => benchmarks.import(request.params.id, request.body, actorOf(request)),
  );

  app.delete(
    '/studies/:id/benchmarks',
    {
      schema: {
        summary: 'Remove the benchmarks that were imported; those of the manifest stay',
        bearer: 'person',
        params: StudyParams,
        response: { 200: Outcome },
        problems: [401, 403, 404],
      },
      onRequest: [permit('compare', 'removing benchmarks'), open],
    },
    (request) => benchmarks.remove(request.params.id, actorOf(request)),
  );
}
