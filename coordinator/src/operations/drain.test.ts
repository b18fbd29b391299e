import { encodeIntegers, type Manifest, manifestHash, PROTOCOL_VERSION, type TrainingRounds } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from '../http/server-file.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

const cohort = { size: 2, quorum: 2, overSelection: 1, selectionTimeoutMs: 60_000, deadlineMs: 60_000 };
const manifest = trainedManifest(siteTask({ cohort, rounds: 5 }));
const hash = await manifestHash(manifest);
const update = encodeIntegers(new Int32Array(3));

/** Two clients that were invited to the first round, and the token of a third. */
async function openRound(coordinator: Running, study: Manifest = manifest) {
  const groups = ['north', 'south', 'west'];
  const tokens = await coordinator.invite(study.id, ...groups.map((group) => ({ name: group, group })));
  const clients = groups.slice(0, 2).map(() => new TrainingTestClient(coordinator.url));
  for (const [i, client] of clients.entries()) await client.join(tokens[i]!, await manifestHash(study));
  for (const client of clients) expect(await client.next('round')).toMatchObject({ round: 1 });
  return { clients, tokens };
}

describe('a node that is told to stop', () => {
  it('takes no new work, lets the open round finish, and sends its clients elsewhere', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest, pulseStudy()] });
    const { clients, tokens } = await openRound(coordinator);
    const [report = ''] = await coordinator.invite('pulse', { name: 'Ann', group: 'sales' });
    const { operatorToken } = readServerFile(coordinator.dataFolder)!;
    const drained = coordinator.drain(60_000);

    const ready = await coordinator.get('/readyz');
    expect([ready.status, ready.headers.get('retry-after'), await ready.json()]).toMatchObject([
      503,
      '2',
      { code: 'UNAVAILABLE', retryAfterMs: 2000 },
    ]);
    expect((await coordinator.get('/healthz')).status).toBe(200);
    const late = new TrainingTestClient(coordinator.url);
    const unavailable = { ok: false, error: { code: 'UNAVAILABLE', retryAfterMs: 2000 } };
    expect(await late.join(tokens[2]!, hash)).toMatchObject(unavailable);
    const message = { protocol: PROTOCOL_VERSION, token: report, report: '{}' };
    expect(await late.request('report', message)).toMatchObject(unavailable);
    const { token: _, ...body } = message;
    const posted = await coordinator.get('/api/v1/studies/pulse/reports', {
      method: 'POST',
      headers: { authorization: `Bearer ${report}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([posted.status, await posted.json()]).toMatchObject([503, unavailable.error]);
    const published = await coordinator.get('/api/v1/studies', {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(pulseStudy({ id: 'exit' })),
    });
    expect(published.status).toBe(503);

    const lost = clients.map(({ socket }) => new Promise((resolve) => socket.once('disconnect', resolve)));
    const ended = clients.map((client) => client.next('round-ended'));
    for (const client of clients) {
      expect(await client.request('update', { study: 'attrition', round: 1, update })).toMatchObject({ ok: true });
    }
    expect(await Promise.all(ended)).toMatchObject([{ outcome: 'committed' }, { outcome: 'committed' }]);
    // Not ended by the server's own word, after which clients do not come back by themselves.
    expect(await Promise.all(lost)).toEqual(['transport close', 'transport close']);
    await drained;

    const after = await runCoordinator({ dataFolder: coordinator.dataFolder });
    // Both clients waited for the next round, which was not begun.
    expect(await (await after.get('/api/v1/studies/attrition/rounds')).json()).toMatchObject({
      committedRounds: 1,
      rounds: [{ round: 1, state: 'committed' }],
    });
  });

  it('begins no other round of a study while it waits for that of another', async () => {
    const other = trainedManifest(siteTask({ cohort, rounds: 5 }), 'retention');
    const coordinator = await runCoordinator({ manifests: [manifest, other] });
    const [first, second] = [await openRound(coordinator), await openRound(coordinator, other)];
    const drained = coordinator.drain(60_000);
    for (const [study, { clients }] of [['attrition', first] as const, ['retention', second] as const]) {
      const ended = clients.map((client) => client.next('round-ended'));
      for (const client of clients) await client.request('update', { study, round: 1, update });
      expect(await Promise.all(ended)).toMatchObject([{ outcome: 'committed' }, { outcome: 'committed' }]);
    }
    // Soon after both, although everybody waited for the next round.
    await drained;
    const after = await runCoordinator({ dataFolder: coordinator.dataFolder });
    for (const { id } of [manifest, other]) {
      const { rounds } = (await (await after.get(`/api/v1/studies/${id}/rounds`)).json()) as TrainingRounds;
      expect(rounds).toMatchObject([{ round: 1, state: 'committed' }]);
    }
  });

  it('[R15] leaves a round that does not finish in time as after a crash', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    await openRound(coordinator);
    await coordinator.drain(50);
    const after = await runCoordinator({ dataFolder: coordinator.dataFolder });
    expect(await (await after.get('/api/v1/studies/attrition/rounds')).json()).toMatchObject({
      committedRounds: 0,
      rounds: [{ round: 1, state: 'abandoned', reason: 'coordinator restarted' }],
    });
  });

  it('stops at once where nothing is under way', async () => {
    const coordinator = await runCoordinator({ manifests: [manifest] });
    await coordinator.drain(60_000);
    await expect(coordinator.get('/healthz')).rejects.toThrow('fetch failed');
  });
});
