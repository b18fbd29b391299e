import { ChoraleError, type TrainingTask } from '@chorale/protocol';
import * as v from 'valibot';
import { createTrainingWorker } from './create-worker.ts';
import { type PageConditions, reasonToSave } from './engines/reason-to-save.ts';
import type { OptionalEngineName } from './engines/select-engine.ts';
import type { EncodedRecords } from './features.ts';
import type { LocalProgress } from './local-round.ts';
import type { EngineChoice } from './training-session.ts';
import { WorkerReply, type WorkerRequest } from './worker-messages.ts';

export type TrainingWorkerOptions = {
  task: TrainingTask;
  /** Copied into the worker, which splits off the held-back rows; kept here in case it must start again. */
  records: EncodedRecords;
  /** Names the set of rows in the device's ledger. */
  recordsId?: string | undefined;
  /** The page's explicit consent to send what has no noise; for simulated studies only. */
  noiseless: boolean;
  /** Some twenty times a second while training. */
  onProgress?: (progress: LocalProgress) => void;
  /** Tried alone, whatever the model's size. */
  preferredEngine?: 'typed-arrays' | OptionalEngineName;
  /** Other engines that may be tried, in this order; wasm only where the page's policy allows it. */
  candidates?: readonly OptionalEngineName[];
  createWorker?: () => Promise<Worker>;
};

type Contribution = { parameters: Float32Array; signal?: AbortSignal };
type Work = Extract<WorkerRequest, { type: 'train' | 'evaluate' }>;
type Pending = {
  request: Work;
  resolve: (integers: Int32Array<ArrayBuffer>) => void;
  reject: (reason: unknown) => void;
};

/**
 * Training off the page's thread. What comes out of it is clipped, noised and on the integer grid.
 *
 * A worker that dies is started once more and what it was doing is done again: nothing of it had been
 * sent. If that fails too, the work fails with `ENGINE_UNAVAILABLE`.
 */
export class TrainingWorker {
  readonly #options: TrainingWorkerOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  /** Since the last work that was done. */
  #restarted = false;
  #lastId = 0;
  #engine: EngineChoice = { name: 'typed-arrays', reason: 'not started' };
  #rows = { training: 0, heldBack: 0 };

  private constructor(options: TrainingWorkerOptions) {
    this.#options = options;
  }

  /** @throws ChoraleError `ENGINE_UNAVAILABLE` where no worker can run, or what is wrong with the records. */
  static async start(options: TrainingWorkerOptions): Promise<TrainingWorker> {
    const worker = new TrainingWorker(options);
    try {
      await worker.#connect();
    } catch (cause) {
      worker.terminate();
      throw cause;
    }
    return worker;
  }

  get recordsId(): string | undefined {
    return this.#options.recordsId;
  }

  /** Changes when a failing engine hands over to typed arrays. */
  get engine(): EngineChoice {
    return this.#engine;
  }

  /** How many rows train, and how many only evaluate. */
  get rows(): { training: number; heldBack: number } {
    return this.#rows;
  }

  /**
   * One local round; see `localRound`.
   * @returns `[updateLength]` grid steps.
   */
  train({
    modelRound,
    clippingNorm,
    ...contribution
  }: Contribution & { modelRound: number; clippingNorm?: number | undefined }): Promise<Int32Array<ArrayBuffer>> {
    return this.#request({ type: 'train', modelRound, clippingNorm }, contribution);
  }

  /** What `train` gave last is charged: an algorithm that remembers rounds may remember this one. */
  keep(): void {
    if (this.#state === 'ready') this.#post({ type: 'keep' });
  }

  /**
   * One histogram of the held-back rows' scores; see `evaluationHistogram`.
   * @returns `[2 * bins]` noised counts.
   */
  evaluate(contribution: Contribution): Promise<Int32Array<ArrayBuffer>> {
    return this.#request({ type: 'evaluate' }, contribution);
  }

  /** Ends the worker and, with `ENGINE_UNAVAILABLE`, whatever it was doing. */
  terminate(): void {
    this.#end(new ChoraleError('ENGINE_UNAVAILABLE', 'the training worker was ended'));
  }

  #request(
    work: { type: 'train'; modelRound: number; clippingNorm?: number | undefined } | { type: 'evaluate' },
    { parameters, signal }: Contribution,
  ): Promise<Int32Array<ArrayBuffer>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#state === 'ended')
      return Promise.reject(new ChoraleError('ENGINE_UNAVAILABLE', 'the training worker has ended'));
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Int32Array<ArrayBuffer>>();
    // A copy: the work may have to be done again, whatever the caller does with its own.
    const request: Work = { ...work, id, parameters: new Float32Array(parameters) };
    this.#pending.set(id, { request, resolve, reject });
    if (this.#state === 'ready') this.#post(request);
    const cancel = (): void => {
      if (!this.#pending.delete(id)) return;
      if (this.#state === 'ready') this.#post({ type: 'cancel', id });
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', cancel, { once: true });
    return promise.finally(() => signal?.removeEventListener('abort', cancel));
  }

  /** Starts a worker, and a second one should the first die before it is ready. */
  async #connect(): Promise<void> {
    try {
      await this.#startWorker();
    } catch (cause) {
      if (!(cause instanceof WorkerDied) || this.#restarted || this.#state === 'ended') throw unavailable(cause);
      this.#restarted = true;
      await this.#connect();
    }
  }

  async #startWorker(): Promise<void> {
    const {
      task,
      records,
      noiseless,
      preferredEngine,
      candidates,
      createWorker = createTrainingWorker,
    } = this.#options;
    const started = Promise.withResolvers<Extract<WorkerReply, { type: 'started' }>>();
    const worker = await createWorker().catch((cause: unknown) => {
      throw new WorkerDied(cause);
    });
    if (this.#state === 'ended') {
      worker.terminate();
      throw new ChoraleError('ENGINE_UNAVAILABLE', 'the training worker was ended');
    }
    this.#worker = worker;
    const lock = `chorale-training-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
    const died = (cause: unknown): void => {
      if (this.#worker !== worker) return;
      worker.terminate();
      this.#worker = undefined;
      if (this.#state === 'starting') started.reject(new WorkerDied(cause));
      else this.#restart(new WorkerDied(cause));
    };
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      // There is no message when the script itself could not be loaded.
      died(event.message ?? 'its script could not be loaded');
    });
    worker.addEventListener('messageerror', () => died('a message could not be read'));
    worker.addEventListener('message', ({ data }) => {
      const reply = v.safeParse(WorkerReply, data);
      if (!reply.success) died('a message was malformed');
      // A worker that the browser ends, for want of memory say, fires no event; but its lock is released.
      else if (reply.output.type === 'alive')
        void globalThis.navigator.locks?.request(lock, () => died('the browser ended it'));
      else if (reply.output.type === 'started') started.resolve(reply.output);
      else if (reply.output.type === 'failed' && reply.output.id === null)
        started.reject(new ChoraleError(reply.output.code, reply.output.message));
      else this.#receive(reply.output);
    });
    const toSave = await reasonToSave(globalThis as PageConditions);
    this.#post({
      type: 'start',
      task,
      noiseless,
      lock,
      records: {
        inputs: records.inputs,
        labels: records.labels,
        ...(records.employees === undefined ? {} : { employees: records.employees }),
        rows: records.rows,
      },
      ...(preferredEngine === undefined ? {} : { preferredEngine }),
      ...(candidates === undefined ? {} : { candidates: [...candidates] }),
      ...(toSave === null ? {} : { reasonToSave: toSave }),
    });
    const { engine, rows } = await started.promise;
    this.#engine = engine;
    this.#rows = rows;
    this.#state = 'ready';
    for (const { request } of this.#pending.values()) this.#post(request);
  }

  #restart(cause: WorkerDied): void {
    this.#state = 'starting';
    if (this.#restarted) {
      this.#end(unavailable(cause));
      return;
    }
    this.#restarted = true;
    this.#connect().catch((reason: unknown) => this.#end(reason));
  }

  #receive(reply: Exclude<WorkerReply, { type: 'alive' | 'started' }>): void {
    if (reply.type === 'engine') {
      this.#engine = reply.engine;
      return;
    }
    const pending = reply.id === null ? undefined : this.#pending.get(reply.id);
    // Cancelled meanwhile.
    if (pending === undefined) return;
    if (reply.type === 'progress') {
      this.#options.onProgress?.({ step: reply.step, steps: reply.steps });
      return;
    }
    this.#pending.delete(pending.request.id);
    this.#restarted = false;
    if (reply.type === 'done') pending.resolve(reply.integers);
    else pending.reject(new ChoraleError(reply.code, reply.message));
  }

  #post(request: WorkerRequest): void {
    this.#worker?.postMessage(request);
  }

  #end(reason: unknown): void {
    this.#state = 'ended';
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }
}

/** Internal: tells a death, after which a restart may help, from a refusal, which would come again. */
class WorkerDied extends Error {
  override readonly name = 'WorkerDied';

  constructor(cause: unknown) {
    super(`the training worker stopped: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function unavailable(cause: unknown): unknown {
  return cause instanceof WorkerDied ? new ChoraleError('ENGINE_UNAVAILABLE', cause.message, { cause }) : cause;
}
