import {
  decodeIntegers,
  encodeParameters,
  GRID_STEPS,
  layerSizes,
  type Manifest,
  parameterCount,
  type TrainingTask,
} from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import { trainingManifest, trainingRecords } from '../testing/training-study.ts';
import type { Batch } from './engines/engine.ts';
import { attritionTask } from './testing/attrition-task.ts';
import { problem } from './testing/engine-contract.ts';
import { referenceClippedGradientSum } from './testing/reference.ts';
import { invitation, serve, take } from './testing/taking-part.ts';
import { TrainingSession } from './training-session.ts';

const learningRate = 0.5;
const localEpochs = 4;
const task: TrainingTask = {
  ...attritionTask,
  model: { hidden: [4], activation: 'tanh' },
  localEpochs,
  learningRate,
  clippingNorm: 8,
  exampleClippingNorm: 1,
  evaluation: { ...attritionTask.evaluation, holdout: 1e-9 },
};
const network = { layerSizes: layerSizes(task), activation: task.model.activation };
const { parameters, batch } = problem(network, 40);

function sessionOf(algorithm: TrainingTask['algorithm']): Promise<TrainingSession> {
  const of = algorithm === undefined ? task : { ...task, algorithm };
  return TrainingSession.open({ task: of, records: batch, noiseless: true, preferredEngine: 'typed-arrays' });
}

/** Where the steps lead, and the sum of the gradients that were taken on the way. */
function descend(
  from: ArrayLike<number>,
  rows: Batch,
  added: (weights: number[], i: number) => number,
): { moved: number[]; gradients: number[] } {
  const weights = Array.from(from);
  const gradients = weights.map(() => 0);
  for (let step = 0; step < localEpochs; step += 1) {
    const at = [...weights];
    const { gradientSum } = referenceClippedGradientSum(network, Float32Array.from(at), rows, 1);
    for (const [i, sum] of gradientSum.entries()) {
      gradients[i]! += sum / rows.rows;
      weights[i]! -= learningRate * (sum / rows.rows + added(at, i));
    }
  }
  return { moved: weights.map((weight, i) => weight - from[i]!), gradients };
}

/** Within what rounding to the grid and single precision leave. */
function expectUpdate(update: Int32Array, expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    expect(Math.abs(update[i]! - (value / task.clippingNorm) * GRID_STEPS)).toBeLessThan(2);
  }
}

describe('rounds of a session', () => {
  test('[T2] are drawn back to the round’s model by FedProx', async () => {
    const session = await sessionOf({ client: { rule: 'fed-prox', proximalWeight: 1.5 } });
    const { moved } = descend(parameters, batch, (weights, i) => 1.5 * (weights[i]! - parameters[i]!));
    expectUpdate(await session.train({ parameters, modelRound: 0 }), moved);
  });

  test('[T3] are corrected by SCAFFOLD from the second on, and by another session not at all', async () => {
    const session = await sessionOf({ client: { rule: 'scaffold' } });
    const first = descend(parameters, batch, () => 0);
    expectUpdate(await session.train({ parameters, modelRound: 0 }), first.moved);
    session.keep();

    const next = parameters.map((value, i) => value + 0.01 * (i % 7));
    const correction = first.gradients.map(
      (sum, i) => (parameters[i]! - next[i]!) / (localEpochs * learningRate) - sum / localEpochs,
    );
    const corrected = descend(next, batch, (_, i) => correction[i]!);
    const sent = corrected.gradients.map((sum) => -learningRate * sum);
    expectUpdate(await session.train({ parameters: next, modelRound: 1 }), sent);
    const plain = descend(next, batch, () => 0);
    const other = await sessionOf({ client: { rule: 'scaffold' } });
    expectUpdate(await other.train({ parameters: next, modelRound: 1 }), plain.moved);
    expect(Math.hypot(...sent.map((value, i) => value - plain.moved[i]!))).toBeGreaterThan(0.01);
  });

  test('[T3] that were cancelled leave no trace in SCAFFOLD', async () => {
    const session = await sessionOf({ client: { rule: 'scaffold' } });
    const controller = new AbortController();
    const { signal } = controller;
    const cancelled = session.train({ parameters, modelRound: 0, signal, onProgress: () => controller.abort() });
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    const next = parameters.map((value) => value + 0.1);
    const plain = await (await sessionOf(undefined)).train({ parameters: next, modelRound: 1 });
    expectUpdate(
      await session.train({ parameters: next, modelRound: 1 }),
      Array.from(plain, (value) => (value / GRID_STEPS) * task.clippingNorm),
    );
  });

  test('[T3] of a client on the wire are those of its session, by the number of models that it is sent', async () => {
    const manifest: Manifest = trainingManifest({ updateNoiseMultiplier: 0, evaluationNoiseMultiplier: 0 });
    manifest.training!.algorithm = { client: { rule: 'scaffold' } };
    const of = manifest.training!;
    // Two models that are three rounds apart.
    const models = [4, 7].map((modelRound) => ({
      modelRound,
      parameters: new Float32Array(parameterCount(of)).fill(modelRound / 20),
    }));
    const updates: Int32Array[] = [];
    const { url } = await serve((client) => {
      const invite = (i: number): void => {
        const { modelRound, parameters: model } = models[i]!;
        client.emit('round', invitation(manifest, i + 1, { modelRound, model: encodeParameters(model) }));
      };
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 4, done: false });
        invite(0);
      });
      client.on('update', async ({ update }, reply) => {
        updates.push(decodeIntegers(new Uint8Array(update), parameterCount(of)).slice());
        reply({ ok: true, duplicate: false });
        if (updates.length === 2) return client.emit('training-done', { study: manifest.id, committedRounds: 8 });
        client.emit('round-ended', { study: manifest.id, round: 1, outcome: 'committed', committedRounds: 5 });
        return invite(1);
      });
    });
    await take({ manifest, url, noiseless: true });
    const session = await TrainingSession.open({
      task: of,
      records: trainingRecords(manifest),
      noiseless: true,
      preferredEngine: 'typed-arrays',
    });
    const first = await session.train(models[0]!);
    session.keep();
    expect(updates).toEqual([first, await session.train(models[1]!)]);
  });
});
