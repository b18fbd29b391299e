import type { RandomSource } from '@chorale/privacy';
import type { TrainingTask } from '@chorale/protocol';
import { type ClientAlgorithm, clientAlgorithm } from '@chorale/training';
import type { EngineName, TrainingEngine } from './engines/engine.ts';
import { FallbackEngine } from './engines/fallback-engine.ts';
import { type EngineSelection, type OptionalEngineName, selectEngine } from './engines/select-engine.ts';
import { evaluationHistogram } from './evaluation.ts';
import { type SiteRows, splitRecords } from './holdout.ts';
import { localRound, type LocalProgress } from './local-round.ts';
import { taskNetwork } from './task-network.ts';

/** Which engine trains, and why that one, in words. */
export type EngineChoice = { name: EngineName; reason: string };

export type TrainingSessionOptions = {
  task: TrainingTask;
  records: SiteRows;
  noiseless: boolean;
  preferredEngine?: 'typed-arrays' | OptionalEngineName | undefined;
  candidates?: readonly OptionalEngineName[] | undefined;
  /** Why nothing may be fetched for training, in words; see `reasonToSave`. */
  reasonToSave?: string | undefined;
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
  readonly #split: { training: SiteRows; heldBack: SiteRows };
  readonly #fallback: TrainingEngine;
  /** Remembers rounds for as long as the session lives. */
  readonly #algorithm: ClientAlgorithm;
  #engine: EngineChoice;

  private constructor(
    options: TrainingSessionOptions,
    split: { training: SiteRows; heldBack: SiteRows },
    selected: EngineSelection,
  ) {
    this.#options = options;
    this.#algorithm = clientAlgorithm(options.task);
    this.#split = split;
    this.rows = { training: split.training.rows, heldBack: split.heldBack.rows };
    this.#engine = { name: selected.engine.name, reason: selected.reason };
    this.#fallback = new FallbackEngine(selected.engine, {
      network: taskNetwork(options.task),
      onFallback: (reason) => {
        this.#engine = { name: 'typed-arrays', reason: `typed arrays: ${reason}` };
        options.onEngine?.(this.#engine);
        void selected.forget();
      },
    });
  }

  static async open(options: TrainingSessionOptions): Promise<TrainingSession> {
    const { task, records, preferredEngine, candidates, reasonToSave } = options;
    // An employee's device holds one row or a few, all of which train; it is never asked to evaluate.
    const holdout = task.clients === 'employee' ? 0 : task.evaluation.holdout;
    const split = await splitRecords(records, { holdout, seed: task.evaluation.seed });
    const rate = task.privacy.exampleSamplingRate ?? 1;
    const rowsPerStep = Math.max(
      1,
      Math.min(task.batchSize ?? Math.ceil(rate * split.training.rows), split.training.rows),
    );
    const selected = await selectEngine({
      network: taskNetwork(task),
      rowsPerStep,
      stepsPerRound: task.localEpochs * Math.ceil(split.training.rows / rowsPerStep),
      exampleNoise: task.privacy.exampleNoiseMultiplier > 0,
      ...(preferredEngine === undefined ? {} : { preferredEngine }),
      ...(candidates === undefined ? {} : { candidates }),
      ...(reasonToSave === undefined ? {} : { reasonToSave }),
    });
    return new TrainingSession(options, split, selected);
  }

  get engine(): EngineChoice {
    return this.#engine;
  }

  /** See `localRound`. */
  train(
    contribution: Contribution & { modelRound: number; clippingNorm?: number | undefined },
  ): Promise<Int32Array<ArrayBuffer>> {
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
