import {
  BudgetExceededError,
  ChoraleError,
  type ErrorCode,
  type RoundEndedMessage,
  type RoundMessage,
} from '@chorale/protocol';
import { abortable } from '../abortable.ts';
import type { CoordinatorConnection } from '../connection/coordinator-connection.ts';
import { Gate } from '../connection/gate.ts';
import type { EventQueue } from './event-queue.ts';
import { contribution, type ContributionOptions } from './round-contribution.ts';
import type { TrainingEvent } from './training-event.ts';

type RoundParticipantOptions = ContributionOptions & { connection: CoordinatorConnection };

/** Refusals of one contribution; the client may still be of use to the next round. */
const ofOneRound: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_IN_COHORT',
  'ROUND_CLOSED',
  'UPDATE_DUPLICATE',
  'UPDATE_MALFORMED',
  'UPDATE_OVER_NORM',
  'UPDATE_SHAPE',
]);

/** What this client is doing for a round. */
type Contribution = { round: number; state: 'computing' | 'sending'; cancel: AbortController; done: Promise<void> };

/** One stretch of taking part: from having the turn to the end, or until the page is put away. */
export class RoundParticipant {
  readonly #options: RoundParticipantOptions;
  readonly #events: EventQueue<TrainingEvent>;
  readonly #study: string;
  readonly #ended = Promise.withResolvers<void>();
  #signal = AbortSignal.abort();
  #engine = '';
  readonly #seat = new Gate();
  #joining = new AbortController();
  #current: Contribution | null = null;
  #inbox: Promise<void> = Promise.resolve();

  constructor(options: RoundParticipantOptions, events: EventQueue<TrainingEvent>) {
    this.#options = options;
    this.#events = events;
    this.#study = options.study.manifest.id;
    // It may fail after `run` stopped listening.
    this.#ended.promise.catch(() => {});
  }

  async run(signal: AbortSignal): Promise<void> {
    const { connection } = this.#options;
    this.#signal = signal;
    this.#reportEngine();
    const unsubscribe = connection.subscribe({
      connected: () => void this.#join(),
      disconnected: ({ message }) => this.#lose(message),
      round: (message) => this.#receive(message, () => this.#take(message)),
      roundEnded: (message) => this.#receive(message, () => this.#end(message)),
      trainingDone: (message) => this.#receive(message, () => this.#finish(message)),
      malformed: (error) => this.#ended.reject(error),
    });
    try {
      await abortable(this.#ended.promise, signal);
    } finally {
      unsubscribe();
      this.#joining.abort();
      this.#current?.cancel.abort();
    }
  }

  progress({ step, steps }: { step: number; steps: number }): void {
    if (this.#current !== null) this.#events.push({ type: 'local-progress', round: this.#current.round, step, steps });
  }

  async #join(): Promise<void> {
    const { connection, study, task } = this.#options;
    this.#joining.abort();
    const joining = new AbortController();
    this.#joining = joining;
    try {
      const { committedRounds, done } = await connection.join(study.hash, { signal: joining.signal });
      this.#seat.open();
      if (done) this.#receive({ study: study.manifest.id }, () => this.#finish({ committedRounds }));
      else if (this.#current === null)
        this.#events.push({ type: 'waiting', for: 'cohort', committedRounds, totalRounds: task.rounds });
    } catch (error) {
      if (!joining.signal.aborted) this.#ended.reject(error);
    }
  }

  /** Without a seat an update would be refused: it waits for the next join. */
  #lose(message: string): void {
    if (this.#seat.isOpen) this.#events.push({ type: 'connection-lost', message });
    this.#seat.close();
  }

  /** Handles messages one after the other, in the order of their arrival, the reply to the join first. */
  #receive({ study }: { study: string }, handle: () => Promise<void>): void {
    if (study !== this.#study) return;
    const joined = this.#inbox.then(() => this.#seat.pass(this.#signal));
    this.#inbox = joined.then(handle).catch((error: unknown) => this.#ended.reject(error));
  }

  async #take(message: RoundMessage): Promise<void> {
    const { round, kind, modelRound, deadlineMs } = message;
    // Invited again after a reconnect, while still at it.
    if (this.#current?.round === round) return;
    await this.#settle();
    await this.#options.store.deleteUpdates(this.#study, { throughRound: round - 1 });
    this.#events.push({ type: 'round-started', round, kind, modelRound, deadlineMs });
    const current: Contribution = { round, state: 'computing', cancel: new AbortController(), done: Promise.resolve() };
    this.#current = current;
    current.done = this.#contribute(message, current);
  }

  /**
   * Waits until nothing is under way: what is computed is of no use any more, but what was sent has an
   * answer, perhaps here already and not yet read.
   */
  async #settle(): Promise<void> {
    if (this.#current?.state === 'computing') this.#current.cancel.abort();
    await this.#current?.done;
  }

  async #contribute(message: RoundMessage, current: Contribution): Promise<void> {
    const { round, kind, deadlineMs } = message;
    const { cancel } = current;
    const deadline = AbortSignal.timeout(Math.min(deadlineMs, 2 ** 31 - 1));
    const signal = AbortSignal.any([this.#signal, cancel.signal, deadline]);
    try {
      const update = await contribution(message, this.#options, signal);
      current.state = 'sending';
      this.#reportEngine();
      const ready = (): Promise<void> => this.#seat.pass(signal);
      const { duplicate } = await this.#options.connection.sendUpdate(
        { study: this.#study, round, update },
        { signal, ready },
      );
      this.#events.push({
        type: kind === 'train' ? 'update-sent' : 'evaluated',
        round,
        bytes: update.byteLength,
        duplicate,
      });
    } catch (error) {
      if (this.#signal.aborted || cancel.signal.aborted) return;
      this.#fail(round, deadline.aborted ? new ChoraleError('ROUND_CLOSED', 'the deadline passed') : error);
    } finally {
      this.#current = null;
    }
  }

  #fail(round: number, error: unknown): void {
    const refusal =
      error instanceof ChoraleError ? error : new ChoraleError('INTERNAL', 'training failed', { cause: error });
    this.#events.push({ type: 'refused', round, code: refusal.code, message: refusal.message });
    if (ofOneRound.has(refusal.code)) return;
    void this.#decline(round, refusal);
  }

  /** Others need not wait for this client; then it ends, since the next round would go the same way. */
  async #decline(round: number, refusal: ChoraleError): Promise<void> {
    const { connection } = this.#options;
    const ready = (): Promise<void> => this.#seat.pass(this.#signal);
    try {
      await connection.decline(
        { study: this.#study, round, code: publicReason(refusal) },
        { signal: this.#signal, ready },
      );
    } catch {
      // The round is over, or this client is leaving anyway.
    }
    if (!(refusal instanceof BudgetExceededError)) return this.#ended.reject(refusal);
    this.#events.push({ type: 'ended', code: 'BUDGET_EXCEEDED', message: refusal.message });
    return this.#ended.resolve();
  }

  async #end({ round, outcome, committedRounds }: RoundEndedMessage): Promise<void> {
    if (this.#current?.round === round) await this.#settle();
    await this.#options.store.deleteUpdates(this.#study, { throughRound: round });
    this.#events.push({ type: 'round-ended', round, outcome, committedRounds });
  }

  async #finish({ committedRounds }: { committedRounds: number }): Promise<void> {
    await this.#settle();
    await this.#options.store.deleteUpdates(this.#study, { throughRound: Number.MAX_SAFE_INTEGER });
    this.#events.push({ type: 'done', committedRounds });
    this.#ended.resolve();
  }

  #reportEngine(): void {
    const { name, reason } = this.#options.trainer.engine;
    if (`${name} ${reason}` === this.#engine) return;
    this.#engine = `${name} ${reason}`;
    this.#events.push({ type: 'engine', name, reason });
  }
}

/** What a coordinator is told of a refusal: nothing that could depend on a row. */
function publicReason(refusal: ChoraleError): ErrorCode {
  return refusal instanceof BudgetExceededError ? refusal.code : 'INTERNAL';
}
