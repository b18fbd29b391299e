import { decodeIntegers, type Manifest, parseManifest, type RoundEndedMessage, updateLength } from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';
import { describe, expect, test } from 'vitest';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { invitation, serve, take, types } from './testing/taking-part.ts';

function oneShotManifest(id: string, clippingNorm = 60): Manifest {
  const manifest = trainingManifest({ id, rounds: 1 });
  return parseManifest({
    ...manifest,
    training: {
      ...manifest.training,
      localEpochs: 1,
      learningRate: 1,
      clippingNorm,
      exampleClippingNorm: 1.5,
      algorithm: { oneShot: { rule: 'gram-matrix' } },
    },
  });
}

/** A coordinator that invites to so many rounds, one after the other, and ends all but the last without a model. */
async function abandoning(manifest: Manifest, rounds: number, { tellsDone = true } = {}) {
  const received: number[][] = [];
  const { url } = await serve((client) => {
    const ended = (round: number, outcome: RoundEndedMessage['outcome'], committedRounds: number): void =>
      void client.emit('round-ended', { study: manifest.id, round, outcome, committedRounds });
    client.on('join', (_, reply) => {
      reply({ ok: true, committedRounds: 0, done: false });
      client.emit('round', invitation(manifest, 1));
    });
    client.on('update', ({ round, update }, reply) => {
      received.push([...new Uint8Array(update)]);
      reply({ ok: true, duplicate: false });
      if (round < rounds) {
        ended(round, 'abandoned', 0);
        client.emit('round', invitation(manifest, round + 1));
      } else if (tellsDone) {
        ended(round, 'committed', 1);
        client.emit('training-done', { study: manifest.id, committedRounds: 1 });
      } else client.emit('training-done', { study: 'another', committedRounds: 0 });
    });
  });
  return { url, received };
}

describe('a device in a one-shot task', () => {
  test('[B1] [T5] sends the same bytes to every round that asks, and is charged for them once', async () => {
    const manifest = oneShotManifest('abandoned-twice');
    const { url, received } = await abandoning(manifest, 3);
    const store = new MemoryDeviceStore();
    const events = await take({ manifest, url, store });
    expect(types(events).filter((type) => type === 'update-sent')).toHaveLength(3);
    expect(types(events).at(-1)).toBe('done');
    expect(received[0]).toHaveLength(4 * updateLength(manifest.training!));
    expect(received).toEqual([received[0], received[0], received[0]]);
    expect(await store.spends()).toMatchObject([
      { kind: 'update', privacyUnit: 'site', loss: { mechanism: 'gaussian', noiseMultiplier: 4 } },
    ]);
    // Nothing of it stays once the task is done.
    expect(await store.update(manifest.id, Number.MAX_SAFE_INTEGER)).toBeNull();
  });

  test('[B8] contributes once as an employee, and sends that to every attempt', async () => {
    const { training, ...rest } = oneShotManifest('own-attempts');
    const manifest = parseManifest({ ...rest, training: { ...training, clients: 'employee' } });
    const { url, received } = await abandoning(manifest, 3);
    const store = new MemoryDeviceStore();
    expect(types(await take({ manifest, url, store })).at(-1)).toBe('done');
    expect(received).toEqual([received[0], received[0], received[0]]);
    expect(await store.spends()).toHaveLength(1);
  });

  test('[B9] has class means reported by PrivUnit, at a pure epsilon', async () => {
    const { training, ...rest } = oneShotManifest('own-means');
    const updateMechanism = { mechanism: 'priv-unit', epsilon: 1.5 } as const;
    const privacy = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, updateMechanism, delta: 1e-6 };
    const algorithm = { oneShot: { rule: 'class-mean-difference' } } as const;
    const manifest = parseManifest({ ...rest, training: { ...training, clients: 'employee', privacy, algorithm } });
    const { url, received } = await abandoning(manifest, 2);
    const store = new MemoryDeviceStore();
    expect(types(await take({ manifest, url, store })).at(-1)).toBe('done');
    expect(received[1]).toEqual(received[0]);
    const report = decodeIntegers(Uint8Array.from(received[0]!), updateLength(manifest.training!));
    expect(Math.hypot(...report)).toBeLessThanOrEqual(updateNormBound(manifest.training!));
    expect(await store.spends()).toMatchObject([{ loss: { mechanism: 'pure', epsilon: 1.5 } }]);
  });

  test('[B1] rows that were erased or a study that is another one are noised and charged anew', async () => {
    const store = new MemoryDeviceStore();
    const manifest = oneShotManifest('changed');
    const sent: number[][] = [];
    const visit = async (visited: Manifest): Promise<void> => {
      const { url, received } = await abandoning(visited, 1, { tellsDone: false });
      const stop = new AbortController();
      await take({
        manifest: visited,
        url,
        store,
        signal: stop.signal,
        onEvent: ({ type }) => type === 'update-sent' && stop.abort(),
      });
      // What was stored for the round itself is sent again in any task.
      await store.deleteUpdates(visited.id, { throughRound: 1 });
      sent.push(received[0]!);
    };
    await visit(manifest);
    await visit(manifest);
    expect(sent[1]).toEqual(sent[0]);
    expect(await store.spends()).toHaveLength(1);
    await visit(oneShotManifest('changed', 50));
    expect(sent[2]).not.toEqual(sent[0]);
    expect(await store.spends()).toHaveLength(2);
    await store.erase(manifest.id);
    await visit(oneShotManifest('changed', 50));
    expect(sent[3]).not.toEqual(sent[2]);
    expect(await store.spends()).toHaveLength(3);
  });
});
