import { ChoraleError } from '@chorale/protocol';
import * as v from 'valibot';
import { parseJson, refusalOf, textOf } from './refusal.ts';

/** An address under the coordinator's, which may have a path of its own. */
export function apiUrl(coordinator: string | URL, path: string): URL {
  const base = new URL(coordinator);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return new URL(path, base);
}

/** One attempt at a request about a study. */
export type Transfer = {
  coordinator: string | URL;
  study: string;
  /** How long it may take, beside the time that its bytes take on a slow line. */
  timeoutMs: number;
  signal: AbortSignal | undefined;
};

/** 128 kbit/s: on a slower line a transfer that is getting on would be mistaken for one that hangs. */
const slowestBytesPerMs = 16;

/**
 * Asks the coordinator for something below a study's address.
 * @throws ChoraleError `CONNECTION_LOST`, or the coordinator's refusal; the signal's reason.
 */
export async function apiRequest<T>(
  { coordinator, study, timeoutMs, signal }: Transfer,
  {
    path,
    bytes,
    init,
    read,
  }: { path: string; bytes: number; init: RequestInit; read: (response: Response) => Promise<T> },
): Promise<T> {
  const url = apiUrl(coordinator, `api/v1/studies/${encodeURIComponent(study)}/${path}`);
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs + bytes / slowestBytesPerMs));
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    const response = await fetch(url, { ...init, signal: either });
    if (!response.ok) throw await refusalOf(response);
    return await read(response);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ChoraleError) throw cause;
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause });
  }
}

/**
 * Hands something over as a participant.
 * @param options.body text is JSON; bytes are bytes.
 * @param options.answer what the coordinator says to it.
 * @throws ChoraleError as `apiRequest`; `MESSAGE_MALFORMED` for another answer.
 */
export async function postRequest<S extends v.GenericSchema>(
  transfer: Transfer,
  { path, token, body, answer }: { path: string; token: string; body: string | Uint8Array<ArrayBuffer>; answer: S },
): Promise<v.InferOutput<S>> {
  const text = await apiRequest(transfer, {
    path,
    bytes: body.length,
    init: {
      method: 'POST',
      headers: {
        accept: 'application/json, application/problem+json',
        authorization: `Bearer ${token}`,
        'content-type': typeof body === 'string' ? 'application/json' : 'application/octet-stream',
      },
      body,
    },
    read: textOf,
  });
  const result = v.safeParse(answer, parseJson(text));
  if (!result.success) throw new ChoraleError('MESSAGE_MALFORMED', `reply: ${result.issues[0].message}`);
  return result.output;
}
