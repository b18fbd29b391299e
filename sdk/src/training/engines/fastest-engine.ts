import { type Choice, IndexedDbChoiceCache } from './choice-cache.ts';
import type { Loss, Network, TrainingEngine } from './engine.ts';
import { disposeQuietly } from './fallback-engine.ts';
import type { EngineSelection, OptionalEngineName, SelectEngineOptions } from './select-engine.ts';
import { formatMs, type SelfTest, selfTest, stepMs } from './self-test.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

type Options = Omit<SelectEngineOptions, 'preferredEngine'> & {
  preferredEngine: OptionalEngineName | undefined;
  now: () => number;
};

const usualCandidates: readonly OptionalEngineName[] = ['webgpu', 'webgl'];
/** A driver that hangs must not hold up the round. */
const attemptMs = 10_000;
/** A driver or a browser that is new may compute faster, or wrongly. */
const choiceLastsMs = 30 * 24 * 3600 * 1000;
/** Single precision agrees far better; half precision does not pass for it with wrong gradients. */
const tolerance = 1e-3;

/**
 * The fastest of typed arrays, whose time is known, and the candidates that compute correctly here; or what was the
 * fastest at an earlier visit.
 */
export async function fastestEngine(
  options: Options,
  { typedArrays, typedMs, test }: { typedArrays: TypedArrayEngine; typedMs: number; test: SelfTest },
): Promise<EngineSelection> {
  const {
    network,
    rowsPerStep,
    preferredEngine,
    now,
    cache = new IndexedDbChoiceCache(),
    today = () => Date.now(),
    createEngine = loadEngine,
  } = options;
  if (preferredEngine === undefined) {
    const known = await rememberedChoice({ ...options, cache, today, createEngine }, typedArrays);
    if (known !== undefined) return known;
  }

  const findings = [`typed arrays: ${formatMs(typedMs)} a step`];
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
  if (preferredEngine !== undefined) return { engine: best.engine, reason, forget: async () => {} };
  const key = cacheKey(options);
  await cache.put(key, { name: best.name, reason, at: today() });
  return { engine: best.engine, reason, forget: () => cache.delete(key) };
}

/** One entry a size of the model and of its steps, and a version of the browser. */
function cacheKey({ network, rowsPerStep, stepsPerRound, candidates = usualCandidates }: Options): string {
  const { layerSizes, activation, loss } = network;
  const shape = [layerSizes.join('-'), activation, loss, rowsPerStep, stepsPerRound, candidates.join(',')];
  return [...shape, globalThis.navigator?.userAgent].join(' ');
}

/** The choice of an earlier visit, where it is recent and its engine still computes correctly; else it is dropped. */
async function rememberedChoice(
  options: Options & Required<Pick<SelectEngineOptions, 'cache' | 'today' | 'createEngine'>>,
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
