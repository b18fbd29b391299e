import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradientOf, optimumOf, type QuadraticClient, quadraticClients } from '../testing/quadratic-clients.ts';
import { trainingTask } from '../testing/training-task.ts';
import { type ClientAlgorithm, clientAlgorithm, type LocalSteps } from './index.ts';

const localEpochs = 6;
const learningRate = 0.2;
const reach = localEpochs * learningRate;
const task = trainingTask({ localEpochs, learningRate, algorithm: { client: { rule: 'scaffold' } } });

/** One client's local round in doubles. */
function updateOf(
  client: QuadraticClient,
  algorithm: ClientAlgorithm,
  { model, modelRound }: { model: Float64Array; modelRound: number },
): Float64Array {
  const local = algorithm.start({ parameters: model, modelRound });
  for (let step = 0; step < localEpochs; step += 1) local.take(gradientOf(client, local.weights), 1);
  const update = local.finish();
  algorithm.keep();
  return update;
}

/** Rounds of clients that remember; `present` says who takes part, `noise` what the release adds. */
class Federation {
  model: Float64Array;
  modelRound = 0;
  readonly clients: readonly QuadraticClient[];
  readonly algorithms: ClientAlgorithm[];

  constructor(clients: readonly QuadraticClient[], of = task) {
    this.clients = clients;
    this.model = new Float64Array(clients[0]!.center.length);
    this.algorithms = clients.map(() => clientAlgorithm(of));
  }

  round({ present = () => true, noise = 0 }: { present?: (client: number) => boolean; noise?: number } = {}): void {
    const { model, modelRound } = this;
    const next = Float64Array.from(model);
    const taking = this.clients.map((client, i) => ({ client, i })).filter(({ i }) => present(i));
    const total = taking.reduce((sum, { client }) => sum + client.weight, 0);
    for (const { client, i } of taking) {
      const update = updateOf(client, this.algorithms[i]!, { model, modelRound });
      for (let k = 0; k < next.length; k += 1) next[k]! += (client.weight * update[k]!) / total + noise / taking.length;
    }
    this.model = next;
    this.modelRound += 1;
  }

  distance(): number {
    return Math.hypot(...optimumOf(this.clients).map((value, i) => value - this.model[i]!));
  }
}

/** The paper's Algorithm 1, option II, global step 1, every client in every round, as it is printed. */
function algorithm1(clients: readonly QuadraticClient[], rounds: number): Float64Array[] {
  const size = clients[0]!.center.length;
  const total = clients.reduce((sum, { weight }) => sum + weight, 0);
  let x = new Float64Array(size);
  let c = new Float64Array(size);
  const controls = clients.map(() => new Float64Array(size));
  return Array.from({ length: rounds }, () => {
    const nextX = Float64Array.from(x);
    const nextC = Float64Array.from(c);
    for (const [i, client] of clients.entries()) {
      const ci = controls[i]!;
      const y = Float64Array.from(x);
      for (let step = 0; step < localEpochs; step += 1) {
        const g = gradientOf(client, y);
        for (let k = 0; k < size; k += 1) y[k]! -= learningRate * (g[k]! - ci[k]! + c[k]!);
      }
      const plus = ci.map((own, k) => own - c[k]! + (x[k]! - y[k]!) / reach);
      for (let k = 0; k < size; k += 1) {
        nextX[k]! += (client.weight * (y[k]! - x[k]!)) / total;
        nextC[k]! += (client.weight * (plus[k]! - ci[k]!)) / total;
      }
      controls[i] = plus;
    }
    x = nextX;
    c = nextC;
    return nextX;
  });
}

const clients = quadraticClients({ clients: 4, parameters: 3, seed: 5 });

describe('[T3] SCAFFOLD', () => {
  test('makes the models of the paper’s Algorithm 1 where every client is in every round', () => {
    fc.assert(
      fc.property(
        fc.record({
          clients: fc.integer({ min: 1, max: 6 }),
          parameters: fc.integer({ min: 1, max: 4 }),
          seed: fc.nat(),
        }),
        fc.boolean(),
        (size, isWeighted) => {
          const drawn = quadraticClients(size);
          const all = isWeighted ? drawn : drawn.map((client) => ({ ...client, weight: 1 }));
          const federation = new Federation(all);
          for (const expected of algorithm1(all, 25)) {
            federation.round();
            const error = Math.hypot(...expected.map((value, i) => value - federation.model[i]!));
            expect(error).toBeLessThan(1e-12 * (1 + Math.hypot(...expected)));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test('finds the optimum of unlike clients, where FedAvg rests beside it', () => {
    const corrected = new Federation(clients);
    const averaged = new Federation(clients, trainingTask({ localEpochs, learningRate }));
    for (let round = 0; round < 60; round += 1) {
      corrected.round();
      averaged.round();
    }
    expect(corrected.distance()).toBeLessThan(1e-9);
    expect(averaged.distance()).toBeGreaterThan(0.05);
  });

  test('sends what FedAvg sends in the first round of a client', () => {
    const at = { model: Float64Array.of(1, -1, 2), modelRound: 9 };
    const plain = clientAlgorithm(trainingTask({ localEpochs, learningRate }));
    const expected = updateOf(clients[0]!, plain, at);
    const update = updateOf(clients[0]!, clientAlgorithm(task), at);
    for (const [i, value] of update.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
  });

  test('after missed rounds takes for all clients the mean over those rounds', () => {
    const algorithm = clientAlgorithm(task);
    const model = Float64Array.of(1);
    const first = algorithm.start({ parameters: model, modelRound: 4 });
    for (let step = 0; step < localEpochs; step += 1) first.take([3], 2);
    // Its mean gradient is 1.5; until it is back, three rounds move the model by -.9 in all.
    expect(first.finish()[0]).toBeCloseTo(-1.5 * reach, 12);
    algorithm.keep();
    // The caller's memory is its own.
    model.fill(9);
    const later = algorithm.start({ parameters: Float64Array.of(0.1), modelRound: 7 });
    later.take([2], 1);
    const correction = 0.9 / (3 * reach) - 1.5;
    expect(later.weights[0]).toBeCloseTo(0.1 - learningRate * (2 + correction), 12);
  });

  test('repeats an update for a round that was abandoned, and forgets rounds that the coordinator forgot', () => {
    const federation = new Federation(clients);
    for (let round = 0; round < 3; round += 1) federation.round();
    const [client] = clients;
    const algorithm = federation.algorithms[0]!;
    const at = { model: federation.model, modelRound: federation.modelRound };
    const update = updateOf(client!, algorithm, at);
    expect(updateOf(client!, algorithm, at)).toEqual(update);
    expect(updateOf(client!, algorithm, { ...at, modelRound: 1 })).toEqual(
      updateOf(client!, clientAlgorithm(task), { ...at, modelRound: 1 }),
    );
  });

  test.each([
    ['finished', () => {}],
    // The next start is what tells.
    ['charged', (local: LocalSteps) => void local.finish()],
  ])('[B2] keeps nothing of a round that was not %s', (_, end) => {
    const algorithm = clientAlgorithm(task);
    const local = algorithm.start({ parameters: Float64Array.of(0, 0, 0), modelRound: 0 });
    local.take([5, 5, 5], 1);
    end(local);
    // Nor does the charge for another round count for it, or for one that gave nothing.
    algorithm.start({ parameters: Float64Array.of(0, 0, 0), modelRound: 0 });
    algorithm.keep();
    const plain = clientAlgorithm(task);
    const next = { model: Float64Array.of(1, 1, 1), modelRound: 1 };
    expect(updateOf(clients[1]!, algorithm, next)).toEqual(updateOf(clients[1]!, plain, next));
    algorithm.start({ parameters: Float64Array.of(2, 2, 2), modelRound: 2 });
    algorithm.keep();
    const later = { model: Float64Array.of(3, 3, 3), modelRound: 3 };
    expect(updateOf(clients[1]!, algorithm, later)).toEqual(updateOf(clients[1]!, plain, later));
  });

  test('finds the optimum although clients lost their memory, were absent, or sent to rounds that were abandoned', () => {
    const federation = new Federation(clients);
    for (let round = 0; round < 20; round += 1) {
      federation.round({ present: (client) => (round + client) % 3 !== 0 });
      if (round % 4 === 0) federation.algorithms[round % 3] = clientAlgorithm(task);
      const { model, modelRound } = federation;
      if (round % 5 === 0) updateOf(clients[2]!, federation.algorithms[2]!, { model, modelRound });
    }
    for (let round = 0; round < 60; round += 1) federation.round();
    expect(federation.distance()).toBeLessThan(1e-9);
  });

  test('has noise of one release in the model and the next paths, and no longer', () => {
    const [noised, plain] = [new Federation(clients), new Federation(clients)];
    for (let round = 0; round < 40; round += 1) {
      noised.round(round < 20 ? { noise: round % 2 === 0 ? 0.7 : 0.2 } : {});
      plain.round();
    }
    for (let round = 0; round < 40; round += 1) noised.round();
    expect(noised.distance()).toBeLessThan(1e-9);
  });
});
