import { ReportMessage } from '@chorale/protocol';
import type { Logger } from 'pino';
import type { ReportService } from '../surveys/report-service.ts';
import type { ChoraleSocket } from './chorale-socket.ts';
import { parseMessage } from './parse-message.ts';
import { answer } from './reply.ts';

/** Serves `report` on one socket: the acknowledgement leaves after the report is on the disk. [S10] */
export function attachReportHandler(
  socket: ChoraleSocket,
  { reports, log }: { reports: ReportService; log: Logger },
): void {
  const accept = (data: unknown): ReturnType<ReportService['accept']> => {
    const { token, report } = parseMessage(ReportMessage, data);
    return reports.accept(token, report);
  };
  socket.on('report', (data: unknown, reply: unknown) => void answer(reply, async () => accept(data), { log }));
}
