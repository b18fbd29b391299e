import { createHash } from 'node:crypto';
import { checkLog, type LogEntry, type Manifest, manifestHash, surveyChannels } from '@chorale/protocol';
import { expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from '../http/server-file.ts';

const answers = { stay: true, workload: 4, recommend: 9, improve: 'rooms', hours: 38 };
const DAY_MS = 24 * 60 * 60 * 1000;

/** A coordinator whose day can be ended, and what takes files from it. */
async function exporting({ more = {} }: { more?: Partial<Manifest> } = {}) {
  const manifest = pulseStudy({ more });
  // Noon, so that nothing here happens at the turn of a day.
  const clock = { now: Date.UTC(2026, 10, 1, 12) };
  const coordinator = await runCoordinator({ manifests: [manifest], now: () => clock.now });
  const { operatorToken } = readServerFile(coordinator.dataFolder)!;
  const socket = await coordinator.connect();
  const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
  const send = async (name: string): Promise<void> => {
    const [token] = await coordinator.invite('pulse', { name, group: 'sales' });
    const report = reportText(study, answers);
    expect(await socket.emitWithAck('report', { protocol: 1, token, report })).not.toHaveProperty('error');
  };
  const ask = (path: string, token: string | null, init: RequestInit = {}): Promise<Response> => {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    return coordinator.get(`/api/v1/${path}`, { ...init, headers: { ...headers, 'content-type': 'application/json' } });
  };
  const take = async (path: string, token: string | null = null): Promise<string> => {
    clock.now += 1000;
    return (await ask(path, token)).text();
  };
  const log = async (): Promise<LogEntry[]> => (await ask('log', operatorToken)).json();
  const exported = async () => (await log()).filter(({ action }) => action.endsWith('-exported'));
  const join = async (name: string): Promise<string> => {
    const body = JSON.stringify({ name, role: 'analyst' });
    return (await (await ask('persons', operatorToken, { method: 'POST', body })).json()).token;
  };
  return { clock, study, send, ask, take, log, exported, join };
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

it('[O7] logs every file that is taken, with the hash of its very bytes, by whom where somebody says so', async () => {
  const { take, join, exported, log, study } = await exporting({ more: { series: 'quarterly' } });
  const token = await join('Ada');
  const files = [
    await take('studies/pulse/export.csv'),
    await take('studies/pulse/export.json'),
    await take('studies/pulse/export.csv', token),
    await take('series/quarterly/export.csv', token),
    await take('studies/pulse/drivers/export.csv'),
  ];
  const ada = { type: 'person', name: 'Ada', role: 'analyst' };
  expect(await exported()).toMatchObject(
    [
      { actor: { type: 'public' }, action: 'study-exported', details: { format: 'csv', manifest: study.hash } },
      { actor: { type: 'public' }, action: 'study-exported', details: { format: 'json' } },
      { actor: ada, action: 'study-exported', subject: 'pulse', details: { format: 'csv' } },
      { actor: ada, action: 'series-exported', subject: 'quarterly', details: { format: 'csv', waves: 1 } },
      {
        actor: { type: 'public' },
        action: 'study-exported',
        subject: 'pulse',
        details: { format: 'csv', part: 'drivers' },
      },
    ].map((entry, i) => ({ ...entry, details: { ...entry.details, file: hashOf(files[i]!) } })),
  );
  expect(await checkLog(await log())).toMatchObject({ finding: null });
});

it('[O7] gives the same file again on the same day, and logs another once there are other numbers or days', async () => {
  const { clock, take, send, exported } = await exporting();
  const first = await take('studies/pulse/export.csv');
  for (let i = 0; i < 4; i += 1) {
    await send(`employee ${i}`);
    // A voice more, but no number that was released: nothing that a visitor could fill the log with.
    expect(await take('studies/pulse/export.csv')).toBe(first);
  }
  expect(await exported()).toHaveLength(1);

  await send('employee 4');
  const second = await take('studies/pulse/export.csv');
  expect(second).not.toBe(first);
  expect(await take('studies/pulse/export.csv')).toBe(second);
  expect(await exported()).toHaveLength(2);

  clock.now += DAY_MS;
  const third = await take('studies/pulse/export.csv');
  expect(third).not.toBe(second);
  const [, , last, ...rest] = await exported();
  expect(last!.details['file']).toBe(hashOf(third));
  // The numbers are those of the day before.
  expect(last!.details['numbers']).toBe((await exported())[1]!.details['numbers']);
  expect(rest).toEqual([]);
});

it('[O7] logs nothing for a token of nobody, for HEAD, or where there is nothing to take', async () => {
  const { ask, exported } = await exporting();
  const refused = await ask('studies/pulse/export.csv', 'x'.repeat(43));
  expect([refused.status, (await refused.json()).code]).toEqual([401, 'TOKEN_INVALID']);
  expect((await ask('studies/pulse/export.csv', null, { method: 'HEAD' })).status).toBe(404);
  expect((await ask('studies/winter/export.csv', null)).status).toBe(404);
  expect(await exported()).toEqual([]);
});

it('[O7] [O6] an evidence pack has the files of the study and of its series', async () => {
  const { take, ask, join } = await exporting({ more: { series: 'quarterly' } });
  const token = await join('Ada');
  const files = [await take('studies/pulse/export.json'), await take('series/quarterly/export.csv', token)];
  const pack = await (await ask('studies/pulse/evidence', token, { method: 'POST', body: '{}' })).text();
  for (const file of files) expect(pack).toContain(hashOf(file));
  expect(pack).toContain('somebody not signed in');
});
