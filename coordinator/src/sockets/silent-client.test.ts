import { manifestHash, type TrainingTask } from '@chorale/protocol';
import { expect, it, onTestFinished } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { TrainingTestClient } from '../rounds/testing/training-client.ts';

const DEADLINE_MS = 1200;

/** A coordinator and clients that have joined a round; it begins once the last of them is there. */
async function joined({ clients, quorum }: { clients: number; quorum: number }): Promise<TrainingTestClient[]> {
  const cohort: TrainingTask['cohort'] = {
    size: clients,
    overSelection: 1,
    quorum,
    selectionTimeoutMs: 60_000,
    deadlineMs: DEADLINE_MS,
  };
  const manifest = trainedManifest(siteTask({ cohort }));
  const hash = await manifestHash(manifest);
  const coordinator = await runCoordinator({ manifests: [manifest] });
  const names = Array.from({ length: clients }, (_, i) => ({ name: `site-${i}`, group: 'north' }));
  const tokens = await coordinator.invite(manifest.id, ...names);
  return Promise.all(
    tokens.map(async (token) => {
      const client = new TrainingTestClient(coordinator.url);
      onTestFinished(() => client.close());
      expect(await client.join(token, hash)).toMatchObject({ ok: true });
      return client;
    }),
  );
}

/** The round's end, and how long after its deadline it came, in milliseconds. */
async function ending(client: TrainingTestClient): Promise<{ round: number; outcome: string; lateMs: number }> {
  const { round, deadlineMs } = await client.next('round');
  const deadline = performance.now() + deadlineMs;
  const { outcome } = await client.next('round-ended');
  return { round, outcome, lateMs: performance.now() - deadline };
}

it('[R6] a round ends within a second after its deadline when a client that is connected says nothing', async () => {
  const [silent] = await joined({ clients: 1, quorum: 1 });
  const { outcome, lateMs } = await ending(silent!);
  expect(outcome).toBe('abandoned');
  // Told by two clocks: the invitation took a moment to arrive.
  expect(lateMs).toBeGreaterThan(-100);
  expect(lateMs).toBeLessThan(1000);
});

it('[R6] [R7] what others have sent is committed then', async () => {
  const [silent, honest] = await joined({ clients: 2, quorum: 1 });
  const [, { outcome, lateMs }] = await Promise.all([
    (async () => {
      const { study, round } = await honest!.next('round');
      expect(await honest!.update(study, round, [1, 2, 3])).toMatchObject({ ok: true });
    })(),
    silent!.next('round').then(async ({ deadlineMs }) => {
      const deadline = performance.now() + deadlineMs;
      const { outcome: end } = await honest!.next('round-ended');
      return { outcome: end, lateMs: performance.now() - deadline };
    }),
  ]);
  expect(outcome).toBe('committed');
  expect(lateMs).toBeGreaterThan(-100);
  expect(lateMs).toBeLessThan(1000);
});
