import {
  BudgetExceededError,
  ChoraleError,
  type ErrorCode,
  participationLimits,
  type RoundEndedMessage,
  type RoundMessage,
} from '@chorale/protocol';
import { abortable } from '../abortable.ts';
import { Gate } from '../connection/gate.ts';
import type { EventQueue } from './event-queue.ts';
import { participationUsed, used } from './participation.ts';
import type { ContributionOptions } from './round-contribution.ts';
import { RoundWork, type WorkResult } from './round-work.ts';
import type { TrainingEvent } from './training-event.ts';

/** Refusals of one contribution; the client may still be of use to the next round. */
const ofOneRound: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_IN_COHORT',
  'ROUND_CLOSED',
  'UPDATE_DUPLICATE',
  'UPDATE_MALFORMED',
  'UPDATE_OVER_NORM',
  'UPDATE_SHAPE',
]);

/** One stretch of taking part: from having the turn to the end, or until the page is put away. */
export class RoundParticipant {
  readonly #options: ContributionOptions;
  readonly #events: EventQueue<TrainingEvent>;
  readonly #study: string;
  readonly #ended = Promise.withResolvers<{ comeBackMs: number | null }>();
  readonly #leaving = new AbortController();
  #signal = AbortSignal.abort();
  #engine = '';
  readonly #seat = new Gate();
  #joining = new AbortController();
  #joins = 0;
  /** After which join the last invitation came. */
  #invitedIn = 0;
  /** For the last round that this client was invited to, until it hears that the round is over. */
  #work: RoundWork | null = null;
  /** Settles when nothing is under way for it. */
  #working: Promise<void> = Promise.resolve();
  #inbox: Promise<void> = Promise.resolve();

  constructor(options: ContributionOptions, events: EventQueue<TrainingEvent>) {
    this.#options = options;
    this.#events = events;
    this.#study = options.study.manifest.id;
    // It may fail after `run` stopped listening.
    this.#ended.promise.catch(() => {});
  }

  /** @returns whether the coordinator asks this client to come back, and when; `null` is never. */
  async run(signal: AbortSignal): Promise<{ comeBackMs: number | null }> {
    const { connection } = this.#options;
    this.#signal = AbortSignal.any([signal, this.#leaving.signal]);
    this.#reportEngine();
    const unsubscribe = connection.subscribe({
      connected: () => void this.#join(),
      disconnected: ({ message }) => this.#lose(message),
      round: (message) => {
        const joins = this.#joins;
        this.#receive(message, () => this.#take(message, joins));
      },
      roundEnded: (message) => this.#receive(message, () => this.#end(message)),
      trainingDone: (message) => this.#receive(message, () => this.#finish(message)),
      malformed: (error) => this.#ended.reject(error),
    });
    try {
      return await abortable(this.#ended.promise, signal);
    } finally {
      unsubscribe();
      this.#joining.abort();
      this.#leaving.abort(new DOMException('this client is leaving', 'AbortError'));
    }
  }

  progress({ step, steps }: { step: number; steps: number }): void {
    if (this.#work?.state !== 'computing') return;
    this.#events.push({ type: 'local-progress', round: this.#work.message.round, step, steps });
  }

  async #join(): Promise<void> {
    const { connection, study, task } = this.#options;
    this.#joins += 1;
    this.#joining.abort();
    const joining = new AbortController();
    this.#joining = joining;
    try {
      const { committedRounds, done, comeBackMs, usedUp } = await connection.join(study.hash, {
        signal: joining.signal,
      });
      const progress = { committedRounds, totalRounds: task.rounds };
      if (comeBackMs !== null && !done) {
        this.#events.push({ type: 'waiting', for: 'later', comeBackMs, ...progress });
        this.#ended.resolve({ comeBackMs });
        return;
      }
      if (usedUp && !done) {
        await this.#options.store.deleteUpdates(this.#study, { throughRound: Number.MAX_SAFE_INTEGER });
        this.#retire(used(participationLimits(task).atMost));
        return;
      }
      this.#seat.open();
      if (done) this.#receive({ study: this.#study }, () => this.#finish({ committedRounds }));
      else if (this.#work?.state === 'given') this.#receive({ study: this.#study }, () => this.#giveAgain(progress));
      else if (!this.#work?.isUnderWay) this.#events.push({ type: 'waiting', for: 'cohort', ...progress });
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

  async #take(message: RoundMessage, joins: number): Promise<void> {
    const { round, kind, modelRound, deadlineMs } = message;
    const work = this.#work;
    const isRepeated = joins === this.#invitedIn;
    this.#invitedIn = joins;
    if (work?.message.round === round && work.isUnderWay) {
      // A reconnect brings the invitation once more. Another one after it means that what has an answer, read
      // or not, is lost.
      if (isRepeated && work.state === 'sending') this.#working = this.#working.then(() => this.#repeat(work));
      return;
    }
    await this.#settle();
    await this.#options.store.deleteUpdates(this.#study, { throughRound: round - 1 });
    this.#events.push({ type: 'round-started', round, kind, modelRound, deadlineMs });
    const next = new RoundWork(message, {
      ...this.#options,
      signal: this.#signal,
      seated: (signal) => this.#seat.pass(signal),
      onComputed: () => this.#reportEngine(),
    });
    this.#work = next;
    this.#working = this.#tell(next, next.run());
  }

  /** After a reconnect: a coordinator that was stopped may have lost what it had acknowledged. */
  async #giveAgain(progress: { committedRounds: number; totalRounds: number }): Promise<void> {
    const work = this.#work;
    // Invited again before this, say.
    if (work?.state !== 'given') return;
    const again = work.runAgain().then((result) => {
      if (result.result === 'stopped' && !this.#signal.aborted)
        this.#events.push({ type: 'waiting', for: 'cohort', ...progress });
      return result;
    });
    this.#working = this.#tell(work, again);
  }

  async #repeat(work: RoundWork): Promise<void> {
    if (work.state === 'given') await this.#tell(work, work.runAgain());
  }

  async #tell({ message }: RoundWork, work: Promise<WorkResult>): Promise<void> {
    const { round, kind } = message;
    const result = await work;
    switch (result.result) {
      case 'given': {
        const { bytes, duplicate } = result;
        this.#events.push({ type: kind === 'train' ? 'update-sent' : 'evaluated', round, bytes, duplicate });
        break;
      }
      case 'refused':
        this.#fail(message, result.error);
        break;
      case 'stopped':
        break;
    }
  }

  /** Waits until nothing is under way: what was sent has an answer, perhaps here already and not yet read. */
  async #settle(): Promise<void> {
    this.#work?.finish();
    await this.#working;
  }

  #fail({ round, model }: RoundMessage, error: unknown): void {
    const refusal =
      error instanceof ChoraleError ? error : new ChoraleError('INTERNAL', 'training failed', { cause: error });
    this.#events.push({ type: 'refused', round, code: refusal.code, message: refusal.message });
    // A later round may ask it again.
    if (refusal.code === 'PARTICIPATION_TOO_SOON') void this.#giveUp(round, refusal.code);
    else if (!ofOneRound.has(refusal.code)) void this.#decline(round, refusal);
    // Where updates outlive models, a round whose model cannot be fetched any more is still open for this client.
    else if (this.#options.task.asynchronous !== undefined && model === null && refusal.code === 'ROUND_CLOSED')
      void this.#giveUp(round, refusal.code);
  }

  async #giveUp(round: number, code: ErrorCode): Promise<void> {
    const { connection } = this.#options;
    const ready = (): Promise<void> => this.#seat.pass(this.#signal);
    try {
      await connection.decline({ study: this.#study, round, code }, { signal: this.#signal, ready });
    } catch {
      // The round is over, or this client is leaving anyway.
    }
  }

  /** Others need not wait for this client; then it ends, since the next round would go the same way. */
  async #decline(round: number, refusal: ChoraleError): Promise<void> {
    await this.#giveUp(round, publicReason(refusal));
    if (isPublic(refusal)) this.#retire(refusal);
    else this.#ended.reject(refusal);
  }

  /** The device itself will not contribute any more: no error, but an end. */
  #retire({ code, message }: ChoraleError): void {
    if (code !== 'BUDGET_EXCEEDED' && code !== 'PARTICIPATION_USED') throw new TypeError(`${code} is no end`);
    this.#events.push({ type: 'ended', code, message });
    this.#ended.resolve({ comeBackMs: null });
  }

  async #end({ round, outcome, committedRounds }: RoundEndedMessage): Promise<void> {
    const { store } = this.#options;
    if (this.#work?.message.round === round) {
      if (outcome === 'closed') this.#work.stop();
      await this.#settle();
      this.#work = null;
    }
    const ended = { type: 'round-ended', round, committedRounds } as const;
    const event: TrainingEvent =
      outcome === 'closed'
        ? { ...ended, outcome, made: (await store.update(this.#study, round)) !== null }
        : { ...ended, outcome };
    await store.deleteUpdates(this.#study, { throughRound: round });
    this.#events.push(event);
    const end = await participationUsed({ ...this.#options, study: this.#study });
    if (end !== null && committedRounds < this.#options.task.rounds) this.#retire(end);
  }

  async #finish({ committedRounds }: { committedRounds: number }): Promise<void> {
    await this.#settle();
    await this.#options.store.deleteUpdates(this.#study, { throughRound: Number.MAX_SAFE_INTEGER });
    this.#events.push({ type: 'done', committedRounds });
    this.#ended.resolve({ comeBackMs: null });
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
  return isPublic(refusal) ? refusal.code : 'INTERNAL';
}

/** Whether a refusal tells only of what this device has sent before. */
function isPublic(refusal: ChoraleError): boolean {
  return refusal instanceof BudgetExceededError || refusal.code === 'PARTICIPATION_USED';
}
