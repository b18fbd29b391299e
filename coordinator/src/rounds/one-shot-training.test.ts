import {
  GRAM_COUNT,
  GRID_STEPS,
  manifestHash,
  type RoundSummary,
  type TrainingTask,
  updateLength,
} from '@chorale/protocol';
import { nextModel } from '@chorale/training';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { modelCard } from './model-card.ts';
import { oneShotInThread } from './one-shot-thread.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { siteTask, trainedManifest } from './testing/study.ts';
import { TrainingTestClient } from './testing/training-client.ts';
import { startTrainingServer } from './testing/training-server.ts';

const STUDY = 'attrition';
const clippingNorm = 150;

function oneShotTask(changes: Partial<TrainingTask> = {}): TrainingTask {
  return siteTask({
    rounds: 1,
    learningRate: 1,
    clippingNorm,
    privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 2, delta: 1e-6 },
    algorithm: { oneShot: { rule: 'gram-matrix' } },
    evaluation: { everyRounds: 1, holdout: 0.2, seed: 7, bins: 2, noiseMultiplier: 1 },
    ...changes,
  });
}

/** What a site of so many rows would send, some of its numbers made up: within its norm, and a count that fits. */
function statistics(task: TrainingTask, rows: number): number[] {
  const length = updateLength(task);
  return Array.from({ length }, (_, i) => {
    const value = i === length - 1 ? rows * GRAM_COUNT : (rows / 20) * Math.sin(i + rows);
    return Math.round((value / clippingNorm) * GRID_STEPS);
  });
}

let ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  ends = [];
});

async function invitedTrio(task: TrainingTask) {
  const manifest = trainedManifest(task);
  const store = await SqliteStore.open(temporaryFolder());
  ends.push(() => store.close());
  const clock = new ManualClock();
  const server = await startTrainingServer({ store, manifests: [manifest], now: clock.now, schedule: clock.schedule });
  ends.push(() => server.close());
  const hash = await manifestHash(manifest);
  const trio: TrainingTestClient[] = [];
  for (const [i, group] of ['north', 'south', 'west'].entries()) {
    const client = new TrainingTestClient(server.url);
    ends.push(() => client.close());
    trio.push(client);
    const token = await server.token(STUDY, `participant-${i}`, group);
    expect(await client.join(token, hash)).toMatchObject({ ok: true });
  }
  await Promise.all(trio.map((client) => client.next('round')));
  return { manifest, store, server, trio };
}

describe('a one-shot task', () => {
  it('[T5] [R7] [R11] makes its model of the sum of statistics, evaluates it and is done', async () => {
    const task = oneShotTask();
    const { manifest, store, server, trio } = await invitedTrio(task);
    const updates = [40, 25, 15].map((rows) => statistics(task, rows));
    for (const [i, client] of trio.entries()) {
      expect(await client.update(STUDY, 1, updates[i]!)).toEqual({ ok: true, duplicate: false });
    }
    for (const client of trio) expect(await client.next('round-ended')).toMatchObject({ outcome: 'committed' });
    const sum = Float64Array.from(updates[0]!, (_, i) => updates.reduce((total, update) => total + update[i]!, 0));
    const before = { parameters: new Float32Array(3), optimizer: null };
    const { parameters } = nextModel(task, before, { sum, totalWeight: 3 });
    expect(parameters.some((value) => value !== 0)).toBe(true);
    expect(await store.latestModel(STUDY)).toMatchObject({ modelRound: 1, parameters });

    // The invitation to evaluate brings the model, of three parameters, not the nine numbers of an update.
    const [evaluation] = await Promise.all(trio.map((client) => client.next('round')));
    expect(evaluation).toMatchObject({ round: 2, kind: 'evaluate', modelRound: 1 });
    expect(new Float32Array(new Uint8Array(evaluation!.model!).buffer)).toEqual(parameters);
    await Promise.all(trio.map((client) => client.update(STUDY, 2, [30, 5, 4, 20])));
    for (const client of trio) expect(await client.next('training-done')).toMatchObject({ committedRounds: 1 });

    const rounds = await server.training.rounds(STUDY);
    expect(rounds).toMatchObject({ noised: true, committedRounds: 1, totalRounds: 1 });
    const [trained, tested] = rounds.rounds as [RoundSummary, RoundSummary];
    expect(tested.evaluation).toMatchObject({ label: 'binary', rows: 177 });
    // Charged to employees alone, once.
    expect(trained.spent).toMatchObject([{ privacyUnit: 'employee', delta: 1e-6 }]);
    expect(modelCard({ manifest, rounds, modelRound: 1 })).toMatchObject({
      network: { parameters: 3 },
      training: { algorithm: { oneShot: 'gram-matrix' }, committedRounds: 1 },
    });
  });

  it('[P2] [R17] refuses an update as long as the model, and one beyond its norm', async () => {
    const task = oneShotTask();
    const { trio } = await invitedTrio(task);
    const shape = { ok: false, error: { code: 'UPDATE_SHAPE' } };
    expect(await trio[0]!.update(STUDY, 1, [0, 0, 0])).toMatchObject(shape);
    const long = Array.from({ length: updateLength(task) }, (_, i) => (i === 0 ? GRID_STEPS + 1 : 0));
    expect(await trio[0]!.update(STUDY, 1, long)).toMatchObject({ ok: false, error: { code: 'UPDATE_OVER_NORM' } });
    expect(await trio[0]!.update(STUDY, 1, statistics(task, 10))).toMatchObject({ ok: true });
  });

  it('says of a class mean difference that its scores are no probabilities', () => {
    const difference = oneShotTask({ algorithm: { oneShot: { rule: 'class-mean-difference' } } });
    const rounds = { manifest: 'sha256-x', rounds: [] } as never;
    const limits = (task: TrainingTask): string =>
      modelCard({ manifest: trainedManifest(task), rounds, modelRound: 1 }).limits.join('\n');
    expect(limits(difference)).toMatch(/no probabilities/);
    expect(limits(oneShotTask())).not.toMatch(/no probabilities/);
  });
});

/** What this thread has computed, whatever else the machine is busy with. */
function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

describe('the thread that makes the model', () => {
  it('leaves the thread of requests free, however large the matrix', async () => {
    const features = Array.from({ length: 250 }, (_, i) => ({
      type: 'number' as const,
      column: `c${i}`,
      minimum: 0,
      maximum: 1,
    }));
    const task = oneShotTask({ features });
    const sum = Float64Array.from(statistics(task, 100));
    const model = { parameters: new Float32Array(251), optimizer: null };
    let longest = 0;
    let last = usedMs();
    const timer = setInterval(() => {
      const now = usedMs();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    const made = await oneShotInThread({ task, model, released: { sum, totalWeight: 1 } });
    clearInterval(timer);
    expect(longest).toBeLessThan(20);
    expect(made.parameters).toEqual(nextModel(task, model, { sum, totalWeight: 1 }).parameters);
  });

  it('fails where its sum is not what the task has', async () => {
    const model = { parameters: new Float32Array(3), optimizer: null };
    const job = { task: oneShotTask(), model, released: { sum: new Float64Array(3), totalWeight: 1 } };
    await expect(oneShotInThread(job)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
