import type { RandomSource } from '@chorale/privacy';
import { layerSizes, type TrainingTask } from '@chorale/protocol';
import { type ClientAlgorithm, clientAlgorithm } from '@chorale/training';
import type { Batch, EngineName, Network, TrainingEngine } from './engines/engine.ts';
import { FallbackEngine } from './engines/fallback-engine.ts';
import { type OptionalEngineName, selectEngine } from './engines/select-engine.ts';
import { evaluationHistogram } from './evaluation.ts';
import type { EncodedRecords } from './features.ts';
import { splitRecords } from './holdout.ts';
import { localRound, type LocalProgress } from './local-round.ts';

/** Which engine trains, and why that one, in words. */
export type EngineChoice = { name: EngineName; reason: string };

export type TrainingSessionOptions = {
  task: TrainingTask;
  records: Pick<EncodedRecords, 'inputs' | 'labels' | 'rows'>;
  noiseless: boolean;
  preferredEngine?: 'typed-arrays' | OptionalEngineName | undefined;
  candidates?: readonly OptionalEngineName[] | undefined;
  random?: RandomSource;
  /** The engine failed and typed arrays took over. */
  onEngine?: (engine: EngineChoice) => void;
};

type Contribution = {
  parameters: Float32Array;
  onProgress?: (progress: LocalProgress) => void | Promise<void>;
  signal?: AbortSignal;
};

/** What the worker does, apart from its messages: the records split once, an engine, and two things to ask for. */
export class TrainingSession {
  readonly rows: { training: number; heldBack: number };
  readonly #options: TrainingSessionOptions;
  readonly #split: { training: Batch; heldBack: Batch };
  readonly #fallback: TrainingEngine;
  /** Remembers rounds for as long as the session lives. */
  readonly #algorithm: ClientAlgorithm;
  #engine: EngineChoice;

  private constructor(
    options: TrainingSessionOptions,
    split: { training: Batch; heldBack: Batch },
    selected: { engine: TrainingEngine; reason: string },
  ) {
    this.#options = options;
    this.#algorithm = clientAlgorithm(options.task);
    this.#split = split;
    this.rows = { training: split.training.rows, heldBack: split.heldBack.rows };
    this.#engine = { name: selected.engine.name, reason: selected.reason };
    this.#fallback = new FallbackEngine(selected.engine, {
      network: network(options.task),
      onFallback: (reason) => {
        this.#engine = { name: 'typed-arrays', reason: `typed arrays: ${reason}` };
        options.onEngine?.(this.#engine);
      },
    });
  }

  static async open(options: TrainingSessionOptions): Promise<TrainingSession> {
    const { task, records, preferredEngine, candidates } = options;
    // An employee's device holds one row or a few, all of which train; it is never asked to evaluate.
    const holdout = task.clients === 'employee' ? 0 : task.evaluation.holdout;
    const split = await splitRecords(records, { holdout, seed: task.evaluation.seed });
    const rowsPerStep = Math.max(1, Math.min(task.batchSize ?? split.training.rows, split.training.rows));
    const selected = await selectEngine({
      network: network(task),
      rowsPerStep,
      stepsPerRound: task.localEpochs * Math.ceil(split.training.rows / rowsPerStep),
      exampleNoise: task.privacy.exampleNoiseMultiplier > 0,
      ...(preferredEngine === undefined ? {} : { preferredEngine }),
      ...(candidates === undefined ? {} : { candidates }),
    });
    return new TrainingSession(options, split, selected);
  }

  get engine(): EngineChoice {
    return this.#engine;
  }

  /** See `localRound`. */
  train(contribution: Contribution & { modelRound: number }): Promise<Int32Array<ArrayBuffer>> {
    const { task, noiseless, random } = this.#options;
    return localRound({
      task,
      noiseless,
      engine: this.#fallback,
      algorithm: this.#algorithm,
      training: this.#split.training,
      ...(random === undefined ? {} : { random }),
      ...contribution,
    });
  }

  /** See `ClientAlgorithm`. */
  keep(): void {
    this.#algorithm.keep();
  }

  /** See `evaluationHistogram`. */
  evaluate({ parameters, signal }: Omit<Contribution, 'onProgress'>): Promise<Int32Array<ArrayBuffer>> {
    const { task, noiseless, random } = this.#options;
    return evaluationHistogram({
      task,
      noiseless,
      parameters,
      engine: this.#fallback,
      heldBack: this.#split.heldBack,
      ...(random === undefined ? {} : { random }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

function network(task: TrainingTask): Network {
  return { layerSizes: layerSizes(task), activation: task.model.activation };
}
