import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestHash, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from './server-file.ts';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

const manifest = pulseStudy();
const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
const report = reportText(study, { stay: true, workload: 2, recommend: 7, improve: 'pay', hours: 41 });
const reports = '/api/v1/studies/pulse/reports';

async function invited(coordinator: Running, id = 'pulse', name = 'Ann'): Promise<string> {
  const [token = ''] = await coordinator.invite(id, { name, group: 'sales' });
  return token;
}

/** Status, headers and body of the answer to a report. */
async function send(
  coordinator: Running,
  token: string,
  body: unknown = { protocol: PROTOCOL_VERSION, report },
  { path = reports, ...headers }: Record<string, string> = {},
) {
  const response = await coordinator.get(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, ...((await response.json()) as object) };
}

async function voices(coordinator: Running): Promise<number> {
  const [first] = (await (await coordinator.get('/api/v1/studies')).json()) as { voices: number }[];
  return first!.voices;
}

describe('report by a request', () => {
  it('[S8] [S10] counts once, however often, by whichever way and after a restart too', async () => {
    const before = await runCoordinator({ manifests: [manifest] });
    const token = await invited(before);
    const { receivedAt } = (await send(before, token)) as unknown as { receivedAt: string };
    const socket = await before.connect();
    const message = { protocol: PROTOCOL_VERSION, token, report };
    expect(await socket.timeout(5000).emitWithAck('report', message)).toEqual({
      ok: true,
      duplicate: true,
      receivedAt,
    });
    expect(await send(before, token, { protocol: PROTOCOL_VERSION, report: `${report} ` })).toMatchObject({
      status: 409,
      code: 'REPORT_CONFLICT',
    });
    await before.close();
    const after = await runCoordinator({ dataFolder: before.dataFolder });
    expect(await send(after, token)).toMatchObject({ status: 200, duplicate: true, receivedAt });
    expect(await voices(after)).toBe(1);
  });

  it('[P4] is refused by name for all that is wrong with it, and logs neither tokens nor answers', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest, pulseStudy({ id: 'other' })] });
    const token = await invited(coordinator);
    const message = { protocol: PROTOCOL_VERSION, report };
    const stranger = reportText({ ...study, hash: `sha256-${'B'.repeat(43)}=` }, { stay: true });
    const refusals: [number, string, string, unknown, Record<string, string>?][] = [
      [401, 'TOKEN_INVALID', '', message],
      [401, 'TOKEN_INVALID', `${token.slice(0, -4)}AAAA`, message],
      [401, 'TOKEN_INVALID', await invited(coordinator, 'other'), message],
      [404, 'STUDY_UNKNOWN', token, message, { path: '/api/v1/studies/Up!/reports' }],
      [401, 'TOKEN_INVALID', token, message, { path: '/api/v1/studies/unknown/reports' }],
      [409, 'MANIFEST_MISMATCH', token, { ...message, report: stranger }],
      [422, 'REPORT_INVALID', token, { ...message, report: 'no JSON' }],
      [413, 'MESSAGE_TOO_LARGE', token, { ...message, report: report.padEnd(20_000) }],
      [413, 'MESSAGE_TOO_LARGE', token, { ...message, report: report.padEnd(200_000) }],
      [400, 'PROTOCOL_VERSION', token, { ...message, protocol: 99 }],
      [400, 'MESSAGE_MALFORMED', token, { ...message, extra: 1 }],
      [400, 'MESSAGE_MALFORMED', token, { ...message, report: { nested: true } }],
      [400, 'MESSAGE_MALFORMED', token, '{"protocol":'],
      [415, 'MESSAGE_MALFORMED', token, message, { 'content-type': 'application/xml' }],
    ];
    for (const [status, code, bearer, body, headers] of refusals) {
      expect(await send(coordinator, bearer, body, headers), code).toMatchObject({ status, code });
    }
    expect(await voices(coordinator)).toBe(0);
    expect(await send(coordinator, token)).toMatchObject({ status: 200, duplicate: false });
    expect(coordinator.logged.join('')).not.toContain(token.slice(0, 20));
    expect(coordinator.logged.join('')).not.toContain('letter');
    const headers = { authorization: `Bearer ${readServerFile(coordinator.dataFolder)!.operatorToken}` };
    const metrics = await (await coordinator.get('/metrics', { headers })).text();
    expect(metrics).toContain(`chorale_reports_total{outcome="refused"} ${refusals.length}`);
    expect(metrics).toContain('chorale_reports_total{outcome="stored"} 1');
    expect(metrics).toContain('chorale_refusals_total{code="REPORT_INVALID",boundary="http"} 1');
  });

  it('[S11] is given back for its secret, and stays gone after a restart', async () => {
    const before = await runCoordinator({ manifests: [manifest] });
    const token = await invited(before);
    const secret = 'ab'.repeat(32);
    const withdrawal = createHash('sha256').update(secret).digest('hex');
    const withdrawals = '/api/v1/studies/pulse/withdrawals';
    const take = (coordinator: Running, body: object = { protocol: PROTOCOL_VERSION, secret }, path = withdrawals) =>
      send(coordinator, token, body, { path });
    expect(await take(before)).toMatchObject({ status: 404, code: 'REPORT_UNKNOWN' });
    await send(before, token, { protocol: PROTOCOL_VERSION, report, withdrawal });
    const other = { protocol: PROTOCOL_VERSION, secret: 'cd'.repeat(32) };
    expect(await take(before, other)).toMatchObject({ status: 403, code: 'RECEIPT_INVALID' });
    expect(await take(before, { ...other, secret: 'x' })).toMatchObject({ status: 400, code: 'MESSAGE_MALFORMED' });
    const elsewhere = withdrawals.replace('pulse', 'exit');
    expect(await take(before, other, elsewhere)).toMatchObject({ status: 401, code: 'TOKEN_INVALID' });
    expect(await voices(before)).toBe(1);
    expect(await take(before)).toMatchObject({ status: 200, outcome: 'withdrawn' });
    expect(await voices(before)).toBe(0);
    await before.close();
    const after = await runCoordinator({ dataFolder: before.dataFolder });
    expect(await take(after)).toMatchObject({ status: 200, outcome: 'withdrawn' });
    expect(await send(after, token)).toMatchObject({ status: 409, code: 'REPORT_WITHDRAWN' });
    expect(await voices(after)).toBe(0);
    const file = readFileSync(join(before.dataFolder, 'chorale.db')).toString('latin1');
    expect(file).not.toContain('"letter"');
  });

  it('is read by the pages of allowed origins alone', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest], allowedOrigins: ['https://hr.example'] });
    const token = await invited(coordinator);
    const allowed = async (origin: string) =>
      (await send(coordinator, token, undefined, { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://hr.example')).toBe('https://hr.example');
    expect(await allowed('https://elsewhere.example')).toBe(null);
    const preflight = await coordinator.get(reports, { method: 'OPTIONS', headers: { origin: 'https://hr.example' } });
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  });

  it('is asked to come back by a node that takes no more work, and by one that was asked too often', async () => {
    const draining = await runCoordinator({ manifests: [manifest], rateLimits: { perConnection: 0, perAddress: 4 } });
    const token = await invited(draining);
    for (let i = 0; i < 3; i += 1) await send(draining, token);
    const limited = await send(draining, token);
    expect(limited).toMatchObject({ status: 429, code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) as number });
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
