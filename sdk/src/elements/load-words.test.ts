import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { loadWords } from './load-words.ts';
import en from './messages/en.json';

/** What the server says, by path. */
const files: Record<string, { status?: number; body: string }> = {};
let server: Server;
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {});

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    const file = files[url ?? ''] ?? { status: 404, body: 'nothing here' };
    response.writeHead(file.status ?? 200).end(file.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
afterEach(() => warnings.mockClear());

function put(path: string, body: unknown, status = 200): URL {
  files[path] = { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
  return new URL(path, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

test.each([
  ['de', 'de', 'Teilnehmen'],
  ['de-AT', 'de-AT', 'Teilnehmen'],
  ['fr', 'fr', 'Participer'],
  ['pt', 'en', 'Take part'],
  ['no locale!', 'en', 'Take part'],
])('a page in "%s" has the texts of %s', async (asked, locale, text) => {
  const words = await loadWords(asked);
  expect([words.locale, words.text('notice.participate')]).toEqual([locale, text]);
});

test('[U3] what a file lacks is English, and said once', async () => {
  const { loading: _, ...most } = en;
  const url = put('/pt.json', {
    ...most,
    'notice.participate': 'Participar',
    'form.answered': { other: '{count} já' },
  });
  const words = await loadWords('pt', url);
  await loadWords('pt', url);
  expect([words.locale, words.text('notice.participate'), words.text('loading')]).toEqual([
    'pt',
    'Participar',
    en.loading,
  ]);
  expect(words.text('form.answered', { count: 3 })).toBe('3 já');
  expect(warnings.mock.calls).toEqual([[expect.stringMatching(/pt\.json: no text for loading$/)]]);
});

test('[U3] a dialect’s file changes what it has, over the language that the SDK has', async () => {
  const words = await loadWords('de-CH', put('/de-ch.json', { 'notice.participate': 'Mitmachen' }));
  expect([words.text('notice.participate'), words.text('notice.later')]).toEqual(['Mitmachen', 'Jetzt nicht']);
});

test.each<[string, unknown, number, RegExp]>([
  ['is not there', 'nothing', 404, /status 404/],
  ['is no JSON', '<html>', 200, /JSON/],
  ['is no catalogue', { 'form.send': 3 }, 200, /form\.send: Invalid type/],
  ['has a plural without its last form', { loading: { one: 'a' } }, 200, /loading: Invalid type/],
  ['has a text of a book’s length', { loading: 'a'.repeat(2001) }, 200, /length/],
  ['is too long', { loading: 'a', padding: ' '.repeat(140_000) }, 200, /longer than/],
])('[U3] a file that %s is reported, and the survey opens in English', async (name, body, status, problem) => {
  const url = put(`/${name.replaceAll(/\W/g, '')}.json`, body, status);
  const words = await loadWords('pt', url);
  expect([words.locale, words.text('loading')]).toEqual(['en', en.loading]);
  expect(warnings.mock.calls).toEqual([[expect.stringMatching(problem)]]);
});
