import type { EngineName, Network, TrainingEngine } from './engine.ts';
import type { ChoiceCache } from './choice-cache.ts';
import { formatMs, selfTest, stepMs } from './self-test.ts';
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

/**
 * Below this much time for a whole local round, no other engine is tried: fetching, starting and checking
 * one takes about a second.
 */
const roundMsWorthTrying = 1000;
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
    now = () => performance.now(),
  } = options;
  const typedArrays = new TypedArrayEngine(network);
  const only = (why: string): EngineSelection => ({
    engine: typedArrays,
    reason: `typed arrays: ${why}`,
    forget: async () => {},
  });
  if (exampleNoise) return only('noise at every step needs clipping in double precision');
  if (preferredEngine === 'typed-arrays') return only('asked for');
  if (reasonToSave !== undefined) return only(`nothing else is fetched, since ${reasonToSave}`);

  const test = selfTest(network, rowsPerStep);
  const typedMs = await stepMs(typedArrays, test, now);
  if (preferredEngine === undefined && typedMs * stepsPerRound < roundMsWorthTrying)
    return only(`${formatMs(typedMs)} a step, too fast for another engine to pay`);
  // What only large models need is fetched here.
  const { fastestEngine } = await import('./fastest-engine.ts');
  return fastestEngine({ ...options, preferredEngine, now }, { typedArrays, typedMs, test });
}
