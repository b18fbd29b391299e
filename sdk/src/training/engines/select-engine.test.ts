import { expect, test } from 'vitest';
import type { Network, TrainingEngine } from './engine.ts';
import { type OptionalEngineName, selectEngine } from './select-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

const network: Network = { layerSizes: [20, 8, 1], activation: 'relu', loss: 'logistic' };
/** Time that only engines move: each step takes as long as its engine says. */
class ManualClock {
  ms = 0;
  readonly now = (): number => this.ms;
}

/** Typed arrays at a speed of their own, and with what an offer spoils. */
class TimedEngine extends TypedArrayEngine {
  disposed = false;
  readonly #afterStep: (gradientSum: Float64Array) => void;
  constructor(of: Network, afterStep: (gradientSum: Float64Array) => void) {
    super(of);
    this.#afterStep = afterStep;
  }
  override async clippedGradientSum(
    ...args: Parameters<TypedArrayEngine['clippedGradientSum']>
  ): ReturnType<TypedArrayEngine['clippedGradientSum']> {
    const result = await super.clippedGradientSum(...args);
    this.#afterStep(result.gradientSum as Float64Array);
    return result;
  }
  override dispose(): void {
    this.disposed = true;
  }
}

type Offer = { stepMs: number; spoil?: (g: Float64Array) => void } | Error;

/** Selects among the offers; typed arrays take no time on the manual clock, so `typedMs` is added to each look at it. */
async function select(
  offers: Partial<Record<OptionalEngineName, Offer>>,
  { typedMs = 100, ...options }: { typedMs?: number } & Partial<Parameters<typeof selectEngine>[0]> = {},
) {
  const clock = new ManualClock();
  const made: Record<string, TimedEngine[]> = {};
  let looks = 0;
  const { engine, reason } = await selectEngine({
    network,
    rowsPerStep: 10,
    stepsPerRound: 100,
    exampleNoise: false,
    // Until the first candidate is made, a pair of looks is one step of typed arrays.
    now: () => (Object.keys(made).length === 0 ? (looks += 1) * typedMs : 1e6 + clock.now()),
    async createEngine(name, of): Promise<TrainingEngine> {
      const offer = offers[name] ?? new Error('not offered');
      if (offer instanceof Error) throw offer;
      const created = new TimedEngine(of, (gradientSum) => {
        clock.ms += offer.stepMs;
        offer.spoil?.(gradientSum);
      });
      (made[name] ??= []).push(created);
      return created;
    },
    ...options,
  });
  const chosen = Object.entries(made).find(([, [first]]) => first === engine)?.[0] ?? engine.name;
  return { chosen, reason, made };
}

test('the fastest engine wins, and the others are disposed of', async () => {
  const { chosen, reason, made } = await select({ webgpu: { stepMs: 20 }, webgl: { stepMs: 7 } });
  expect(chosen).toBe('webgl');
  expect(reason).toBe('typed arrays: 100 ms a step; webgpu: 20 ms; webgl: 7.0 ms');
  expect([made['webgpu']![0]!.disposed, made['webgl']![0]!.disposed]).toEqual([true, false]);
});

test('typed arrays stay where others are slower', async () => {
  const { chosen, made } = await select({ webgpu: { stepMs: 200 }, webgl: { stepMs: 101 } });
  expect(chosen).toBe('typed-arrays');
  expect(made['webgpu']![0]!.disposed).toBe(true);
});

test('nothing else is fetched where a round is short', async () => {
  const { chosen, reason, made } = await select({ webgpu: { stepMs: 1 } }, { typedMs: 9 });
  expect(chosen).toBe('typed-arrays');
  expect(reason).toBe('typed arrays: 9.0 ms a step, too fast for another engine to pay');
  expect(made).toEqual({});
});

test.each<[string, (g: Float64Array) => void]>([
  ['one wrong gradient', (g) => void (g[2]! += 0.1)],
  ['no number', (g) => void (g[2] = NaN)],
  ['zeros', (g) => void g.fill(0)],
])('an engine that gives %s is not used, however fast', async (_, spoil) => {
  const { chosen, reason } = await select({ webgpu: { stepMs: 1, spoil }, webgl: { stepMs: 50 } });
  expect(chosen).toBe('webgl');
  expect(reason).toContain('webgpu: not used (it computes wrong gradients here)');
});

test.each([
  ["the task's own shape", true],
  ['other shapes', false],
])('an engine that is wrong for %s only is found out', async (_, own) => {
  const ownParameters = 20 * 8 + 8 + 8 + 1;
  const spoil = (g: Float64Array): void => void ((g.length === ownParameters) === own && g.fill(0));
  expect((await select({ webgpu: { stepMs: 1, spoil } })).chosen).toBe('typed-arrays');
});

test('an engine that is not there gives way to the next', async () => {
  const { chosen, reason } = await select({ webgpu: new Error('webgpu is not offered here'), webgl: { stepMs: 3 } });
  expect(chosen).toBe('webgl');
  expect(reason).toContain('webgpu: not used (webgpu is not offered here)');
});

test('wasm is tried only where it is asked for', async () => {
  expect((await select({ wasm: { stepMs: 1 } })).chosen).toBe('typed-arrays');
  expect((await select({ wasm: { stepMs: 1 } }, { candidates: ['wasm'] })).chosen).toBe('wasm');
});

test('a preferred engine is taken though it is slower, unless it is wrong', async () => {
  const slow = { webgl: { stepMs: 500 } };
  expect((await select(slow, { preferredEngine: 'webgl', typedMs: 1 })).chosen).toBe('webgl');
  const wrong = { webgl: { stepMs: 1, spoil: (g: Float64Array) => void g.fill(0) } };
  expect((await select(wrong, { preferredEngine: 'webgl' })).chosen).toBe('typed-arrays');
  expect((await select({}, { preferredEngine: 'typed-arrays' })).reason).toBe('typed arrays: asked for');
});

test('noise at every step leaves typed arrays only', async () => {
  const { chosen, reason } = await select({ webgl: { stepMs: 1 } }, { exampleNoise: true, preferredEngine: 'webgl' });
  expect(chosen).toBe('typed-arrays');
  expect(reason).toContain('double precision');
});
