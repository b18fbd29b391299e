import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Aggregation as Rule, encodeIntegers, type TrainingTask } from '@chorale/protocol';
import { SeededRandom } from '@chorale/privacy/testing';
import { type Aggregation, createAggregation } from '../coordinator/src/rounds/aggregation/aggregation.ts';

const CLIENTS = 100;
const RULES: Rule[] = [
  { rule: 'mean' },
  { rule: 'norm-bounded-mean', normBound: 1 },
  { rule: 'coordinate-median' },
  { rule: 'trimmed-mean', trimmedShare: 0.1 },
];

/**
 * What does it cost to take an update in, checked, hashed and exact, beside a bare loop over doubles? And for how
 * long do other requests wait while a round is aggregated?
 */
export async function benchAggregation(): Promise<void> {
  console.log(`one update of ${CLIENTS}, taken in: median, and what 95 of 100 stay below`);
  console.log('parameters  rule                    bare loop        add    95 of 100   ratio');
  for (const parameters of [10_000, 100_000, 1_000_000]) {
    const updates = updatesOf(parameters);
    const bare = bareLoop(updates);
    for (const aggregation of RULES) {
      const open = createAggregation(taskOf(parameters, aggregation), 'train');
      const times = takeIn(open, updates);
      open.dispose();
      const cells = [
        parameters.toLocaleString('en').padStart(10),
        ` ${aggregation.rule.padEnd(20)}`,
        ms(bare).padStart(12),
        ms(quantile(times, 0.5)).padStart(10),
        ms(quantile(times, 0.95)).padStart(12),
        (quantile(times, 0.5) / bare).toFixed(1).padStart(7),
      ];
      console.log(cells.join(' '));
    }
  }
  console.log(`\n${CLIENTS} updates of 1,000,000 parameters, aggregated`);
  console.log('rule                       release   longest wait of other requests   same time, idle');
  for (const aggregation of RULES) await benchRelease(aggregation);
}

async function benchRelease(aggregation: Rule): Promise<void> {
  const open = createAggregation(taskOf(1_000_000, aggregation), 'train');
  takeIn(open, updatesOf(1_000_000));
  let releaseMs = 0;
  const wait = await longestWait(async () => {
    const started = performance.now();
    await open.release({ quorum: 3 });
    releaseMs = performance.now() - started;
  });
  const idle = await longestWait(() => sleep(releaseMs));
  const cells = [ms(releaseMs).padStart(11), ms(wait).padStart(32), ms(idle).padStart(17)];
  console.log(`${aggregation.rule.padEnd(22)} ${cells.join(' ')}`);
}

/** The longest time, in milliseconds, that the event loop took for anything else than its next turn. */
async function longestWait(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  // What came before has its own turn.
  await sleep(50);
  delay.enable();
  await sleep(50);
  await work();
  await sleep(50);
  delay.disable();
  return delay.max / 1e6;
}

/** Milliseconds of each `add`. */
function takeIn(aggregation: Aggregation, updates: readonly Uint8Array[]): number[] {
  return Array.from({ length: CLIENTS }, (_, client) => {
    const bytes = updates[client % updates.length]!;
    const started = performance.now();
    aggregation.add({ participant: `client ${client}`, bytes, weight: 1 });
    return performance.now() - started;
  });
}

/** Milliseconds to add one vector of doubles to another: what any sum must cost. */
function bareLoop(updates: readonly Uint8Array[]): number {
  const vector = Float64Array.from(new Int32Array(updates[0]!.slice().buffer));
  const sum = new Float64Array(vector.length);
  const times = Array.from({ length: CLIENTS }, () => {
    const started = performance.now();
    for (let i = 0; i < sum.length; i += 1) sum[i]! += vector[i]!;
    return performance.now() - started;
  });
  return quantile(times, 0.5);
}

/** A few different updates, for all clients in turn: making a hundred would take longer than adding them. */
function updatesOf(parameters: number): Uint8Array[] {
  const random = new SeededRandom(1);
  return Array.from({ length: 7 }, () =>
    encodeIntegers(Int32Array.from({ length: parameters }, () => (random.nextUint32() >>> 14) - 2 ** 17)),
  );
}

/** A logistic regression of one category column and a bias. */
function taskOf(parameters: number, aggregation: Rule): TrainingTask {
  return {
    clients: 'site',
    features: [{ type: 'category', column: 'c', categories: Array.from({ length: parameters - 1 }, (_, i) => `${i}`) }],
    label: { column: 'y', positive: '1', negative: '0' },
    model: { hidden: [], activation: 'relu' },
    rounds: 1,
    localEpochs: 1,
    batchSize: null,
    learningRate: 1,
    clippingNorm: 1,
    exampleClippingNorm: 1,
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
    cohort: { size: CLIENTS, quorum: 3, selectionTimeoutMs: 1, deadlineMs: 1 },
    aggregation,
    evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 1 },
  };
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

const ms = (value: number): string => `${value.toFixed(value < 1 ? 3 : 1)} ms`;
