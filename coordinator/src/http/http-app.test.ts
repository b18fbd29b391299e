import { request } from 'node:http';
import { canonicalManifest, manifestHash, parseManifest, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy, trainingTask } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from './server-file.ts';

const manifest = pulseStudy();
const hash = await manifestHash(manifest);

describe('GET /api/v1/studies', () => {
  it('lists what is published, for pages of any origin', async () => {
    const { survey: _, ...rest } = manifest;
    const model = parseManifest({ ...rest, id: 'model', training: trainingTask });
    const { get } = await runCoordinator({ manifests: [manifest, model] });
    const response = await get('/api/v1/studies');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const common = { title: 'Pulse', simulated: false, state: 'open', voices: 0 };
    expect(await response.json()).toEqual([
      { ...common, id: 'pulse', manifest: hash, survey: true, training: null },
      { ...common, id: 'model', manifest: await manifestHash(model), survey: false, training: 'site' },
    ]);
    expect(await (await get('/api/v1/studies/model/rounds')).json()).toMatchObject({
      study: 'model',
      totalRounds: 2,
      committedRounds: 0,
    });
    expect(await (await get('/api/v1/studies/model/model')).json()).toMatchObject({
      status: 404,
      code: 'TRAINING_ABSENT',
    });
  });

  it('[S1] gives the very bytes that the identity is the hash of', async () => {
    const { get } = await runCoordinator({ manifests: [manifest] });
    const response = await get('/api/v1/studies/pulse');
    expect(await response.text()).toBe(canonicalManifest(manifest));
    expect(response.headers.get('etag')).toBe(`"${hash}"`);
    const again = await get('/api/v1/studies/pulse', { headers: { 'if-none-match': `"${hash}"` } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('gives the results, and the live count with them', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const client = await coordinator.connect();
    const study = { manifest, hash, channels: surveyChannels(manifest.survey!) };
    const names = Array.from({ length: 6 }, (_, i) => ({ name: `employee ${i}`, group: 'sales' }));
    for (const token of await coordinator.invite('pulse', ...names)) {
      const reply = await client.emitWithAck('report', {
        protocol: PROTOCOL_VERSION,
        token,
        report: reportText(study, { stay: true }),
      });
      expect(reply.ok).toBe(true);
    }
    const response = await coordinator.get('/api/v1/studies/pulse/results');
    expect(await response.json()).toMatchObject({ study: 'pulse', manifest: hash, voices: 6, minimumGroupSize: 5 });
  });

  it('[P4] answers what it does not have with problem details', async () => {
    const { get } = await runCoordinator({ manifests: [manifest] });
    for (const [path, status, code] of [
      ['/api/v1/studies/unknown', 404, 'STUDY_UNKNOWN'],
      ['/api/v1/studies/unknown/results', 404, 'STUDY_UNKNOWN'],
      ['/api/v1/studies/unknown/rounds', 404, 'STUDY_UNKNOWN'],
      ['/api/v1/studies/unknown/model', 404, 'STUDY_UNKNOWN'],
      ['/api/v1/studies/pulse/rounds', 404, 'TRAINING_ABSENT'],
      ['/api/v1/studies/pulse/model', 404, 'TRAINING_ABSENT'],
      ['/api/v1/studies/__proto__', 404, 'STUDY_UNKNOWN'],
      [`/api/v1/studies/${'x'.repeat(90)}`, 404, 'STUDY_UNKNOWN'],
      [`/api/v1/studies/${'x'.repeat(200)}`, 404, 'NOT_FOUND'],
      ['/api/v1/nothing', 404, 'NOT_FOUND'],
      ['/%zz', 400, 'MESSAGE_MALFORMED'],
    ] as const) {
      const response = await get(path);
      expect(response.status, path).toBe(status);
      expect(response.headers.get('content-type'), path).toBe('application/problem+json; charset=utf-8');
      const problem = { type: 'about:blank', title: expect.any(String), status, detail: expect.any(String), code };
      expect(await response.json(), path).toEqual(problem);
    }
  });
});

describe('POST /api/v1/studies', () => {
  it('[S2] publishes for the operator, once', async () => {
    const { get, dataFolder } = await runCoordinator();
    const { operatorToken } = readServerFile(dataFolder)!;
    const body = JSON.stringify(manifest, null, 2);
    const created = await get('/api/v1/studies', publish(body, operatorToken));
    expect([created.status, await created.json()]).toEqual([
      201,
      { study: 'pulse', manifest: hash, outcome: 'created' },
    ]);
    expect((await get('/api/v1/studies', publish(body, operatorToken))).status).toBe(200);
    const conflict = await get('/api/v1/studies', publish(JSON.stringify(pulseStudy({ epsilon: 1 })), operatorToken));
    expect([conflict.status, await conflict.json()]).toMatchObject([409, { code: 'STUDY_CONFLICT' }]);
    for (const bad of ['{}', '[]', '{"a":', JSON.stringify({ ...manifest, extra: 1 })]) {
      expect((await get('/api/v1/studies', publish(bad, operatorToken))).status).toBe(400);
    }
    expect((await get('/api/v1/studies', publish(' '.repeat(600_000), operatorToken))).status).toBe(413);
  });

  it('refuses everybody else', async () => {
    const { get } = await runCoordinator();
    for (const token of ['', 'x', 'x'.repeat(43)]) {
      const response = await get('/api/v1/studies', publish(JSON.stringify(manifest), token));
      expect([response.status, await response.json()]).toMatchObject([401, { code: 'TOKEN_INVALID' }]);
    }
    const none = await get('/api/v1/studies', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(none.status).toBe(401);
  });
});

describe('demo', () => {
  it('serves its pages under clean paths with a strict policy, and hashed files for ever', async () => {
    const { get } = await runCoordinator();
    for (const [path, page] of [
      ['/', 'index'],
      ['/survey', 'survey'],
      ['/site', 'site'],
      ['/results', 'results'],
      ['/results/pulse', 'results'],
      ['/results/pulse/heatmap?group=sales', 'results'],
    ]) {
      const response = await get(path!);
      expect(await response.text()).toContain(`<title>${page}</title>`);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      const policy = response.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
      expect(policy).toContain("connect-src 'self';");
      expect(policy).toContain("object-src 'none'");
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    }
    const script = await get('/assets/page-1a2b.js');
    expect(script.headers.get('content-type')).toContain('javascript');
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('serves nothing from outside its folder', async () => {
    const { url } = await runCoordinator();
    // Clients tidy such paths up before they send them; an attacker does not.
    for (const path of [
      '/../package.json',
      '/assets/../../studies',
      '/%2e%2e/package.json',
      '/..%2fpackage.json',
      '//etc/passwd',
      '/assets/%00',
    ]) {
      const status = await new Promise((resolve, reject) => {
        request(url, { path }, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
      expect([400, 403, 404]).toContain(status);
    }
  });

  it('gives one name one participant of a study, and another of another study', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest, pulseStudy({ id: 'exit' })] });
    const [ann, bob, again] = (
      await coordinator.invite('pulse', ...['Ann', 'Bob', 'Ann'].map((name) => ({ name, group: 'sales' })))
    ).map(subject);
    const [elsewhere] = (await coordinator.invite('exit', { name: 'Ann', group: 'legal' })).map(subject);
    expect(ann).toEqual({ study: 'pulse', sub: expect.stringMatching(/^[\w-]{43}$/), group: 'sales' });
    expect(again).toEqual(ann);
    expect(new Set([ann, bob, elsewhere].map((claims) => claims?.sub)).size).toBe(3);
  });

  it('refuses invitations to what is not there, or without a name, or too many', async () => {
    const { get } = await runCoordinator({ manifests: [manifest] });
    const many = Array.from({ length: 1001 }, () => ({ name: 'x', group: 'sales' }));
    for (const [body, status] of [
      [{ study: 'pulse', invitations: [] }, 400],
      [{ study: 'pulse', invitations: many }, 400],
      [{ study: 'pulse', invitations: [{ name: 'x', group: 'board' }] }, 400],
      [{ study: 'pulse', invitations: [{ name: '', group: 'sales' }] }, 400],
      [{ study: 'pulse' }, 400],
      [{ study: 'unknown', invitations: [{ name: 'x', group: 'sales' }] }, 404],
    ] as const) {
      const headers = { 'content-type': 'application/json' };
      const response = await get('/demo/invitations', { method: 'POST', headers, body: JSON.stringify(body) });
      expect([response.status, response.headers.get('content-type')]).toEqual([
        status,
        expect.stringContaining('problem+json'),
      ]);
    }
  });

  it('is not there unless it is asked for', async () => {
    const { get } = await runCoordinator({ demo: null, manifests: [manifest] });
    const body = JSON.stringify({ study: 'pulse', invitations: [{ name: 'x', group: 'sales' }] });
    const response = await get('/demo/invitations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([response.status, (await get('/')).status, (await get('/healthz')).status]).toEqual([404, 404, 200]);
  });
});

function publish(body: string, token: string): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body,
  };
}

/** What a token says, unverified. */
function subject(token = ''): { sub: string } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
}
