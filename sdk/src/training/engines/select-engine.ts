import type { Batch, EngineName, Loss, Network, TrainingEngine } from './engine.ts';
import { disposeQuietly } from './fallback-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

/** Engines that need a download; typed arrays are always there. */
export type OptionalEngineName = Exclude<EngineName, 'typed-arrays' | 'cpu'>;

export type EngineSelection = { engine: TrainingEngine; reason: string };

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
  /** Milliseconds of a steady clock. */
  now?: () => number;
  createEngine?: (name: OptionalEngineName, network: Network) => Promise<TrainingEngine>;
};

/**
 * Below this much time for a whole local round, no other engine is tried: fetching, starting and checking
 * one takes about a second.
 */
const roundMsWorthTrying = 1000;
/** A driver that hangs must not hold up the round. */
const attemptMs = 10_000;
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
    now = () => performance.now(),
    createEngine = loadEngine,
  } = options;
  const typedArrays = new TypedArrayEngine(network);
  if (exampleNoise)
    return { engine: typedArrays, reason: 'typed arrays: noise at every step needs clipping in double precision' };
  if (preferredEngine === 'typed-arrays') return { engine: typedArrays, reason: 'typed arrays: asked for' };

  const test = selfTest(network, rowsPerStep);
  const expected = await typedArrays.clippedGradientSum(test.parameters, test.batch, 1);
  const typedMs = await stepMs(typedArrays, test, now);
  const findings = [`typed arrays: ${formatMs(typedMs)} a step`];
  if (preferredEngine === undefined && typedMs * stepsPerRound < roundMsWorthTrying) {
    return { engine: typedArrays, reason: `${findings[0]}, too fast for another engine to pay` };
  }

  let best: { engine: TrainingEngine; ms: number } = { engine: typedArrays, ms: typedMs };
  const candidates = preferredEngine === undefined ? (options.candidates ?? ['webgpu', 'webgl']) : [preferredEngine];
  for (const name of candidates) {
    let engine: TrainingEngine | undefined;
    try {
      const attempt = async (): Promise<number> => {
        engine = await createEngine(name, network);
        await checkOddShapes(name, network.loss, createEngine);
        compare((await engine.clippedGradientSum(test.parameters, test.batch, 1)).gradientSum, expected.gradientSum);
        return stepMs(engine, test, now);
      };
      const ms = await withTimeLimit(attempt());
      findings.push(`${name}: ${formatMs(ms)}`);
      if (ms < best.ms || preferredEngine !== undefined) {
        if (best.engine !== typedArrays) disposeQuietly(best.engine);
        best = { engine: engine!, ms };
      } else disposeQuietly(engine!);
    } catch (cause) {
      findings.push(`${name}: not used (${cause instanceof Error ? cause.message : String(cause)})`);
      if (engine !== undefined) disposeQuietly(engine);
    }
  }
  return { engine: best.engine, reason: findings.join('; ') };
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
