import type { DriversService } from '../surveys/drivers-service.ts';
import type { ResultsService } from '../surveys/results-service.ts';
import type { SeriesService } from '../surveys/series-service.ts';
import { Drivers } from './drivers-schemas.ts';
import { Results, Series, SeriesSummaries } from './result-schemas.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

/** Results of studies and series. Reading needs no permission: all of it is published. */
export function resultRoutes(
  app: ChoraleApp,
  { results, drivers, series }: { results: ResultsService; drivers: DriversService; series: SeriesService },
): void {
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
    '/studies/:id/drivers',
    {
      schema: {
        summary: 'How answers to each two questions move together, or why that is not told',
        params: StudyParams,
        response: { 200: Drivers },
        problems: [404],
      },
    },
    (request) => drivers.of(request.params.id),
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
}
