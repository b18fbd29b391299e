import { expect, test } from 'vitest';
import type { Choice, ChoiceCache } from './choice-cache.ts';
import type { Network, TrainingEngine } from './engine.ts';
import { type OptionalEngineName, selectEngine } from './select-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

const network: Network = { layerSizes: [20, 8, 1], activation: 'relu', loss: 'logistic' };
/** Time that engines move: `typedMs` pass between two looks, or what a candidate's step takes where one was made. */
class ManualClock {
  #ms = 0;
  #stepped = false;
  readonly #typedMs: number;
  constructor(typedMs: number) {
    this.#typedMs = typedMs;
  }
  step(ms: number): void {
    this.#ms += ms;
    this.#stepped = true;
  }
  readonly now = (): number => {
    if (!this.#stepped) this.#ms += this.#typedMs;
    this.#stepped = false;
    return this.#ms;
  };
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

class MemoryCache implements ChoiceCache {
  readonly choices = new Map<string, Choice>();
  async get(key: string): Promise<Choice | undefined> {
    return this.choices.get(key);
  }
  async put(key: string, choice: Choice): Promise<void> {
    this.choices.set(key, choice);
  }
  async delete(key: string): Promise<void> {
    this.choices.delete(key);
  }
}

type Offer = { stepMs: number; spoil?: (g: Float64Array) => void } | Error;

/** Selects among the offers. */
async function select(
  offers: Partial<Record<OptionalEngineName, Offer>>,
  { typedMs = 100, ...options }: { typedMs?: number } & Partial<Parameters<typeof selectEngine>[0]> = {},
) {
  const clock = new ManualClock(typedMs);
  const made: Record<string, TimedEngine[]> = {};
  const { engine, reason, forget } = await selectEngine({
    cache: new MemoryCache(),
    network,
    rowsPerStep: 10,
    stepsPerRound: 100,
    exampleNoise: false,
    now: clock.now,
    async createEngine(name, of): Promise<TrainingEngine> {
      const offer = offers[name] ?? new Error('not offered');
      if (offer instanceof Error) throw offer;
      const created = new TimedEngine(of, (gradientSum) => {
        clock.step(offer.stepMs);
        offer.spoil?.(gradientSum);
      });
      (made[name] ??= []).push(created);
      return created;
    },
    ...options,
  });
  const chosen = Object.entries(made).find(([, [first]]) => first === engine)?.[0] ?? engine.name;
  return { chosen, reason, made, forget };
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

const dayMs = 24 * 3600 * 1000;
const november = Date.UTC(2026, 10, 20);

test.each<[string, Partial<Record<OptionalEngineName, Offer>>, string]>([
  ['another engine', { webgpu: { stepMs: 20 } }, 'webgpu'],
  ['typed arrays', { webgpu: { stepMs: 200 } }, 'typed-arrays'],
])('%s once chosen are taken without a look at others, until they have been for a month', async (_, offers, name) => {
  const cache = new MemoryCache();
  expect((await select(offers, { cache, today: () => november })).chosen).toBe(name);
  const faster = { ...offers, webgl: { stepMs: 1 } };
  const again = await select(faster, { cache, today: () => november + 29 * dayMs });
  expect(again.chosen).toBe(name);
  expect(again.made['webgl']).toBeUndefined();
  expect(again.reason).toMatch(/^typed arrays: 100 ms a step; webgpu: .* \(measured on 2026-11-20\)$/);
  expect((await select(faster, { cache, today: () => november + 30 * dayMs })).chosen).toBe('webgl');
});

test('a choice is of one size of the model and of its steps', async () => {
  const cache = new MemoryCache();
  await select({ webgpu: { stepMs: 20 } }, { cache });
  const other = { network: { ...network, layerSizes: [20, 9, 1] } };
  expect((await select({ webgl: { stepMs: 1 } }, { cache, ...other })).chosen).toBe('webgl');
  expect((await select({ webgl: { stepMs: 1 } }, { cache, rowsPerStep: 11 })).chosen).toBe('webgl');
  expect((await select({ webgl: { stepMs: 1 } }, { cache, stepsPerRound: 90 })).chosen).toBe('webgl');
  expect(cache.choices.size).toBe(4);
});

test.each<[string, Offer]>([
  ['is gone', new Error('webgpu is not offered here')],
  ['computes wrongly by now', { stepMs: 1, spoil: (g) => void g.fill(0) }],
])('an engine once chosen that %s is tested for anew', async (_, offer) => {
  const cache = new MemoryCache();
  await select({ webgpu: { stepMs: 20 } }, { cache });
  const { chosen, made } = await select({ webgpu: offer, webgl: { stepMs: 30 } }, { cache });
  expect(chosen).toBe('webgl');
  expect(made['webgpu']?.[0]?.disposed ?? true).toBe(true);
  expect([...cache.choices.values()].map(({ name }) => name)).toEqual(['webgl']);
});

test('an engine that failed while training is forgotten', async () => {
  const cache = new MemoryCache();
  await (await select({ webgpu: { stepMs: 20 } }, { cache })).forget();
  expect(cache.choices.size).toBe(0);
  await select({ webgpu: { stepMs: 20 } }, { cache });
  await (await select({ webgpu: { stepMs: 20 } }, { cache })).forget();
  expect(cache.choices.size).toBe(0);
});

test('what was asked for, or took no test, is no choice to keep', async () => {
  const cache = new MemoryCache();
  await select({ webgl: { stepMs: 1 } }, { cache, preferredEngine: 'webgl' });
  await select({}, { cache, typedMs: 1 });
  expect(cache.choices.size).toBe(0);
});

test('nothing is fetched where there is a reason to save', async () => {
  const offers = { webgpu: { stepMs: 1 } };
  for (const preferredEngine of [undefined, 'webgpu'] as const) {
    const options = {
      reasonToSave: 'the battery is low',
      ...(preferredEngine === undefined ? {} : { preferredEngine }),
    };
    const { chosen, reason, made } = await select(offers, options);
    expect(chosen).toBe('typed-arrays');
    expect(reason).toBe('typed arrays: nothing else is fetched, since the battery is low');
    expect(made).toEqual({});
  }
});
