import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ExportRequest, type Exports, exportFormats } from '../oversight/exports.ts';
import type { Whose } from './access.ts';
import { DriversExportAnswer } from './drivers-schemas.ts';
import { SeriesExportAnswer, StudyExportAnswer } from './result-schemas.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { exports: Exports; whose: Whose };

const MEDIA_TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  json: 'application/json; charset=utf-8',
} as const;

const KINDS = [
  {
    kind: 'study',
    path: 'studies/:id/export',
    what: 'The results of a study',
    row: 'an estimate',
    schema: StudyExportAnswer,
  },
  {
    kind: 'drivers',
    path: 'studies/:id/drivers/export',
    what: 'How answers to each two questions of a study move together',
    row: 'a pair of questions',
    schema: DriversExportAnswer,
  },
  {
    kind: 'series',
    path: 'series/:id/export',
    what: 'Estimates of all waves of a series',
    row: 'an estimate',
    schema: SeriesExportAnswer,
  },
] as const;

/**
 * Results as files. Anybody may take one, and that it was taken is in the log: by whom, where a token is shown. HEAD is not
 * answered: nothing would have been taken. [O7]
 */
export function exportRoutes(app: ChoraleApp, { exports, whose }: Options): void {
  const take = async (request: FastifyRequest, reply: FastifyReply, asked: ExportRequest): Promise<FastifyReply> => {
    const text = await exports.take(asked, await whose(request));
    return (
      reply
        .type(MEDIA_TYPES[asked.format])
        .header('content-disposition', `attachment; filename="${nameOf(asked)}"`)
        // What a cache would answer is in no log.
        .header('cache-control', 'no-store')
        .serializer(String)
        .send(text)
    );
  };
  for (const { kind, path, what, row, schema } of KINDS) {
    for (const format of exportFormats) {
      const form = format === 'csv' ? `a table, one row ${row} (RFC 4180)` : 'an object';
      app.get(
        `/${path}.${format}`,
        {
          exposeHeadRoute: false,
          schema: {
            summary: `${what} as ${form}, with privacy and time beside every number; that it was taken is logged`,
            bearer: 'anybody',
            params: StudyParams,
            ...(format === 'csv' ? { produces: 'text/csv' } : { response: { 200: schema } }),
            problems: [401, 404],
          },
        },
        (request, reply) => take(request, reply, { kind, id: request.params.id, format }),
      );
    }
  }
}

function nameOf({ kind, id, format }: ExportRequest): string {
  return `${id}${kind === 'drivers' ? '-drivers' : ''}.${format}`;
}
