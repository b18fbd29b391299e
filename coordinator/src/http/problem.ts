import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import type { FastifyReply } from 'fastify';
import * as v from 'valibot';
import type { Metrics } from '../operations/metrics.ts';

/** RFC 9457 problem details; `code` is what programs test. */
export const Problem = v.object({
  type: v.literal('about:blank'),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.string(),
  code: v.custom<ErrorCode | 'NOT_FOUND'>((code) => typeof code === 'string'),
  /** When to ask again, in milliseconds; without it asking again does not help. */
  retryAfterMs: v.optional(v.number()),
});
export type Problem = v.InferOutput<typeof Problem>;

export const PROBLEM_TYPE = 'application/problem+json';

const STATUS: Partial<Record<ErrorCode, number>> = {
  TOKEN_INVALID: 401,
  APPROVAL_REQUIRED: 403,
  NOT_IN_COHORT: 403,
  PERMISSION_DENIED: 403,
  RECEIPT_INVALID: 403,
  DRAFT_UNKNOWN: 404,
  PERSON_UNKNOWN: 404,
  REPORT_UNKNOWN: 404,
  STUDY_UNKNOWN: 404,
  TRAINING_ABSENT: 404,
  ROUND_CLOSED: 404,
  DRAFT_CONFLICT: 409,
  MANIFEST_MISMATCH: 409,
  PERSON_CONFLICT: 409,
  REPORT_CONFLICT: 409,
  REPORT_WITHDRAWN: 409,
  STUDY_CLOSED: 409,
  STUDY_CONFLICT: 409,
  STUDY_OPEN: 409,
  UPDATE_DUPLICATE: 409,
  MESSAGE_TOO_LARGE: 413,
  BENCHMARKS_INVALID: 422,
  REPORT_INVALID: 422,
  UPDATE_MALFORMED: 422,
  UPDATE_OVER_NORM: 422,
  UPDATE_SHAPE: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  STORAGE_UNAVAILABLE: 503,
  UNAVAILABLE: 503,
};

/** What a client is told about an error: of an unexpected one, nothing but that it happened. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ChoraleError) {
    const { code, message, retryAfterMs } = error.toWire();
    return problem(STATUS[code] ?? 400, code, message, retryAfterMs);
  }
  const status = clientError(error);
  if (status === 413) return problem(413, 'MESSAGE_TOO_LARGE', 'the request is too long');
  if (status !== null) return problem(status, 'MESSAGE_MALFORMED', 'the request cannot be read');
  return problem(500, 'INTERNAL', 'the coordinator failed; try again later', 5000);
}

export function notFound(): Problem {
  return problem(404, 'NOT_FOUND', 'there is nothing here');
}

/** Answers with a problem; `retry-after` is in whole seconds, so never sooner than `retryAfterMs`. */
export function sendProblem(reply: FastifyReply, details: Problem): FastifyReply {
  if (details.retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(details.retryAfterMs / 1000)));
  // The rest of a body that is too long is not worth waiting for.
  if (details.status === 413) reply.header('connection', 'close');
  return reply
    .code(details.status)
    .header('cache-control', 'no-store')
    .type(`${PROBLEM_TYPE}; charset=utf-8`)
    .send(JSON.stringify(details));
}

/** Answers what is no HTTP, or not in time, and ends its connection. */
export function refuseBroken(
  socket: Socket,
  error: Error & { code?: string },
  metrics: Pick<Metrics, 'refused'>,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const details = brokenRequest(error.code);
  metrics.refused(details.code, 'http');
  const body = JSON.stringify(details);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${details.status} ${details.title}\r\nContent-Type: ${PROBLEM_TYPE}; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}

function brokenRequest(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return problem(431, 'MESSAGE_TOO_LARGE', 'the head of the request is too long');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problem(408, 'CONNECTION_LOST', 'the request did not arrive in time');
  return problem(400, 'MESSAGE_MALFORMED', 'the request cannot be read');
}

function problem(status: number, code: Problem['code'], detail: string, retryAfterMs?: number): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    type: 'about:blank',
    title,
    status,
    detail,
    code,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The status that Fastify gave a request which it could not parse. */
function clientError(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null;
}
