import { limits, ReportOutcome, ReportRequest, WithdrawalOutcome, WithdrawalRequest } from '@chorale/protocol';
import type { Admission } from '../operations/admission.ts';
import type { Backlog } from '../operations/backlog.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { ReportService } from '../surveys/report-service.ts';
import { bearerToken } from './bearer-token.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { reports: ReportService; admission: Admission; backlog: Backlog; metrics: Metrics };

/** Takes a device's one report by one request, so that a survey needs no socket, and gives it back. */
export function reportRoutes(app: ChoraleApp, { reports, admission, backlog, metrics }: Options): void {
  app.post(
    '/studies/:id/reports',
    {
      bodyLimit: limits.messageBytes,
      schema: {
        summary: 'Hand in the randomized answers of a device; the same text again is a duplicate',
        params: StudyParams,
        bearer: 'invitation',
        body: ReportRequest,
        response: { 200: ReportOutcome },
        problems: [401, 404, 409, 413, 415, 422],
      },
      onRequest: async () => admission.require(),
      onError: async () => metrics.reports.inc({ outcome: 'refused' }),
    },
    async (request) => {
      const { id: study } = request.params;
      const { report, withdrawal } = request.body;
      const accept = () => reports.accept({ token: bearerToken(request), report, withdrawal }, { study });
      // The answer leaves after the report is on the disk. [S10]
      const accepted = await backlog.run({ connection: request.raw.socket, bytes: report.length }, accept);
      metrics.reports.inc({ outcome: accepted.duplicate ? 'duplicate' : 'stored' });
      return accepted;
    },
  );

  app.post(
    '/studies/:id/withdrawals',
    {
      schema: {
        summary: 'Delete a report that no published number holds, by the secret of its receipt',
        params: StudyParams,
        bearer: 'invitation',
        body: WithdrawalRequest,
        response: { 200: WithdrawalOutcome },
        problems: [401, 403, 404, 413, 415],
      },
      onRequest: async () => admission.require(),
    },
    async (request) => {
      const { id: study } = request.params;
      const withdraw = () => reports.withdraw({ token: bearerToken(request), secret: request.body.secret }, { study });
      const withdrawn = await backlog.run({ connection: request.raw.socket, bytes: 0 }, withdraw);
      metrics.withdrawals.inc(withdrawn);
      return withdrawn;
    },
  );
}
