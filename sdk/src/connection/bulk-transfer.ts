import { ChoraleError } from '@chorale/protocol';
import * as v from 'valibot';
import { apiRequest, postRequest, type Transfer } from './api-request.ts';
import { cappedBody } from './capped-body.ts';

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
  const body = await apiRequest(transfer, {
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
export function postUpdate({
  round,
  update,
  token,
  ...transfer
}: Transfer & { round: number; update: Uint8Array; token: string }): Promise<{ duplicate: boolean }> {
  // Updates are made and stored on this device, never in memory that is shared.
  const body = update as Uint8Array<ArrayBuffer>;
  return postRequest(transfer, { path: `rounds/${round}/update`, token, body, answer: UpdateAnswer });
}
