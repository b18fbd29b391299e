import { ChoraleError, type ClientToServerEvents, type Reply, ReportMessage, type WireError } from '@chorale/protocol';
import type { Logger } from 'pino';
import type { Admission } from '../operations/admission.ts';
import type { Backlog } from '../operations/backlog.ts';
import type { FailureLog } from '../operations/failure-log.ts';
import type { Boundary, Metrics } from '../operations/metrics.ts';
import { RateLimitedError, type RateLimits } from '../operations/rate-limits.ts';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { ReportService } from '../surveys/report-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import type { ChoraleSocket } from './chorale-socket.ts';
import { dropConnection } from './engine-connection.ts';
import { parseMessage } from './parse-message.ts';
import { TrainingSeats } from './training-seats.ts';

/** What one socket needs of the coordinator. */
export type SessionOptions = {
  reports: ReportService;
  training: TrainingService;
  studies: StudyRegistry;
  invitations: Invitations;
  admission: Admission;
  backlog: Backlog;
  limits: RateLimits;
  metrics: Metrics;
  failures: FailureLog;
  log: Logger;
};

const EVENTS: ReadonlySet<string> = new Set<keyof ClientToServerEvents>([
  'report',
  'join',
  'leave',
  'update',
  'decline',
]);

/**
 * One tab's connection: takes its requests, answers each with a result or a typed refusal, and lets none
 * of them do harm. There may be ten thousand that are idle, so it keeps next to nothing.
 */
export class ClientSession {
  readonly #socket: ChoraleSocket;
  readonly #options: SessionOptions;
  readonly #seats: TrainingSeats;

  constructor(socket: ChoraleSocket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#seats = new TrainingSeats(socket, options);
  }

  /**
   * Handles one event. Nothing that a client sends makes it throw; one that asks for no acknowledgement
   * gets none.
   * @param args as they came from the network: the acknowledgement, perhaps missing, perhaps no function
   */
  receive(event: string, args: readonly unknown[]): Promise<void> {
    // `leave` asks for no answer; one to an event that does not exist is looked for where it would be.
    const reply = event === 'leave' ? undefined : EVENTS.has(event) ? args[1] : args.at(-1);
    // Nothing else of what was sent is kept until the answer.
    return this.#answer(event, args[0], reply);
  }

  disconnected(): void {
    this.#seats.disconnected();
  }

  async #answer(event: string, data: unknown, reply: unknown): Promise<void> {
    const answer = await this.#settle(event, data);
    if (typeof reply === 'function') reply(answer);
  }

  async #settle(event: string, data: unknown): Promise<Reply> {
    const { backlog, limits, metrics, failures } = this.#options;
    try {
      await limits.take({ connection: this.#socket.id, address: this.#socket.handshake.address });
      const bytes = sizeOf(data);
      return { ok: true, ...(await backlog.run({ connection: this, bytes }, () => this.#handle(event, data))) };
    } catch (error) {
      if (error instanceof RateLimitedError && error.isFlood) this.#drop();
      const refusal = toRefusal(error);
      metrics.refused(refusal.code, this.#boundary);
      if (event === 'report') metrics.reports.inc({ outcome: 'refused' });
      failures.note(error);
      return { ok: false, error: refusal };
    }
  }

  /** @throws what the request is refused with, at once or by the promise */
  #handle(event: string, data: unknown): Promise<object> {
    switch (event) {
      case 'report':
        return this.#report(data);
      case 'join':
        return this.#seats.join(data);
      case 'leave':
        return this.#seats.leave(data);
      case 'update':
        return this.#seats.update(data);
      case 'decline':
        return this.#seats.decline(data);
      default:
        throw new ChoraleError('MESSAGE_MALFORMED', 'there is no such event');
    }
  }

  /** The acknowledgement leaves after the report is on the disk. [S10] */
  async #report(data: unknown): Promise<{ duplicate: boolean; receivedAt: string }> {
    const { reports, admission, metrics } = this.#options;
    const message = parseMessage(ReportMessage, data);
    admission.require();
    const accepted = await reports.accept(message);
    metrics.reports.inc({ outcome: accepted.duplicate ? 'duplicate' : 'stored' });
    return accepted;
  }

  get #boundary(): Boundary {
    return this.#socket.conn.transport.name === 'polling' ? 'polling' : 'websocket';
  }

  #drop(): void {
    this.#options.log.debug('a connection was closed that went on asking far beyond its limit');
    dropConnection(this.#socket.conn);
  }
}

/** Bytes that a message keeps in memory while it is handled, roughly; what is no report and no update is small. */
function sizeOf(data: unknown): number {
  if (typeof data !== 'object' || data === null) return 0;
  const report = 'report' in data && typeof data.report === 'string' ? data.report.length : 0;
  const update = 'update' in data && data.update instanceof Uint8Array ? data.update.byteLength : 0;
  return report + update;
}

function toRefusal(error: unknown): WireError {
  if (error instanceof ChoraleError) return error.toWire();
  return { code: 'INTERNAL', message: 'the coordinator failed; try again later', retryAfterMs: 5000 };
}
