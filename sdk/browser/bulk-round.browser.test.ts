import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { accountSubsampledGaussian } from '@chorale/privacy';
import {
  canonicalManifest,
  type ClientToServerEvents,
  parameterCount,
  type RoundMessage,
  type ServerToClientEvents,
} from '@chorale/protocol';
import { Server, type Socket } from 'socket.io';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from '../../e2e/browsers.ts';
import { LEDGER_DELTA } from '../src/ledger.ts';
import { trainingManifest, trainingRecords } from '../src/testing/training-study.ts';
import './device/page.ts';
import { serveBuild, type ServedBuild } from './served-build.ts';

type Client = Socket<ClientToServerEvents, ServerToClientEvents>;

const tiny = trainingManifest();
/** A model of 82 kB, which travels beside the socket, and so many steps that a round lasts. */
const manifest = {
  ...tiny,
  training: { ...tiny.training!, model: { hidden: [4096], activation: 'relu' as const }, localEpochs: 2 },
};
const slow = { ...manifest, id: 'slow', training: { ...manifest.training, localEpochs: 1000 } };
const bytes = 4 * parameterCount(manifest.training);

let build: ServedBuild;
let browser: Browser;
beforeAll(async () => {
  build = await serveBuild({ root: new URL('device', import.meta.url).pathname, origins: [{}] });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await build?.close();
});

const invitation = (study: string, round = 4): RoundMessage => ({
  study,
  round,
  kind: 'train',
  model: null,
  modelRound: 3,
  deadlineMs: 120_000,
});

const updateTo = (round: number): string => `POST /api/v1/studies/tiny/rounds/${round}/update`;

/** The ends of a coordinator on another origin than the page, which invites whoever joins to round 4. */
async function coordinatorOf(
  study: typeof manifest,
  onUpdate: (request: IncomingMessage, response: ServerResponse) => void = () => {},
): Promise<{ url: string; asked: string[]; clients: Client[] }> {
  const asked: string[] = [];
  const clients: Client[] = [];
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/socket.io/')) return;
    asked.push(`${request.method} ${request.url}`);
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else if (request.method === 'POST') onUpdate(request, response);
    else if (request.url?.includes('/models/')) {
      response.writeHead(200, { 'cache-control': 'public, max-age=31536000, immutable', etag: '"a"' });
      response.end(Buffer.alloc(bytes));
    } else response.end(canonicalManifest(study));
  });
  const io = new Server<ClientToServerEvents, ServerToClientEvents>(server, { cors: { origin: '*' } });
  io.on('connection', (client) => {
    clients.push(client);
    client.on('join', (_, reply) => {
      reply({ ok: true, committedRounds: 3, done: false });
      client.emit('round', invitation(study.id));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await io.close();
  });
  return { url: `http://localhost:${(server.address() as AddressInfo).port}`, asked, clients };
}

async function openSite(coordinator: string, study: string): Promise<Page> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(build.origins[0]!);
  expect(
    await page.evaluate((o) => globalThis.device.chorale.open(o), { coordinator, study, token: 'to.ken' }),
  ).toBeNull();
  const { inputs, labels, rows } = trainingRecords(manifest);
  await page.evaluate((r) => globalThis.device.chorale.putRecords(r), {
    inputs: [...inputs],
    labels: [...labels],
    rows,
  });
  return page;
}

test('[B1] a large model and update travel beside the socket, from another origin, the same bytes at every attempt', async () => {
  const updates: Buffer[] = [];
  const headers: unknown[] = [];
  const { url, asked, clients } = await coordinatorOf(manifest, (request, response) => {
    headers.push(request.headers.authorization);
    void buffer(request).then((body) => {
      updates.push(body);
      if (updates.length === 1) {
        response.writeHead(503, { 'content-type': 'application/problem+json' });
        response.end('{"code":"UNAVAILABLE","detail":"draining","retryAfterMs":10}');
        return;
      }
      response.end('{"duplicate":false}', () => {
        if (updates.length === 2) clients[0]!.emit('round', invitation(manifest.id, 5));
        else clients[0]!.emit('training-done', { study: manifest.id, committedRounds: 4 });
      });
    });
  });
  const page = await openSite(url, manifest.id);
  const { events, failure } = await page.evaluate(() => globalThis.device.chorale.train());
  expect(failure).toBeNull();
  expect(events).toContainEqual({ type: 'update-sent', round: 4, bytes, duplicate: false });
  // The model that the browser has from the round before is not believed without asking.
  const model = 'GET /api/v1/studies/tiny/models/3';
  expect(asked.filter((line) => line === model || line.startsWith('POST'))).toEqual([
    model,
    updateTo(4),
    updateTo(4),
    model,
    updateTo(5),
  ]);
  expect(new Set(headers)).toEqual(new Set(['Bearer to.ken']));
  expect(updates[0]!.byteLength).toBe(bytes);
  expect(updates[1]!.equals(updates[0]!)).toBe(true);
  expect((await page.evaluate(() => globalThis.device.chorale.state())).entries).toBe(2);
});

test('[B6] a site that samples its rows trains in the worker, and is charged what its steps compose to', async () => {
  const { training } = manifest;
  const privacy = { ...training.privacy, exampleNoiseMultiplier: 1, exampleSamplingRate: 0.1 };
  const sampled = { ...manifest, training: { ...training, privacy: { ...privacy, updateNoiseMultiplier: 0 } } };
  const updates: Buffer[] = [];
  const { url, clients } = await coordinatorOf(sampled, (request, response) => {
    void buffer(request).then((body) => {
      updates.push(body);
      response.end('{"duplicate":false}', () => {
        if (updates.length === 1) clients[0]!.emit('round', invitation(sampled.id, 5));
        else clients[0]!.emit('training-done', { study: sampled.id, committedRounds: 4 });
      });
    });
  });
  const page = await openSite(url, sampled.id);
  const { events, failure } = await page.evaluate(() => globalThis.device.chorale.train());
  expect(failure).toBeNull();
  expect(updates).toHaveLength(2);
  // Two epochs of ten steps, in either round, whatever the samples are.
  const progress = events.flatMap((event) => (event.type === 'local-progress' ? [event.steps] : []));
  expect(new Set(progress)).toEqual(new Set([20]));
  const { balances, entries } = await page.evaluate(() => globalThis.device.chorale.state());
  expect(entries).toBe(2);
  // All of one noise and rate, they have half of the ledger's delta.
  const steps = { noiseMultiplier: 1, samplingRate: 0.1, steps: 40, delta: LEDGER_DELTA / 2 };
  const { epsilon } = accountSubsampledGaussian({ ...steps, neighboringRelation: 'replace-one' });
  const employee = balances.find(({ privacyUnit }) => privacyUnit === 'employee')!;
  expect(employee.spent / epsilon).toBeCloseTo(1, 9);
  expect(balances.find(({ privacyUnit }) => privacyUnit === 'site')!.spent).toBe(0);
});

test('a round that has enough stops the worker at once, and nothing is charged or sent', async () => {
  const { url, asked, clients } = await coordinatorOf(slow);
  const page = await openSite(url, slow.id);
  await page.evaluate(() => globalThis.device.chorale.startTraining());
  await page.evaluate(() => globalThis.device.chorale.event('training', 'local-progress'));
  clients[0]!.emit('round-ended', { study: slow.id, round: 4, outcome: 'closed', committedRounds: 3 });
  await page.evaluate(() => globalThis.device.chorale.event('training', 'round-ended'));
  expect((await page.evaluate(() => globalThis.device.chorale.state())).entries).toBe(0);
  expect(asked.filter((line) => line.startsWith('POST'))).toEqual([]);
});
