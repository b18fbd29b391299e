import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { decodeParameters, encodeIntegers, limits, parameterCount, updateLength } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';

const cohort = { size: 2, quorum: 2, overSelection: 1, selectionTimeoutMs: 60_000, deadlineMs: 60_000 };
/** Some 20,000 parameters: more than a socket takes. */
const large = siteTask({ cohort, model: { hidden: [100, 200], activation: 'tanh' } });
const manifest = trainedManifest(large);
const count = parameterCount(large);
const zeros = encodeIntegers(new Int32Array(count));
const present = '/api/v1/studies/attrition/models/0';
const update = '/api/v1/studies/attrition/rounds/1/update';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

/** Two clients that were invited to the first round, with their tokens. */
async function invitedPair(coordinator: Running) {
  const { hash } = await published(coordinator);
  const tokens = await coordinator.invite('attrition', { name: 'a', group: 'north' }, { name: 'b', group: 'south' });
  const clients = tokens.map(() => new TrainingTestClient(coordinator.url));
  for (const [i, client] of clients.entries()) {
    expect(await client.join(tokens[i]!, hash)).toMatchObject({ ok: true });
  }
  const invitations = await Promise.all(clients.map((client) => client.next('round')));
  return { tokens, clients, invitations };
}

async function published(coordinator: Running): Promise<{ hash: string }> {
  const response = await coordinator.get('/api/v1/studies/attrition');
  return { hash: response.headers.get('etag')!.replaceAll('"', '') };
}

function post(coordinator: Running, path: string, token: string, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' };
  return coordinator.get(path, { method: 'POST', headers, body });
}

const codeOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

describe('large models and updates', () => {
  it('go over HTTP: a round is committed by updates that no socket took', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const { tokens, clients, invitations } = await invitedPair(coordinator);
    expect(invitations[0]).toMatchObject({ round: 1, model: null, modelRound: 0 });

    const response = await coordinator.get(present);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(decodeParameters(bytes, count).some((value) => value !== 0)).toBe(true);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const etag = `"sha256-${createHash('sha256').update(bytes).digest('base64url')}"`;
    expect(response.headers.get('etag')).toBe(etag);
    const again = await coordinator.get(present, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    // As a proxy that compresses, and a cache with several versions, ask.
    for (const known of [`W/${etag}`, `"older", ${etag}`]) {
      expect((await coordinator.get(present, { headers: { 'if-none-match': known } })).status).toBe(304);
    }
    expect((await coordinator.get(present, { headers: { 'if-none-match': '"older"' } })).status).toBe(200);

    const ended = clients.map((client) => client.next('round-ended'));
    expect(await (await post(coordinator, update, tokens[0]!, zeros)).json()).toEqual({ duplicate: false });
    expect(await (await post(coordinator, update, tokens[0]!, zeros)).json()).toEqual({ duplicate: true });
    expect(await (await post(coordinator, update, tokens[1]!, zeros)).json()).toEqual({ duplicate: false });
    expect(await Promise.all(ended)).toMatchObject([{ outcome: 'committed' }, { outcome: 'committed' }]);
    expect(await codeOf(await coordinator.get(present))).toEqual([404, 'ROUND_CLOSED']);
    expect((await coordinator.get('/api/v1/studies/attrition/models/1')).status).toBe(200);

    const trained = '/api/v1/studies/attrition/model/weights.bin';
    const weights = await coordinator.get(trained);
    expect((await weights.arrayBuffer()).byteLength).toBe(4 * count);
    const tag = weights.headers.get('etag')!;
    expect(weights.headers.get('cache-control')).toBe('no-cache');
    expect((await coordinator.get(trained, { headers: { 'if-none-match': tag } })).status).toBe(304);
    for (const client of clients) client.close();
  });

  it('[T5] go over HTTP where the update is large, though the model is not', async () => {
    const task = siteTask({
      cohort,
      features: Array.from({ length: 5 }, (_, i) => ({
        type: 'category' as const,
        column: `Job ${i}`,
        categories: Array.from({ length: 40 }, (_value, job) => `job ${job}`),
      })),
      rounds: 1,
      learningRate: 1,
      clippingNorm: 100,
      privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 2, delta: 1e-6 },
      algorithm: { oneShot: { rule: 'gram-matrix' } },
    });
    const statistics = encodeIntegers(new Int32Array(updateLength(task)).fill(3));
    expect(statistics.byteLength).toBeGreaterThan(limits.bulkBytes);
    const coordinator = await runCoordinator({ manifests: [trainedManifest(task)] });
    const { tokens, clients, invitations } = await invitedPair(coordinator);
    expect(invitations[0]!.model).toHaveLength(4 * parameterCount(task));
    const ended = clients.map((client) => client.next('round-ended'));
    const [token = ''] = tokens;
    expect(await codeOf(await post(coordinator, update, token, statistics.slice(4)))).toEqual([422, 'UPDATE_SHAPE']);
    for (const each of tokens) expect((await post(coordinator, update, each, statistics)).status).toBe(200);
    expect(await Promise.all(ended)).toMatchObject([{ outcome: 'committed' }, { outcome: 'committed' }]);
    const weights = await coordinator.get('/api/v1/studies/attrition/model/weights.bin');
    expect((await weights.arrayBuffer()).byteLength).toBe(4 * parameterCount(task));
    for (const client of clients) client.close();
  });

  it('[P4] are refused by name: strangers, other shapes, other rounds, too much', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest, trainedManifest(large, 'another')] });
    const { tokens, clients } = await invitedPair(coordinator);
    const [token = ''] = tokens;
    const [elsewhere = ''] = await coordinator.invite('another', { name: 'a', group: 'north' });
    const [outsider = ''] = await coordinator.invite('attrition', { name: 'c', group: 'west' });
    const loud = encodeIntegers(new Int32Array(count).fill(2 ** 31 - 1));
    for (const [path, bearer, body, status, code] of [
      [update, '', zeros, 401, 'TOKEN_INVALID'],
      [update, 'x', zeros, 401, 'TOKEN_INVALID'],
      [update, elsewhere, zeros, 401, 'TOKEN_INVALID'],
      [update, outsider, zeros, 403, 'NOT_IN_COHORT'],
      [update.replace('/1/', '/2/'), token, zeros, 403, 'NOT_IN_COHORT'],
      [update, token, zeros.slice(4), 422, 'UPDATE_SHAPE'],
      [update, token, new Uint8Array(0), 422, 'UPDATE_SHAPE'],
      [update, token, loud, 422, 'UPDATE_OVER_NORM'],
      [update, token, new Uint8Array(zeros.length + 1), 413, 'MESSAGE_TOO_LARGE'],
      [update.replace('/1/', '/-1/'), token, zeros, 400, 'MESSAGE_MALFORMED'],
      [update.replace('/1/', '/1e3/'), token, zeros, 400, 'MESSAGE_MALFORMED'],
      [update.replace('attrition', 'unknown'), token, zeros, 404, 'STUDY_UNKNOWN'],
    ] as const) {
      const response = await post(coordinator, path, bearer, body);
      expect(await codeOf(response), `${path} ${code}`).toEqual([status, code]);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
    }
    for (const [path, code] of [
      [present.replace('0', '1'), 'ROUND_CLOSED'],
      [present.replace('0', '-1'), 'MESSAGE_MALFORMED'],
      [present.replace('0', '99999999'), 'MESSAGE_MALFORMED'],
      [present.replace('attrition', 'unknown'), 'STUDY_UNKNOWN'],
    ] as const) {
      expect(await codeOf(await coordinator.get(path))).toContain(code);
    }
    // Nothing of it was counted.
    expect(await (await coordinator.get('/api/v1/studies/attrition/rounds')).json()).toMatchObject({
      rounds: [{ round: 1, state: 'reporting', accepted: 0 }],
    });
    for (const client of clients) client.close();
  });

  it('are refused by their declared size before any of the body is read', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const { tokens, clients } = await invitedPair(coordinator);
    const raw = connect(Number(new URL(coordinator.url).port), '127.0.0.1');
    raw.write(
      `POST ${update} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${tokens[0]}\r\n` +
        `content-type: application/octet-stream\r\ncontent-length: ${zeros.length + 1}\r\n\r\n`,
    );
    // Not one byte of it is sent.
    let answer = '';
    raw.on('data', (chunk) => (answer += chunk.toString()));
    await once(raw, 'end');
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"MESSAGE_TOO_LARGE"');
    for (const client of clients) client.close();
  });

  it('are cut at the limit where they do not declare a size', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    const { tokens, clients } = await invitedPair(coordinator);
    const chunked = (parts: number) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const headers = { authorization: `Bearer ${tokens[0]}`, 'content-type': 'application/octet-stream' };
        const sending = request(new URL(update, coordinator.url), { method: 'POST', headers }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve({ status: response.statusCode, text }));
        });
        sending.on('error', reject);
        for (let i = 0; i < parts; i += 1) sending.write(zeros.subarray(0, zeros.length / 2));
        // Never ended: the answer comes all the same where it is too much.
        if (parts <= 2) sending.end();
      });
    expect(await chunked(3)).toMatchObject({ status: 413, text: expect.stringContaining('MESSAGE_TOO_LARGE') });
    expect(await chunked(2)).toMatchObject({ status: 200, text: '{"duplicate":false}' });
    for (const client of clients) client.close();
  });

  it('let pages of other origins ask first', async () => {
    const { get } = await runCoordinator({ manifests: [manifest] });
    const response = await get(update, { method: 'OPTIONS', headers: { origin: 'https://hr.example' } });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization');
  });
});
