import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalManifest, limits, ManifestMismatchError } from '@chorale/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { studyOf } from '../study.ts';
import { pulseManifest } from '../testing/pulse-study.ts';
import { apiUrl } from './api-request.ts';
import { fetchStudy } from './fetch-study.ts';

const manifest = pulseManifest();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** An HTTP server on a real port. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const body = (text: string, status = 200): Promise<string> =>
  serve((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  });

describe('fetching a study', () => {
  test('[S1] gives the manifest, its hash and its channels, from a coordinator with a path of its own', async () => {
    const paths: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      paths.push(request.url);
      response.end(canonicalManifest(manifest));
    });
    const { hash } = await studyOf(manifest);
    const study = await fetchStudy({ coordinator: `${origin}/hr`, study: 'pulse', pin: hash });
    expect(study.manifest).toEqual(manifest);
    expect(study.hash).toBe(hash);
    expect(study.channels?.questionsPerDevice).toBe(5);
    expect(paths).toEqual(['/hr/api/v1/studies/pulse']);
  });

  test('[S1] refuses another version than the pinned one', async () => {
    const { hash } = await studyOf(pulseManifest({ title: 'Pulse, as approved' }));
    const coordinator = await body(canonicalManifest(manifest));
    await expect(fetchStudy({ coordinator, study: 'pulse', pin: hash })).rejects.toThrow(ManifestMismatchError);
  });

  test('[S1] refuses another study than the one asked for', async () => {
    const coordinator = await body(canonicalManifest(manifest));
    await expect(fetchStudy({ coordinator, study: 'other' })).rejects.toThrow(ManifestMismatchError);
  });

  test.each([
    [404, '{}', 'STUDY_UNKNOWN'],
    [500, '{}', 'UNAVAILABLE'],
    [200, 'oh no', 'MANIFEST_INVALID'],
    [200, '{"protocol":1}', 'MANIFEST_INVALID'],
  ])('a response %i of %s is %s', async (status, text, code) => {
    const coordinator = await body(text, status);
    await expect(fetchStudy({ coordinator, study: 'pulse' })).rejects.toMatchObject({ code });
  });

  test.each([
    [
      429,
      { 'content-type': 'application/problem+json' },
      '{"code":"RATE_LIMITED","detail":"too many requests","retryAfterMs":700}',
      { code: 'RATE_LIMITED', message: 'too many requests', retryAfterMs: 700 },
    ],
    [
      503,
      { 'retry-after': '2' },
      '{"code":"STORAGE_UNAVAILABLE"}',
      { code: 'STORAGE_UNAVAILABLE', retryAfterMs: 2000 },
    ],
    [503, { 'retry-after': '3' }, '<html>of a proxy</html>', { code: 'UNAVAILABLE', retryAfterMs: 3000 }],
    [429, {}, '', { code: 'RATE_LIMITED', retryAfterMs: undefined }],
  ])(
    'a refusal with status %i and %o says what is wrong and when to ask again',
    async (status, headers, text, error) => {
      const coordinator = await serve((_, response) => void response.writeHead(status, headers).end(text));
      await expect(fetchStudy({ coordinator, study: 'pulse' })).rejects.toMatchObject(error);
    },
  );

  test('reads no more than a manifest may have, however much comes', async () => {
    const coordinator = await serve((_, response) => {
      const chunk = Buffer.alloc(limits.manifestBytes / 2, 32);
      const more = (): void => void (response.write(chunk) ? setImmediate(more) : response.once('drain', more));
      more();
    });
    await expect(fetchStudy({ coordinator, study: 'pulse' })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  test('a connection that breaks in the middle is lost', async () => {
    const coordinator = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('{', () => response.destroy());
    });
    await expect(fetchStudy({ coordinator, study: 'pulse' })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });

  test('nobody there is a lost connection', async () => {
    const coordinator = await body('');
    for (const close of closing.splice(0)) close();
    await expect(fetchStudy({ coordinator, study: 'pulse' })).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

test.each([
  ['https://hr.example', 'https://hr.example/socket.io/'],
  ['https://hr.example/', 'https://hr.example/socket.io/'],
  ['https://hr.example/chorale', 'https://hr.example/chorale/socket.io/'],
  ['https://hr.example/chorale/', 'https://hr.example/chorale/socket.io/'],
])('the socket of %s is at %s', (coordinator, address) => {
  expect(apiUrl(coordinator, 'socket.io/').href).toBe(address);
});
