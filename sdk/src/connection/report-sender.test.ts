import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { seededRandom } from '@chorale/privacy/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { ReportSender } from './report-sender.ts';
import type { Retry } from './retry.ts';

type Handler = (exchange: { request: IncomingMessage; response: ServerResponse; body: string }) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A coordinator on a real port, under a path, that answers one request after the other as listed. */
async function serve(...handlers: Handler[]): Promise<string> {
  const server = createServer((request, response) => {
    void text(request).then((body) => (handlers.shift() ?? stored)({ request, response, body }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hr`;
}

const receivedAt = '2026-11-02T09:00:00.000Z';
const json =
  (status: number, value: unknown, headers: Record<string, string> = {}): Handler =>
  ({ response }) =>
    response.writeHead(status, headers).end(typeof value === 'string' ? value : JSON.stringify(value));
const stored = json(200, { duplicate: false, receivedAt });
const lost: Handler = ({ request }) => request.socket.destroy();

function sender(coordinator: string, options: Partial<ConstructorParameters<typeof ReportSender>[0]> = {}) {
  return new ReportSender({
    coordinator,
    study: 'pulse',
    token: 'to.ken',
    random: seededRandom(1),
    timeoutMs: 5000,
    backoff: { firstMs: 10, longestMs: 50 },
    ...options,
  });
}

const report = '{"a":"é"}';

/** Sends until there is an answer, with what was retried on the way. */
async function deliver(to: ReportSender): Promise<{ outcome: unknown; retries: Retry[] }> {
  const retries: Retry[] = [];
  const outcome = await to.repeat(() => to.sendReport(report), { onRetry: (retry) => retries.push(retry) });
  return { outcome, retries };
}

describe('a report by requests', () => {
  test('[S7] is the same bytes each time, to the study’s address, with the invitation', async () => {
    const seen: unknown[] = [];
    const note =
      (answer: Handler): Handler =>
      (exchange) => {
        const { method, url, headers } = exchange.request;
        seen.push([method, url, headers.authorization, headers['content-type'], exchange.body]);
        answer(exchange);
      };
    const url = await serve(note(lost), note(json(502, '<html>', {})), note(stored));
    const { outcome, retries } = await deliver(sender(url));
    expect(outcome).toEqual({ duplicate: false, receivedAt });
    expect(retries.map(({ error }) => error.code)).toEqual(['CONNECTION_LOST', 'UNAVAILABLE']);
    const body = JSON.stringify({ protocol: 1, report });
    const sent = ['POST', '/hr/api/v1/studies/pulse/reports', 'Bearer to.ken', 'application/json', body];
    expect(seen).toEqual([sent, sent, sent]);
  });

  test('[S11] comes with the hash of its secret, and is taken back by the secret', async () => {
    const seen: string[] = [];
    const note =
      (answer: unknown): Handler =>
      (exchange) => {
        seen.push(`${exchange.request.url} ${exchange.body}`);
        json(200, answer)(exchange);
      };
    const url = await serve(
      note({ duplicate: false, receivedAt }),
      note({ outcome: 'released' }),
      note({ outcome: 'maybe' }),
    );
    const to = sender(url);
    await to.sendReport(report, { withdrawal: 'hash' });
    expect(await to.withdrawReport('secret')).toEqual({ outcome: 'released' });
    await expect(to.withdrawReport('secret')).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
    const asked = '/hr/api/v1/studies/pulse/withdrawals {"protocol":1,"secret":"secret"}';
    expect(seen).toEqual([
      `/hr/api/v1/studies/pulse/reports ${JSON.stringify({ protocol: 1, report, withdrawal: 'hash' })}`,
      asked,
      asked,
    ]);
  });

  test('waits as long as a busy coordinator asks for, and up to a tenth longer', async () => {
    const problem = { code: 'UNAVAILABLE', detail: 'later', retryAfterMs: 120 };
    const url = await serve(json(503, problem), json(429, '', { 'retry-after': '0' }));
    const { retries } = await deliver(sender(url));
    expect(retries.map(({ error }) => error.code)).toEqual(['UNAVAILABLE', 'RATE_LIMITED']);
    expect(retries[0]!.waitMs).toBeGreaterThanOrEqual(120);
    expect(retries[0]!.waitMs).toBeLessThanOrEqual(132);
  });

  test.each(['REPORT_CONFLICT', 'TOKEN_INVALID', 'REPORT_INVALID'] as const)(
    'is refused for good with %s',
    async (code) => {
      const url = await serve(json(409, { code, detail: 'no' }));
      await expect(deliver(sender(url))).rejects.toMatchObject({ name: 'ChoraleError', code, message: 'no' });
    },
  );

  test.each(['yes', '{}', '{"duplicate":"no","receivedAt":""}', ''])('takes no %j for an answer', async (answer) => {
    await expect(deliver(sender(await serve(json(200, answer))))).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
  });

  test.each(['online', 'pageshow'])('leaves soon after %s, however long it was to wait', async (type) => {
    const page = new EventTarget();
    const failures = 24;
    const url = await serve(...Array.from({ length: failures }, () => lost));
    // Waits that double: without the event the last ones would take hours.
    const to = sender(url, { page, backoff: { firstMs: 2, longestMs: 2 ** 30 } });
    const waits: number[] = [];
    await to.repeat(() => to.sendReport(report), {
      onRetry: ({ waitMs }) => {
        waits.push(waitMs);
        queueMicrotask(() => page.dispatchEvent(new Event(type)));
      },
    });
    expect(waits).toHaveLength(failures);
    expect(waits.at(-1)).toBeGreaterThanOrEqual(2 ** failures / 2);
  });

  test('gives up when its caller does', async () => {
    const caller = new AbortController();
    const url = await serve(() => caller.abort(new Error('enough')));
    const to = sender(url);
    const { signal } = caller;
    await expect(to.repeat(() => to.sendReport(report, { signal }), { signal })).rejects.toThrow('enough');
  });
});
