import { buffer } from 'node:stream/consumers';
import { parseManifest } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { invitation, serve, take, types } from './testing/taking-part.ts';

const { training, ...manifest } = trainingManifest();
/** A model of 82 kB, which travels beside the socket. */
const large = parseManifest({
  ...manifest,
  training: {
    ...training!,
    model: { hidden: [4096], activation: 'relu' },
    cohort: { ...training!.cohort, quorum: training!.cohort.size },
    asynchronous: { maximumStaleness: 3, stalenessExponent: 0.5 },
  },
});

test('[R21] in asynchronous training, a client that comes too late for its model frees its place and gets the next', async () => {
  const store = new MemoryDeviceStore();
  const declined: unknown[] = [];
  const updates: Buffer[] = [];
  const { url } = await serve(
    (client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(large, 3, { model: null, modelRound: 2 }));
      });
      client.on('decline', (message, reply) => {
        declined.push(message);
        reply({ ok: true });
        client.emit('round', invitation(large, 4, { model: null, modelRound: 3 }));
      });
    },
    {
      onRequest: async (request, response) => {
        if (request.method === 'POST') {
          updates.push(await buffer(request));
          response.end('{"duplicate":false}');
        } else if (request.url!.endsWith('/models/3')) {
          response.end(Buffer.alloc(20_481 * 4));
        } else {
          response.writeHead(404, { 'content-type': 'application/problem+json' });
          response.end('{"code":"ROUND_CLOSED","detail":"another model is there"}');
        }
      },
    },
  );
  const stop = new AbortController();
  const events = await take({
    manifest: large,
    url,
    store,
    signal: stop.signal,
    onEvent: ({ type }) => {
      if (type === 'update-sent') stop.abort();
    },
  });
  expect(declined).toEqual([{ study: large.id, round: 3, code: 'ROUND_CLOSED' }]);
  expect(types(events).slice(-4)).toEqual(['round-started', 'refused', 'round-started', 'update-sent']);
  expect(updates).toHaveLength(1);
  expect((await store.spends()).map(({ reference }) => reference.split(' ')[0])).toEqual(['4']);
});
