import { ChoraleError } from '@chorale/protocol';
import * as v from 'valibot';
import { cappedBody } from './capped-body.ts';
import { apiUrl } from './fetch-study.ts';
import { parseJson, refusalOf, textOf } from './refusal.ts';

/** One attempt at a transfer. */
export type Transfer = {
  coordinator: string | URL;
  study: string;
  /** How long it may take, beside the time that its bytes take on a slow line. */
  timeoutMs: number;
  signal: AbortSignal | undefined;
};

/** 128 kbit/s: on a slower line a transfer that is getting on would be mistaken for one that hangs. */
const slowestBytesPerMs = 16;
const UpdateAnswer = v.object({ duplicate: v.boolean() });

/**
 * Fetches the model of a round that was too large for the socket.
 * @param options.modelBytes its size; nothing longer is read.
 * @throws ChoraleError `ROUND_CLOSED` when it is not the present one any more, `UPDATE_SHAPE` for another
 *   size, `CONNECTION_LOST`, or the coordinator's refusal; the signal's reason.
 */
export async function fetchModel({
  modelRound,
  modelBytes,
  ...transfer
}: Transfer & { modelRound: number; modelBytes: number }): Promise<Uint8Array<ArrayBuffer>> {
  const body = await request(transfer, {
    path: `models/${modelRound}`,
    bytes: modelBytes,
    init: {
      headers: { accept: 'application/octet-stream, application/problem+json' },
      // Rounds are numbered anew by a coordinator that lost its data: what a cache has is checked by its tag.
      cache: 'no-cache',
    },
    read: (response) => cappedBody(response, { limitBytes: modelBytes }),
  });
  if (body?.byteLength === modelBytes) return body;
  const got = body === null ? 'more' : String(body.byteLength);
  throw new ChoraleError('UPDATE_SHAPE', `model: ${modelBytes} bytes expected, got ${got}`);
}

/**
 * Hands over an update that is too large for the socket. It may arrive twice: it is the same bytes.
 * @throws ChoraleError `CONNECTION_LOST`, or the coordinator's refusal; the signal's reason.
 */
export async function postUpdate({
  round,
  update,
  token,
  ...transfer
}: Transfer & { round: number; update: Uint8Array; token: string }): Promise<{ duplicate: boolean }> {
  const text = await request(transfer, {
    path: `rounds/${round}/update`,
    bytes: update.byteLength,
    init: {
      method: 'POST',
      headers: {
        accept: 'application/json, application/problem+json',
        authorization: `Bearer ${token}`,
        'content-type': 'application/octet-stream',
      },
      // Updates are made and stored on this device, never in memory that is shared.
      body: update as Uint8Array<ArrayBuffer>,
    },
    read: textOf,
  });
  const answer = v.safeParse(UpdateAnswer, parseJson(text));
  if (!answer.success) throw new ChoraleError('MESSAGE_MALFORMED', `reply: ${answer.issues[0].message}`);
  return answer.output;
}

async function request<T>(
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
