import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import * as v from 'valibot';
import { cappedBody } from './capped-body.ts';

/** Longest problem that is read, in bytes. */
const problemBytes = 16 * 1024;

/** RFC 9457 problem details, as far as they are read. */
const Problem = v.object({
  code: v.custom<ErrorCode>((code) => typeof code === 'string'),
  detail: v.optional(v.string()),
  retryAfterMs: v.optional(v.pipe(v.number(), v.minValue(0))),
});

/**
 * What a response that is no success means, and when to ask again where that helps. A proxy on the way knows
 * no codes: its status is read, and its `Retry-After`.
 */
export async function refusalOf(response: Response): Promise<ChoraleError> {
  const { status, headers } = response;
  const problem = v.safeParse(Problem, parseJson(await textOf(response)));
  const { code, detail, retryAfterMs } = problem.success
    ? problem.output
    : { code: codeOf(status), detail: undefined, retryAfterMs: undefined };
  const waitMs = retryAfterMs ?? retryAfter(headers.get('retry-after'));
  return new ChoraleError(
    code,
    detail ?? `the coordinator answered ${status}`,
    waitMs === undefined ? {} : { retryAfterMs: waitMs },
  );
}

/** A short body as text; empty where it is longer than any answer. */
export async function textOf(response: Response): Promise<string> {
  const body = await cappedBody(response, { limitBytes: problemBytes });
  return body === null ? '' : new TextDecoder().decode(body);
}

/** `undefined` for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 413) return 'MESSAGE_TOO_LARGE';
  if (status === 429) return 'RATE_LIMITED';
  return status === 408 || status >= 500 ? 'UNAVAILABLE' : 'MESSAGE_MALFORMED';
}

/** `Retry-After` in milliseconds: whole seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
