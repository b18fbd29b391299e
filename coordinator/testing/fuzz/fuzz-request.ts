import { connect } from 'node:net';
import type { FuzzRandom } from './fuzz-random.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateValue, strangeValue, toJson } from './mutate-value.ts';

/** A route, as the coordinator describes it. */
export type Route = { method: string; path: string };

/** What requests are made of: values that mean something to the coordinator. */
export type RequestParts = { routes: Route[]; studies: string[]; tokens: string[]; bodies: unknown[] };

/** How long an answer is waited for, in milliseconds: some requests never end, so none is due. */
const PATIENCE_MS = 250;

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'QUERY', ''];
const SEGMENTS = [
  '%00',
  '%',
  '%zz',
  '..',
  '%2e%2e%2f',
  '__proto__',
  'constructor',
  '-1',
  '1e9',
  '9'.repeat(400),
  ' ',
  '\u00fc',
];
const TYPES = ['application/json', 'application/octet-stream', 'text/plain', 'multipart/form-data', 'x', ''];

/** A request that is wrong in a few places, or right in all but one, as bytes. */
export function requestFault(random: FuzzRandom, parts: RequestParts): Buffer {
  const route = random.pick(parts.routes);
  const method = random.chance(0.75) ? route.method : random.pick(METHODS);
  const body = bodyOf(random, parts);
  const lines = [`${method} ${pathOf(random, route, parts)} HTTP/1.1`, 'Host: localhost', ...headersOf(random, parts)];
  if (random.chance(0.5)) lines.push(`Content-Type: ${random.pick(TYPES)}`);
  if (body.length > 0) lines.push(...lengthOf(random, body));
  const bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
  return random.chance(0.2) ? mutateBytes(random, bytes) : bytes;
}

/**
 * Sends bytes on a connection of their own.
 * @returns the status of the answer; `null` when there was none
 */
export function sendRequest(url: string, bytes: Buffer): Promise<number | null> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let head = '';
    const finish = (): void => {
      socket.resetAndDestroy();
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(head);
      resolve(status === null ? null : Number(status[1]));
    };
    const impatient = setTimeout(finish, PATIENCE_MS);
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1').slice(0, 20);
      if (head.length >= 12) socket.end();
    });
    socket
      .on('error', () => {})
      .on('close', () => {
        clearTimeout(impatient);
        finish();
      });
    socket.write(bytes);
  });
}

function pathOf(random: FuzzRandom, { path }: Route, { studies }: RequestParts): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (random.chance(0.2)) return random.pick(SEGMENTS);
    return name === 'id' ? random.pick(studies) : String(random.below(5));
  });
  if (random.chance(0.1)) return `${filled}/${random.pick(SEGMENTS)}`;
  if (random.chance(0.1))
    return `${filled}?${random.bytes(random.below(50)).toString('base64')}=${random.pick(SEGMENTS)}`;
  return random.chance(0.03) ? `/${'a'.repeat(random.below(30_000))}` : filled;
}

function headersOf(random: FuzzRandom, { tokens }: RequestParts): string[] {
  const headers = [];
  if (random.chance(0.5)) headers.push(`Authorization: Bearer ${random.pick(tokens)}`);
  if (random.chance(0.1)) headers.push(`Authorization: ${random.bytes(30).toString('latin1')}`);
  if (random.chance(0.1)) headers.push(`Origin: ${random.pick(['null', 'https://x.example', '*', '\u0001'])}`);
  if (random.chance(0.05)) headers.push(`If-None-Match: ${random.pick(['*', '"', '""', 'W/"x"'])}`);
  if (random.chance(0.05)) headers.push(`Expect: ${random.pick(['100-continue', 'x'])}`);
  if (random.chance(0.05)) headers.push('Connection: Upgrade', `Upgrade: ${random.pick(['websocket', 'h2c', ''])}`);
  if (random.chance(0.02)) headers.push(`X-Long: ${'x'.repeat(random.below(40_000))}`);
  return headers;
}

function bodyOf(random: FuzzRandom, { bodies }: RequestParts): Buffer {
  switch (random.below(5)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return random.bytes(random.below(300));
    case 2:
      return Buffer.from(toJson(strangeValue(random)));
    case 3:
      return mutateBytes(random, Buffer.from(toJson(random.pick(bodies))));
    default:
      return Buffer.from(toJson(mutateValue(random, random.pick(bodies))));
  }
}

function lengthOf(random: FuzzRandom, body: Buffer): string[] {
  if (random.chance(0.8)) return [`Content-Length: ${body.length}`];
  return random.pick([
    ['Content-Length: 0'],
    [`Content-Length: ${body.length + 10}`],
    ['Content-Length: 99999999999'],
    ['Content-Length: -1'],
    ['Content-Length: x'],
    [`Content-Length: ${body.length}`, 'Content-Length: 1'],
    ['Transfer-Encoding: chunked'],
    [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: gzip'],
    [],
  ]);
}
