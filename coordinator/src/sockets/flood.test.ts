import { PROTOCOL_VERSION, surveyChannels, manifestHash, type Reply } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { FuzzConnection } from '../../testing/fuzz/fuzz-connection.ts';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { type Client, runCoordinator } from '../../testing/running-coordinator.ts';

const manifest = pulseStudy();

const ask = (client: Client): Promise<Reply> => client.timeout(5000).emitWithAck('no-such-event', {});

const codes = async (replies: Promise<Reply>[]): Promise<string[]> =>
  (await Promise.all(replies)).map((reply) => (reply.ok ? 'ok' : reply.error.code));

describe('[P4] a connection that asks too often', () => {
  it('is told when to come back, and others do not notice', async () => {
    const coordinator = await runCoordinator({ rateLimits: { perConnection: 20, perAddress: 0 } });
    const [flood, bystander] = [await coordinator.connect(), await coordinator.connect()];
    const replies = Array.from({ length: 30 }, () => ask(flood));
    expect(await codes(replies)).toEqual([
      ...Array.from({ length: 20 }, () => 'MESSAGE_MALFORMED'),
      ...Array.from({ length: 10 }, () => 'RATE_LIMITED'),
    ]);
    const refused = await replies.at(-1)!;
    expect(refused).toMatchObject({ ok: false, error: { retryAfterMs: expect.any(Number) } });
    expect(refused.ok ? 0 : refused.error.retryAfterMs).toBeLessThanOrEqual(10_000);
    expect(await codes([ask(bystander)])).toEqual(['MESSAGE_MALFORMED']);
    expect(flood.connected).toBe(true);
  });

  it('is closed when it goes on far beyond', async () => {
    const coordinator = await runCoordinator({ rateLimits: { perConnection: 20, perAddress: 0 } });
    const [flood, bystander] = [await coordinator.connect(), await coordinator.connect()];
    const closed = new Promise((resolve) => flood.once('disconnect', resolve));
    for (let i = 0; i <= 80; i += 1) flood.emit('no-such-event');
    await closed;
    expect(await codes([ask(bystander)])).toEqual(['MESSAGE_MALFORMED']);
  });

  it('is cut off then, whatever it answers to that', async () => {
    const coordinator = await runCoordinator({ rateLimits: { perConnection: 20, perAddress: 0 } });
    const flood = (await FuzzConnection.open(coordinator.url.replace('localhost', '127.0.0.1')))!;
    const started = performance.now();
    for (let i = 0; i <= 80; i += 1) flood.send(['42["no-such-event"]']);
    await flood.closed;
    // A WebSocket whose other end does not take part in closing it would be there for half a minute.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('shares its address with others, over sockets and HTTP together', async () => {
    const coordinator = await runCoordinator({ rateLimits: { perConnection: 0, perAddress: 20 } });
    const [one, other] = [await coordinator.connect(), await coordinator.connect()];
    const answers = await codes(Array.from({ length: 30 }, (_, i) => ask(i % 2 === 0 ? one : other)));
    // To open a connection is a request as well.
    expect(answers.filter((code) => code === 'RATE_LIMITED')).toHaveLength(12);
    await expect(coordinator.connect()).rejects.toThrow('websocket error');
    const response = await coordinator.get('/api/v1/studies');
    expect([response.status, await response.json()]).toMatchObject([429, { code: 'RATE_LIMITED' }]);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  });

  it('counts by what the outermost trusted proxy wrote, not by what anybody may write', async () => {
    const { get } = await runCoordinator({ proxies: 1, rateLimits: { perConnection: 0, perAddress: 2 } });
    const status = async (forwarded: string): Promise<number> =>
      (await get('/healthz', { headers: { 'x-forwarded-for': forwarded } })).status;
    for (const forwarded of ['1.1.1.1, 9.9.9.9', '2.2.2.2, 9.9.9.9']) expect(await status(forwarded)).toBe(200);
    expect(await status('3.3.3.3, 9.9.9.9')).toBe(429);
    expect(await status('9.9.9.9, 8.8.8.8')).toBe(200);
    // One subscriber's network.
    for (const host of ['1', '2']) expect(await status(`2001:db8:1:2::${host}`)).toBe(200);
    expect(await status('2001:db8:1:2:ffff::3')).toBe(429);
    expect(await status('2001:db8:1:3::1')).toBe(200);
  });
});

it('takes the reports of a whole crowd over one connection, all sent at once', async () => {
  const coordinator = await runCoordinator({ manifests: [manifest] });
  const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
  const people = Array.from({ length: 5000 }, (_, i) => ({ name: `employee ${i}`, group: 'sales' }));
  const tokens: string[] = [];
  for (let i = 0; i < people.length; i += 1000) {
    tokens.push(...(await coordinator.invite('pulse', ...people.slice(i, i + 1000))));
  }
  const client = await coordinator.connect();
  const report = reportText(study, { stay: true });
  const replies = tokens.map((token): Promise<Reply> =>
    client.timeout(25_000).emitWithAck('report', { protocol: PROTOCOL_VERSION, token, report }),
  );
  expect(new Set(await codes(replies))).toEqual(new Set(['ok']));
});
