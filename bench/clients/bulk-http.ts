import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Connections are kept and used again, one a client, as browsers do. */
const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Downloads and throws away. @returns the bytes that came. @throws Error for any status but 200. */
export async function downloadModel(url: string): Promise<number> {
  const { status, body } = await exchange(url, { method: 'GET', headers: {}, keep: false });
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return body.length;
}

/**
 * Uploads, again when it is told to wait, as a browser's client does.
 * @returns how often it was told to wait
 * @throws Error for any other refusal
 */
export async function uploadUpdate(
  url: string,
  { token, bytes }: { token: string; bytes: Uint8Array },
): Promise<number> {
  for (let waits = 0; ; waits += 1) {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
    };
    const { status, body } = await exchange(url, { method: 'POST', headers, bytes, keep: true });
    if (status === 200) return waits;
    const problem = JSON.parse(body.text || '{}') as { code?: string; retryAfterMs?: number };
    if (problem.retryAfterMs === undefined || waits >= 100) throw new Error(`${url} answered ${status} ${body.text}`);
    await sleep(problem.retryAfterMs);
  }
}

type Exchange = { method: string; headers: Record<string, string>; bytes?: Uint8Array; keep: boolean };
type Answer = { status: number; body: { length: number; text: string } };

function exchange(url: string, { method, headers, bytes, keep }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent }, (response) => {
      let length = 0;
      let text = '';
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (keep) text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: { length, text } }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(bytes);
  });
}
