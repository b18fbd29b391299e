import { ChoraleError, type RoundMessage } from '@chorale/protocol';
import { LONGEST_TIMER_MS } from '../abortable.ts';
import { isRetryable } from '../connection/retry.ts';
import { contribution, type ContributionOptions } from './round-contribution.ts';

export type RoundWorkOptions = ContributionOptions & {
  /** Aborts when this client takes no further part. */
  signal: AbortSignal;
  /** Resolves while the client has a seat: without one an update on the socket would be refused. */
  seated: (signal: AbortSignal) => Promise<void>;
  onComputed: () => void;
};

/** What became of an attempt to give a contribution. */
export type WorkResult =
  /** The coordinator has it. */
  | { result: 'given'; bytes: number; duplicate: boolean }
  | { result: 'refused'; error: unknown }
  /** It was not wanted any more, or this client is leaving. */
  | { result: 'stopped' };

/** What a client does for one round, from its invitation until it hears that the round is over. */
export class RoundWork {
  readonly message: RoundMessage;
  readonly #options: RoundWorkOptions;
  readonly #deadline: AbortSignal;
  readonly #stop = new AbortController();
  readonly #over = new AbortController();
  #state: 'computing' | 'sending' | 'given' | 'ended' = 'computing';

  constructor(message: RoundMessage, options: RoundWorkOptions) {
    this.message = message;
    this.#options = options;
    this.#deadline = AbortSignal.timeout(Math.min(Math.ceil(message.deadlineMs), LONGEST_TIMER_MS));
  }

  get state(): 'computing' | 'sending' | 'given' | 'ended' {
    return this.#state;
  }

  get isUnderWay(): boolean {
    return this.#state === 'computing' || this.#state === 'sending';
  }

  /** Makes the contribution, or takes the one that is stored, and sends it until there is an answer. */
  run(): Promise<WorkResult> {
    return this.#attempt(async (signal) => {
      const update = await contribution(this.message, this.#options, signal);
      this.#options.onComputed();
      return update;
    });
  }

  /**
   * Sends a contribution that was given once more, the stored bytes: the coordinator may have lost it with
   * the connection. Nothing is computed or charged, and no refusal matters.
   */
  async runAgain(): Promise<WorkResult> {
    if (this.#state !== 'given' || this.#deadline.aborted || this.#over.signal.aborted) return { result: 'stopped' };
    const { study, round } = this.message;
    this.#state = 'sending';
    const again = await this.#attempt(async () => (await this.#options.store.update(study, round))?.update ?? null);
    return again.result === 'refused' ? { result: 'stopped' } : again;
  }

  /** The round is over, so what is computed is of no use; but what was sent has an answer on its way. */
  finish(): void {
    if (this.#state === 'computing') this.stop();
    else this.#over.abort(new DOMException('the round is over', 'AbortError'));
  }

  /** Nothing of this work is wanted: whatever is under way ends now. */
  stop(): void {
    this.#stop.abort(new DOMException('the round is closed', 'AbortError'));
  }

  async #attempt(bytes: (signal: AbortSignal) => Promise<Uint8Array | null>): Promise<WorkResult> {
    const { connection, seated } = this.#options;
    const lastAttempt = this.#over.signal;
    const signal = AbortSignal.any([this.#options.signal, this.#stop.signal, this.#deadline]);
    try {
      const update = await bytes(signal);
      if (update === null) return this.#end({ result: 'stopped' });
      this.#state = 'sending';
      const { study, round } = this.message;
      const ready = (): Promise<void> => seated(AbortSignal.any([signal, lastAttempt]));
      const { duplicate } = await connection.sendUpdate({ study, round, update }, { signal, lastAttempt, ready });
      this.#state = 'given';
      return { result: 'given', bytes: update.byteLength, duplicate };
    } catch (error) {
      if (this.#options.signal.aborted || this.#stop.signal.aborted) return this.#end({ result: 'stopped' });
      if (this.#deadline.aborted) return this.#end(refused(new ChoraleError('ROUND_CLOSED', 'the deadline passed')));
      const isUnanswered = lastAttempt.aborted && (error === lastAttempt.reason || isRetryable(error));
      return this.#end(isUnanswered ? { result: 'stopped' } : refused(error));
    }
  }

  #end(result: WorkResult): WorkResult {
    this.#state = 'ended';
    return result;
  }
}

function refused(error: unknown): WorkResult {
  return { result: 'refused', error };
}
