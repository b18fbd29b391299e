import {
  manifestHash,
  parseManifest,
  PROTOCOL_VERSION,
  type Reply,
  type ReportReply,
  surveyChannels,
} from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy, trainingTask } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { type Client, runCoordinator } from '../../testing/running-coordinator.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { Invitations } from '../surveys/invitations.ts';

const manifest = pulseStudy();
const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
const answers = { stay: true, workload: 2, recommend: 7, improve: 'pay', hours: 41 };

const send = (client: Client, message: unknown): Promise<ReportReply> =>
  client.timeout(5000).emitWithAck('report', message);

const code = (reply: Reply) => (reply.ok ? 'ok' : reply.error.code);

async function voices(coordinator: { get: (path: string) => Promise<Response> }): Promise<number> {
  const [first]: { voices: number }[] = JSON.parse(await (await coordinator.get('/api/v1/studies')).text());
  return first!.voices;
}

describe('report over a socket', () => {
  it('[S8] counts once, from whichever connection the same bytes come again', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const [token] = await coordinator.invite('pulse', { name: 'Ann', group: 'sales' });
    const message = { protocol: PROTOCOL_VERSION, token, report: reportText(study, answers) };
    const first = await coordinator.connect();
    const accepted = await send(first, message);
    expect(accepted).toMatchObject({ ok: true, duplicate: false });
    const second = await coordinator.connect({ transports: ['polling'] });
    const replies = await Promise.all([send(first, message), send(second, message), send(second, message)]);
    expect(replies).toEqual(replies.map(() => ({ ...accepted, duplicate: true })));

    const other = { ...message, report: reportText(study, { ...answers, stay: null }).replace('{', '{ ') };
    expect(code(await send(second, other))).toBe('REPORT_CONFLICT');
    expect(await voices(coordinator)).toBe(1);
  });

  it('takes many devices at the same time, one voice each', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const names = Array.from({ length: 60 }, (_, i) => ({
      name: `employee ${i}`,
      group: i % 2 === 0 ? 'sales' : 'legal',
    }));
    const tokens = await coordinator.invite('pulse', ...names);
    const clients = await Promise.all(Array.from({ length: 6 }, () => coordinator.connect()));
    const replies = await Promise.all(
      tokens.map((token, i) =>
        send(clients[i % 6]!, { protocol: PROTOCOL_VERSION, token, report: reportText(study, answers) }),
      ),
    );
    expect(replies.every((reply) => reply.ok && !reply.duplicate)).toBe(true);
    expect(await voices(coordinator)).toBe(60);
  });

  it('[S10] has an acknowledged report after a restart', async () => {
    const before = await runCoordinator({ manifests: [manifest] });
    const [token] = await before.invite('pulse', { name: 'Ann', group: 'sales' });
    const message = { protocol: PROTOCOL_VERSION, token, report: reportText(study, answers) };
    const accepted = await send(await before.connect(), message);
    await before.close();
    const after = await runCoordinator({ dataFolder: before.dataFolder });
    expect(await send(await after.connect(), message)).toEqual({ ...accepted, duplicate: true });
  });

  it('[P4] refuses what it cannot count, by name, and logs neither tokens nor answers', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const [token = ''] = await coordinator.invite('pulse', { name: 'Ann', group: 'sales' });
    const client = await coordinator.connect();
    const report = reportText(study, answers);
    const message = { protocol: PROTOCOL_VERSION, token, report };
    const otherVersion = reportText({ ...study, hash: `sha256-${'B'.repeat(43)}=` }, answers);
    const refusals: [string, unknown][] = [
      ['TOKEN_INVALID', { ...message, token: `${token.slice(0, -4)}AAAA` }],
      ['TOKEN_INVALID', { ...message, token: 'x' }],
      ['MANIFEST_MISMATCH', { ...message, report: otherVersion }],
      ['REPORT_INVALID', { ...message, report: 'no JSON' }],
      ['MESSAGE_TOO_LARGE', { ...message, report: report.padEnd(20_000) }],
      ['PROTOCOL_VERSION', { ...message, protocol: 99 }],
      ['MESSAGE_MALFORMED', { ...message, extra: 1 }],
      ['MESSAGE_MALFORMED', { ...message, report: { nested: true } }],
      ['MESSAGE_MALFORMED', { ...message, token: Buffer.from('x') }],
      ['MESSAGE_MALFORMED', { ...message, token: 'x'.repeat(5000) }],
    ];
    for (const [wanted, data] of refusals) expect(code(await send(client, data))).toBe(wanted);
    expect(await voices(coordinator)).toBe(0);
    expect(code(await send(client, message))).toBe('ok');
    expect(coordinator.logged.join('')).not.toContain(token.slice(0, 20));
    expect(coordinator.logged.join('')).not.toContain('letter');
  });

  it('refuses a token of a study that is not here, and a report of a study without a survey', async () => {
    const { survey: _, ...rest } = manifest;
    const trainingOnly = parseManifest({ ...rest, id: 'model', training: trainingTask });
    const before = await runCoordinator({ manifests: [trainingOnly] });
    await before.close();
    const store = await SqliteStore.open(before.dataFolder);
    const invitations = new Invitations(await store.secret('invitation', 32));
    await store.close();
    const client = await (await runCoordinator({ dataFolder: before.dataFolder })).connect();
    for (const id of ['pulse', 'model']) {
      const token = await invitations.sign({ study: id, sub: 'employee-ann', group: 'sales' });
      expect(code(await send(client, { protocol: PROTOCOL_VERSION, token, report: '{}' }))).toBe('STUDY_UNKNOWN');
    }
  });
});
