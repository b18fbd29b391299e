import type { Batch, EngineName, Loss, Network, TrainingEngine } from './engine.ts';
import { type Choice, type ChoiceCache, IndexedDbChoiceCache } from './choice-cache.ts';
import { disposeQuietly } from './fallback-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

/** Engines that need a download; typed arrays are always there. */
export type OptionalEngineName = Exclude<EngineName, 'typed-arrays' | 'cpu'>;

export type EngineSelection = {
  engine: TrainingEngine;
  /** In words. */
  reason: string;
  /** The engine failed after all: the next visit tests again. */
  forget: () => Promise<void>;
};

export type SelectEngineOptions = {
  network: Network;
  /** Rows in a local step, and steps in a local round. */
  rowsPerStep: number;
  stepsPerRound: number;
  /** Noise at every step: clipping must then hold to doubles. */
  exampleNoise: boolean;
  /** Tried in this order. wasm is left out by default: it needs `'wasm-unsafe-eval'` in the page's policy. */
  candidates?: readonly OptionalEngineName[];
  /** Tried whatever the size, and alone. */
  preferredEngine?: 'typed-arrays' | OptionalEngineName;
  /** Why nothing may be fetched for training, in words. */
  reasonToSave?: string;
  cache?: ChoiceCache;
  /** Milliseconds of a steady clock. */
  now?: () => number;
  /** Milliseconds since 1970. */
  today?: () => number;
  createEngine?: (name: OptionalEngineName, network: Network) => Promise<TrainingEngine>;
};

const usualCandidates: readonly OptionalEngineName[] = ['webgpu', 'webgl'];
/**
 * Below this much time for a whole local round, no other engine is tried: fetching, starting and checking
 * one takes about a second.
 */
const roundMsWorthTrying = 1000;
/** A driver that hangs must not hold up the round. */
const attemptMs = 10_000;
/** A driver or a browser that is new may compute faster, or wrongly. */
const choiceLastsMs = 30 * 24 * 3600 * 1000;
const timedSteps = 4;
const timingMs = 500;
/** Single precision agrees far better; half precision does not pass for it with wrong gradients. */
const tolerance = 1e-3;

/**
 * The fastest engine on this device that computes correctly, by a timed self-test on the task's own shape,
 * with typed arrays as the measure and the last resort.
 */
export async function selectEngine(options: SelectEngineOptions): Promise<EngineSelection> {
  const {
    network,
    preferredEngine,
    exampleNoise,
    rowsPerStep,
    stepsPerRound,
    reasonToSave,
    cache = new IndexedDbChoiceCache(),
    now = () => performance.now(),
    today = () => Date.now(),
    createEngine = loadEngine,
  } = options;
  const typedArrays = new TypedArrayEngine(network);
  const only = (why: string): EngineSelection => ({
    engine: typedArrays,
    reason: `typed arrays: ${why}`,
    forget: nothingKept,
  });
  if (exampleNoise) return only('noise at every step needs clipping in double precision');
  if (preferredEngine === 'typed-arrays') return only('asked for');
  if (reasonToSave !== undefined) return only(`nothing else is fetched, since ${reasonToSave}`);
  if (preferredEngine === undefined) {
    const known = await rememberedChoice({ ...options, cache, today, createEngine }, typedArrays);
    if (known !== undefined) return known;
  }

  const test = selfTest(network, rowsPerStep);
  const typedMs = await stepMs(typedArrays, test, now);
  const findings = [`typed arrays: ${formatMs(typedMs)} a step`];
  if (preferredEngine === undefined && typedMs * stepsPerRound < roundMsWorthTrying) {
    return { engine: typedArrays, reason: `${findings[0]}, too fast for another engine to pay`, forget: nothingKept };
  }

  let best: { name: Choice['name']; engine: TrainingEngine; ms: number } = {
    name: 'typed-arrays',
    engine: typedArrays,
    ms: typedMs,
  };
  const candidates = preferredEngine === undefined ? (options.candidates ?? usualCandidates) : [preferredEngine];
  for (const name of candidates) {
    let engine: TrainingEngine | undefined;
    try {
      const attempt = async (): Promise<number> => {
        engine = await correctEngine(name, { network, rowsPerStep, createEngine });
        return stepMs(engine, test, now);
      };
      const ms = await withTimeLimit(attempt());
      findings.push(`${name}: ${formatMs(ms)}`);
      if (ms < best.ms || preferredEngine !== undefined) {
        if (best.engine !== typedArrays) disposeQuietly(best.engine);
        best = { name, engine: engine!, ms };
      } else disposeQuietly(engine!);
    } catch (cause) {
      findings.push(`${name}: not used (${cause instanceof Error ? cause.message : String(cause)})`);
      if (engine !== undefined) disposeQuietly(engine);
    }
  }
  const reason = findings.join('; ');
  if (preferredEngine !== undefined) return { engine: best.engine, reason, forget: nothingKept };
  const key = cacheKey(options);
  await cache.put(key, { name: best.name, reason, at: today() });
  return { engine: best.engine, reason, forget: () => cache.delete(key) };
}

async function nothingKept(): Promise<void> {}

/** One entry a size of the model and of its steps, and a version of the browser. */
function cacheKey({ network, rowsPerStep, stepsPerRound, candidates = usualCandidates }: SelectEngineOptions): string {
  const { layerSizes, activation, loss } = network;
  const shape = [layerSizes.join('-'), activation, loss, rowsPerStep, stepsPerRound, candidates.join(',')];
  return [...shape, globalThis.navigator?.userAgent].join(' ');
}

/** The choice of an earlier visit, where it is recent and its engine still computes correctly; else it is dropped. */
async function rememberedChoice(
  options: SelectEngineOptions & Required<Pick<SelectEngineOptions, 'cache' | 'today' | 'createEngine'>>,
  typedArrays: TypedArrayEngine,
): Promise<EngineSelection | undefined> {
  const { cache, today, createEngine, network, rowsPerStep } = options;
  const key = cacheKey(options);
  const forget = (): Promise<void> => cache.delete(key);
  const choice = await cache.get(key);
  if (choice === undefined) return undefined;
  const reason = `${choice.reason} (measured on ${new Date(choice.at).toISOString().slice(0, 10)})`;
  const age = today() - choice.at;
  if (age >= 0 && age < choiceLastsMs) {
    if (choice.name === 'typed-arrays') return { engine: typedArrays, reason, forget };
    const engine = await withTimeLimit(correctEngine(choice.name, { network, rowsPerStep, createEngine })).catch(
      () => undefined,
    );
    if (engine !== undefined) return { engine, reason, forget };
  }
  await forget();
  return undefined;
}

/** @throws Error where the engine does not start or computes wrongly. */
async function correctEngine(
  name: OptionalEngineName,
  {
    network,
    rowsPerStep,
    createEngine,
  }: Pick<SelectEngineOptions, 'network' | 'rowsPerStep'> & Required<Pick<SelectEngineOptions, 'createEngine'>>,
): Promise<TrainingEngine> {
  const engine = await createEngine(name, network);
  try {
    await checkOddShapes(name, network.loss, createEngine);
    const { parameters, batch } = selfTest(network, rowsPerStep);
    const expected = await new TypedArrayEngine(network).clippedGradientSum(parameters, batch, 1);
    compare((await engine.clippedGradientSum(parameters, batch, 1)).gradientSum, expected.gradientSum);
    return engine;
  } catch (cause) {
    disposeQuietly(engine);
    throw cause;
  }
}

/** Each engine is a chunk of its own, fetched only here. */
export async function loadEngine(name: OptionalEngineName, network: Network): Promise<TrainingEngine> {
  const { TfjsEngine } = await import('./tfjs-engine.ts');
  const load = {
    webgpu: () => import('./backends/webgpu.ts'),
    webgl: () => import('./backends/webgl.ts'),
    wasm: () => import('./backends/wasm.ts'),
  }[name];
  return TfjsEngine.create(name, network, load);
}

/** One row and odd widths are where GPU kernels have been wrong. */
async function checkOddShapes(
  name: OptionalEngineName,
  loss: Loss,
  createEngine: (name: OptionalEngineName, network: Network) => Promise<TrainingEngine>,
): Promise<void> {
  for (const activation of ['relu', 'tanh'] as const) {
    const network: Network = { layerSizes: [13, 7, 3, loss === 'softmax' ? 3 : 1], activation, loss };
    // Not disposed of: the engines of one backend share it.
    const engine = await createEngine(name, network);
    for (const rows of [1, 33]) {
      const { parameters, batch } = selfTest(network, rows);
      const expected = await new TypedArrayEngine(network).clippedGradientSum(parameters, batch, 0.5);
      compare((await engine.clippedGradientSum(parameters, batch, 0.5)).gradientSum, expected.gradientSum);
    }
  }
}

type SelfTest = { parameters: Float32Array; batch: Batch };

/** A problem that is the same everywhere: waves instead of random numbers, which nothing here needs. */
function selfTest({ layerSizes }: Network, rows: number): SelfTest {
  const parameters: number[] = [];
  for (const [i, outputs] of layerSizes.slice(1).entries()) {
    const fanIn = layerSizes[i]!;
    for (let k = 0; k < (fanIn + 1) * outputs; k += 1) parameters.push(Math.sin(k * 1.7 + i) / Math.sqrt(fanIn));
  }
  const batch = {
    inputs: Float32Array.from({ length: rows * layerSizes[0]! }, (_, k) => Math.sin(k * 0.7)),
    labels: Uint8Array.from({ length: rows }, (_, row) => row % 2),
    rows,
  };
  return { parameters: Float32Array.from(parameters), batch };
}

/** The fastest of a few steps, so that neither compiling nor another tab counts; slow ones are not repeated. */
async function stepMs(engine: TrainingEngine, { parameters, batch }: SelfTest, now: () => number): Promise<number> {
  let fastest = Infinity;
  const begin = now();
  for (let step = 0; step < timedSteps && (step === 0 || now() - begin < timingMs); step += 1) {
    const start = now();
    await engine.clippedGradientSum(parameters, batch, 1);
    fastest = Math.min(fastest, now() - start);
  }
  return fastest;
}

function compare(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  let distance = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i += 1) {
    distance += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  // Written so that NaN fails.
  if (!(Math.sqrt(distance) <= tolerance * Math.sqrt(norm))) throw new Error('it computes wrong gradients here');
}

async function withTimeLimit<Result>(work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it did not answer in time')), attemptMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
