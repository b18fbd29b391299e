import type { ReportService } from '../surveys/report-service.ts';
import { seriesCsv, seriesExport, studyCsv, studyExport } from '../surveys/result-export.ts';
import type { ResultsService } from '../surveys/results-service.ts';
import { SeriesService } from '../surveys/series-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { Results, Series, SeriesExportAnswer, SeriesSummaries, StudyExportAnswer } from './result-schemas.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

/** Results of studies and series, and the same as files. Reading needs no permission: all of it is published. */
export function resultRoutes(
  app: ChoraleApp,
  { studies, reports, results }: { studies: StudyRegistry; reports: ReportService; results: ResultsService },
): void {
  const series = new SeriesService({ studies, reports, results });
  const exportStudy = async (id: string) => {
    const { study, results: published } = await results.withStudy(id);
    return studyExport(study, published, new Date());
  };
  const exportSeries = async (id: string) => {
    const { waves, results: published } = await series.withWaves(id);
    return seriesExport(waves, published, new Date());
  };

  app.get(
    '/studies/:id/results',
    {
      schema: {
        summary: 'Published estimates with their intervals, and the live count of voices',
        params: StudyParams,
        response: { 200: Results },
        problems: [404],
      },
    },
    (request) => results.of(request.params.id),
  );

  app.get(
    '/studies/:id/export.json',
    {
      schema: {
        summary: 'The results as a file that says whose they are, at what privacy and when it was made',
        params: StudyParams,
        response: { 200: StudyExportAnswer },
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      reply.header('content-disposition', fileNamed(`${id}.json`));
      return exportStudy(id);
    },
  );

  app.get(
    '/studies/:id/export.csv',
    {
      schema: {
        summary: 'The same as a table, one row an estimate (RFC 4180)',
        params: StudyParams,
        produces: 'text/csv',
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const text = studyCsv(await exportStudy(id));
      return reply
        .header('content-disposition', fileNamed(`${id}.csv`))
        .type(CSV)
        .send(text);
    },
  );

  app.get('/series', { schema: { summary: 'All series with their waves', response: { 200: SeriesSummaries } } }, () =>
    series.list(),
  );

  app.get(
    '/series/:id',
    {
      schema: {
        summary: 'Estimates of all waves of a series, and how they changed',
        params: StudyParams,
        response: { 200: Series },
        problems: [404],
      },
    },
    (request) => series.of(request.params.id),
  );

  app.get(
    '/series/:id/export.json',
    {
      schema: {
        summary: 'The series as a file that says of each wave at what privacy it was, and when the file was made',
        params: StudyParams,
        response: { 200: SeriesExportAnswer },
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      reply.header('content-disposition', fileNamed(`${id}.json`));
      return exportSeries(id);
    },
  );

  app.get(
    '/series/:id/export.csv',
    {
      schema: {
        summary: 'The same as a table, one row an estimate of a wave (RFC 4180)',
        params: StudyParams,
        produces: 'text/csv',
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const text = seriesCsv(await exportSeries(id));
      return reply
        .header('content-disposition', fileNamed(`${id}.csv`))
        .type(CSV)
        .send(text);
    },
  );
}

const CSV = 'text/csv; charset=utf-8; header=present';

/** Tells browsers to save an answer under a name that needs no quoting. */
function fileNamed(name: string): string {
  return `attachment; filename="${name}"`;
}
