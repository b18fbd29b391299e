import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { encodeIntegers, manifestHash, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from '../http/server-file.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

const pulse = pulseStudy();
const cohort = { size: 2, quorum: 2, overSelection: 1, selectionTimeoutMs: 60_000, deadlineMs: 60_000 };
const training = trainedManifest(
  siteTask({ cohort, rounds: 1, evaluation: { ...siteTask().evaluation, everyRounds: 5 } }),
);

async function scrape(coordinator: Running): Promise<string> {
  const headers = { authorization: `Bearer ${readServerFile(coordinator.dataFolder)!.operatorToken}` };
  return (await coordinator.get('/metrics', { headers })).text();
}

/** One report, its repeat, a refusal, and a committed round of two sites. */
async function fullRun(coordinator: Running): Promise<{ tokens: string[] }> {
  const study = { manifest: pulse, hash: await manifestHash(pulse), channels: surveyChannels(pulse.survey!) };
  const [token = ''] = await coordinator.invite('pulse', { name: 'Ann', group: 'sales' });
  const client = await coordinator.connect();
  const message = { protocol: PROTOCOL_VERSION, token, report: reportText(study, { stay: true }) };
  for (let i = 0; i < 2; i += 1) await client.timeout(5000).emitWithAck('report', message);
  await client.timeout(5000).emitWithAck('report', { ...message, report: 'none' });

  const tokens = await coordinator.invite('attrition', { name: 'a', group: 'north' }, { name: 'b', group: 'south' });
  const clients = tokens.map(() => new TrainingTestClient(coordinator.url));
  for (const [i, one] of clients.entries()) await one.join(tokens[i]!, await manifestHash(training));
  for (const one of clients) {
    const { round } = await one.next('round');
    await one.request('update', { study: 'attrition', round, update: encodeIntegers(new Int32Array(3)) });
  }
  for (const one of clients) await one.next('round-ended');
  for (const one of clients) one.close();
  await coordinator.get('/api/v1/studies/nowhere');
  return { tokens: [token, ...tokens] };
}

describe('/metrics', () => {
  it('counts reports, refusals, rounds and what they spent, by study and code', async () => {
    const coordinator = await runCoordinator({ manifests: [pulse, training] });
    await fullRun(coordinator);
    const text = await scrape(coordinator);
    for (const line of [
      'chorale_reports_total{outcome="stored"} 1',
      'chorale_reports_total{outcome="duplicate"} 1',
      'chorale_reports_total{outcome="refused"} 1',
      'chorale_refusals_total{code="REPORT_INVALID",boundary="websocket"} 1',
      'chorale_refusals_total{code="STUDY_UNKNOWN",boundary="http"} 1',
      'chorale_rounds_total{study="attrition",kind="train",outcome="committed"} 1',
      'chorale_round_duration_seconds_count{study="attrition",kind="train"} 1',
      'chorale_round_clients_total{study="attrition",state="accepted"} 2',
      'chorale_round_clients_total{study="attrition",state="lost"} 0',
      'chorale_clients_waiting{study="attrition"} ',
      'chorale_round_phase{study="attrition",phase="aggregating"} 0',
      'chorale_connections ',
      'chorale_store_duration_seconds_count{operation="addReport"} 2',
      'nodejs_eventloop_lag_p99_seconds ',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/chorale_epsilon_spent\{study="attrition",unit="site"\} \d+\.\d+/);
    expect(text).toMatch(/chorale_received_bytes_total\{transport="websocket"\} [1-9]\d{3,}/);
    expect(text).toMatch(/chorale_sent_bytes_total\{transport="http"\} [1-9]\d{2,}/);
  });

  it('counts the bytes that came, not those that were promised', async () => {
    const coordinator = await runCoordinator({ manifests: [pulse] });
    const socket = connect(Number(new URL(coordinator.url).port), '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.write('POST /api/v1/studies HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    const [, received = ''] = /chorale_received_bytes_total\{transport="http"\} (\S+)/.exec(await scrape(coordinator))!;
    expect(Number(received)).toBeGreaterThan(50);
    expect(Number(received)).toBeLessThan(10_000);
  });

  it('is for the operator alone, unless it is made public', async () => {
    const { get } = await runCoordinator();
    const response = await get('/metrics');
    expect([response.status, await response.json()]).toMatchObject([401, { code: 'TOKEN_INVALID' }]);
    const open = await runCoordinator({ metricsPublic: true });
    expect((await open.get('/metrics')).status).toBe(200);
  });

  it('knows no participant, token or address, and neither does the log', async () => {
    const coordinator = await runCoordinator({ manifests: [pulse, training] });
    const { tokens } = await fullRun(coordinator);
    const written = `${coordinator.logged.join('')}${await scrape(coordinator)}`;
    expect(coordinator.logged.length).toBeGreaterThan(0);
    for (const token of tokens) {
      const [head = '', claims = '', signature = ''] = token.split('.');
      const { sub }: { sub: string } = JSON.parse(Buffer.from(claims, 'base64url').toString());
      expect(head.length).toBeGreaterThan(10);
      for (const secret of [claims, signature, sub]) expect(written).not.toContain(secret);
    }
    const operator = readServerFile(coordinator.dataFolder)!.operatorToken;
    for (const secret of ['127.0.0.1', '::1', '::ffff', 'letter', 'outputs', operator]) {
      expect(written).not.toContain(secret);
    }
  });
});

describe('deploy/grafana-dashboard.json', () => {
  it('shows metrics that exist, and all of ours', async () => {
    const coordinator = await runCoordinator({ manifests: [pulse, training] });
    await fullRun(coordinator);
    const text = await scrape(coordinator);
    const path = join(import.meta.dirname, '..', '..', 'deploy', 'grafana-dashboard.json');
    const dashboard: { panels: { title: string; targets?: { expr: string }[] }[] } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    const used = new Set(
      dashboard.panels
        .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
        .flatMap((expr) => expr.match(/\b(?:chorale|nodejs|process)_\w+/g) ?? []),
    );
    const exposed = new Set([...text.matchAll(/^(\w+)(?:\{| )/gm)].map((match) => match[1]!));
    for (const name of used) expect(exposed, name).toContain(name);
    const ours = [...text.matchAll(/^# TYPE (chorale_\w+)/gm)].map((match) => match[1]!);
    const shown = [...used].map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect(ours.filter((name) => !shown.includes(name))).toEqual([]);
  });
});
