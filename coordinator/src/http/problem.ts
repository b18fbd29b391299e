import { STATUS_CODES } from 'node:http';
import { ChoraleError, type ErrorCode } from '@chorale/protocol';

/** RFC 9457 problem details; `code` is what programs test. */
export type Problem = {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  code: ErrorCode | 'NOT_FOUND';
};

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const STATUS: Partial<Record<ErrorCode, number>> = {
  TOKEN_INVALID: 401,
  STUDY_UNKNOWN: 404,
  TRAINING_ABSENT: 404,
  STUDY_CONFLICT: 409,
  MESSAGE_TOO_LARGE: 413,
  INTERNAL: 500,
  STORAGE_UNAVAILABLE: 503,
};

/** What a client is told about an error: of an unexpected one, nothing but that it happened. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ChoraleError) {
    const { code, message } = error.toWire();
    return problem(STATUS[code] ?? 400, code, message);
  }
  const status = clientError(error);
  if (status === 413) return problem(413, 'MESSAGE_TOO_LARGE', 'the request is too long');
  if (status !== null) return problem(status, 'MESSAGE_MALFORMED', 'the request cannot be read');
  return problem(500, 'INTERNAL', 'the coordinator failed; try again later');
}

export function notFound(): Problem {
  return problem(404, 'NOT_FOUND', 'there is nothing here');
}

function problem(status: number, code: Problem['code'], detail: string): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, code };
}

/** The status that Fastify gave a request which it could not parse. */
function clientError(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : null;
}
