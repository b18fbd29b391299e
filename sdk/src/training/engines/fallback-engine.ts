import type { Batch, ClippedGradientSum, Network, TrainingEngine } from './engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

/**
 * An engine that hands over to typed arrays, for good, at the first call that fails or gives what is no
 * number: a lost GPU context costs a round some time, not the round.
 */
export class FallbackEngine implements TrainingEngine {
  #engine: TrainingEngine;
  readonly #network: Network;
  readonly #onFallback: (reason: string) => void;

  constructor(
    engine: TrainingEngine,
    { network, onFallback }: { network: Network; onFallback: (reason: string) => void },
  ) {
    this.#engine = engine;
    this.#network = network;
    this.#onFallback = onFallback;
  }

  get name(): TrainingEngine['name'] {
    return this.#engine.name;
  }

  clippedGradientSum(parameters: Float32Array, batch: Batch, exampleClippingNorm: number): Promise<ClippedGradientSum> {
    return this.#attempt(
      (engine) => engine.clippedGradientSum(parameters, batch, exampleClippingNorm),
      ({ gradientSum }) => gradientSum,
    );
  }

  loss(parameters: Float32Array, batch: Batch): Promise<number> {
    return this.#attempt(
      (engine) => engine.loss(parameters, batch),
      (loss) => [loss],
    );
  }

  scores(parameters: Float32Array, batch: Batch): Promise<Float32Array> {
    return this.#attempt(
      (engine) => engine.scores(parameters, batch),
      (scores) => scores,
    );
  }

  dispose(): void {
    this.#engine.dispose();
  }

  async #attempt<Result>(
    compute: (engine: TrainingEngine) => Promise<Result>,
    numbers: (result: Result) => Float32Array | Float64Array | [number],
  ): Promise<Result> {
    const engine = this.#engine;
    if (engine.name === 'typed-arrays') return compute(engine);
    try {
      const result = await compute(engine);
      if (numbers(result).every(Number.isFinite)) return result;
      throw new Error('it gave what is no number');
    } catch (cause) {
      this.#engine = new TypedArrayEngine(this.#network);
      this.#onFallback(
        `${engine.name} failed while training (${cause instanceof Error ? cause.message : String(cause)})`,
      );
      disposeQuietly(engine);
      return compute(this.#engine);
    }
  }
}

/** A broken engine may fail even at this, and has nothing more to say. */
export function disposeQuietly(engine: TrainingEngine): void {
  try {
    engine.dispose();
  } catch {
    // Its memory goes with the worker.
  }
}
