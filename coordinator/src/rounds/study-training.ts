import {
  ChoraleError,
  encodeParameters,
  isNoised,
  type Manifest,
  type ServerToClientEvents,
  type TrainingRounds,
  type TrainingTask,
} from '@chorale/protocol';
import type { RoundRecord, Store } from '../storage/store.ts';
import { Aggregator } from './aggregator.ts';
import { nextKind, progressOf } from './cadence.ts';
import { contributionOptions, contributionWeight } from './contribution.ts';
import { attendance, requireMember } from './membership.ts';
import { applyAggregate, initialParameters } from './model.ts';
import { type Log, RoundHistory } from './round-history.ts';
import { summarizeRounds } from './round-summaries.ts';
import { nextWake, step } from './round.ts';
import type { Schedule } from './scheduler.ts';
import { SpentBudget } from './spent-budget.ts';
import {
  type Effect,
  initialState,
  type Member,
  type Round,
  type TrainingEvent,
  type TrainingState,
  type Turnout,
} from './training-state.ts';

/** One connection of a client; a socket.io server socket is one. */
export type TrainingClient = {
  emit<E extends keyof ServerToClientEvents>(event: E, ...message: Parameters<ServerToClientEvents[E]>): unknown;
};

export type StudyTrainingOptions = { store: Store; now: () => number; log: Log; schedule: Schedule };

/** A study that trains. */
export type TrainedStudy = { manifest: Manifest & { training: TrainingTask }; hash: string };

/**
 * The rounds of one study: feeds events to `step` and carries its effects out. All writes go through
 * one queue, so the store sees them in the order of the effects. [R13]
 */
export class StudyTraining {
  readonly #options: StudyTrainingOptions;
  readonly #study: TrainedStudy;
  readonly #task: TrainingTask;
  readonly #budget: SpentBudget;
  readonly #history: RoundHistory;
  /** The connection that speaks for each participant: the latest that joined. [R14] */
  readonly #seats = new Map<string, TrainingClient>();
  #state: TrainingState;
  #model: Float32Array;
  #encoded: { of: Float32Array; bytes: Uint8Array<ArrayBuffer> } | undefined;
  /** Contributions to the latest opened round, kept after its end so that a repeated message is known. */
  #latest: { round: number; aggregator: Aggregator } | null = null;
  #writes: Promise<void> = Promise.resolve();
  #timer: { at: number; cancel: () => void } | null = null;
  #isStopped = false;

  private constructor(
    study: TrainedStudy,
    options: StudyTrainingOptions,
    stored: { rounds: RoundRecord[]; model: Float32Array },
  ) {
    this.#options = options;
    this.#study = study;
    this.#task = study.manifest.training;
    this.#budget = new SpentBudget(this.#task);
    this.#history = new RoundHistory({ ...options, study: study.manifest.id }, stored.rounds);
    this.#model = stored.model;
    const progress = progressOf(stored.rounds);
    this.#state = initialState(progress, { done: nextKind(this.#task, progress) === null });
  }

  /** Takes up where the store says the study was; no round may be open in it. [R15] */
  static async resume(study: TrainedStudy, options: StudyTrainingOptions): Promise<StudyTraining> {
    const { id, training } = study.manifest;
    const [rounds, latest] = await Promise.all([options.store.readRounds(id), options.store.latestModel(id)]);
    const model = latest?.parameters ?? initialParameters(training, study.hash);
    const { committedRounds } = progressOf(rounds);
    if ((latest?.modelRound ?? 0) !== committedRounds) {
      throw new ChoraleError(
        'INTERNAL',
        `study ${id}: the stored model is not the one after ${committedRounds} rounds`,
      );
    }
    return new StudyTraining(study, options, { rounds, model });
  }

  join({ participant, group, client }: { participant: string; group: string; client: TrainingClient }): {
    committedRounds: number;
    done: boolean;
  } {
    // Joining again on the same connection asks for nothing new: no second copy of the model is sent.
    if (this.#seats.get(participant) !== client) {
      this.#seats.set(participant, client);
      this.#dispatch({ type: 'joined', participant, group });
    }
    return { committedRounds: this.#state.progress.committedRounds, done: this.#state.phase.state === 'done' };
  }

  /** Says that a connection is lost or, `forGood`, that the client will not come back to this round. */
  leave({ participant, client, forGood }: { participant: string; client: TrainingClient; forGood: boolean }): void {
    if (this.#seats.get(participant) !== client) return;
    this.#seats.delete(participant);
    this.#dispatch({ type: 'left', participant, forGood });
  }

  /**
   * Counts a contribution before it returns; the identical repeat of an accepted one changes nothing.
   * @throws ChoraleError `NOT_IN_COHORT`, `ROUND_CLOSED`, or what the aggregator refuses. [R3] [R8] [R17]
   */
  update({ participant, client, round, update }: Message & { update: Uint8Array }): { duplicate: boolean } {
    this.#requireSeat(participant, client);
    const aggregator = this.#latest?.round === round ? this.#latest.aggregator : null;
    if (aggregator?.holds(participant, update)) return { duplicate: true };
    // One reading of the clock: what is added to the sum is also counted, be the deadline reached meanwhile.
    const now = this.#options.now();
    const { kind, member } = this.#requireMember({ participant, round }, now);
    if (aggregator === null) throw new ChoraleError('INTERNAL', `round ${round} has no aggregator`);
    aggregator.add({ participant, bytes: update, weight: contributionWeight(this.#task, kind, member.group) });
    this.#dispatch({ type: 'update-accepted', round, participant }, now);
    return { duplicate: false };
  }

  /** @throws ChoraleError `NOT_IN_COHORT`, `ROUND_CLOSED`, or `UPDATE_DUPLICATE` after an accepted update. */
  decline({ participant, client, round, code }: Message & { code: string }): void {
    this.#requireSeat(participant, client);
    const now = this.#options.now();
    const { member } = this.#requireMember({ participant, round }, now);
    if (member.standing === 'accepted') {
      throw new ChoraleError('UPDATE_DUPLICATE', 'an update of this client was accepted in this round');
    }
    this.#options.log.info({ study: this.#id, round, code }, 'a client declined a round');
    this.#dispatch({ type: 'declined', round, participant }, now);
  }

  rounds(): TrainingRounds {
    const { manifest, hash } = this.#study;
    const { waiting, accepted } = attendance(this.#state);
    return {
      study: manifest.id,
      manifest: hash,
      clients: this.#task.clients,
      simulated: manifest.simulated,
      noised: isNoised(this.#task),
      waiting,
      committedRounds: this.#state.progress.committedRounds,
      totalRounds: this.#task.rounds,
      rounds: summarizeRounds(this.#history.records(), { task: this.#task, budget: this.#budget, accepted }),
    };
  }

  /** Ends the timers and waits for writes under way. An open round stays open, as after a crash. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#history.stop();
    await this.#writes;
  }

  get #id(): string {
    return this.#study.manifest.id;
  }

  #requireSeat(participant: string, client: TrainingClient): void {
    if (this.#seats.get(participant) !== client) {
      throw new ChoraleError('NOT_IN_COHORT', 'join first: this connection does not speak for the client');
    }
  }

  #requireMember(place: { participant: string; round: number }, now: number): { kind: Round['kind']; member: Member } {
    // A deadline closes the round although its timer may not have fired yet.
    this.#dispatch({ type: 'tick' }, now);
    return requireMember(this.#state, place);
  }

  #dispatch(event: TrainingEvent, now: number = this.#options.now()): void {
    if (this.#isStopped) return;
    const { state, effects } = step(this.#task, this.#state, event, now);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#setTimer();
  }

  #setTimer(): void {
    const at = nextWake(this.#task, this.#state);
    if (at === (this.#timer?.at ?? null)) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (at === null) return;
    const cancel = this.#options.schedule(
      () => {
        this.#timer = null;
        this.#dispatch({ type: 'tick' });
      },
      Math.max(0, at - this.#options.now()),
    );
    this.#timer = { at, cancel };
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'open':
        this.#write(() => this.#open(effect.round));
        return;
      case 'invite':
        this.#invite(effect);
        return;
      case 'aggregate':
        this.#write(() => this.#conclude(effect));
        return;
      case 'abandon':
        this.#abandon(effect);
        return;
      case 'announce': {
        const { round, outcome } = effect;
        const { committedRounds } = this.#state.progress;
        const message = { study: this.#id, round: round.number, outcome, committedRounds };
        for (const participant of round.members.keys()) this.#seats.get(participant)?.emit('round-ended', message);
        return;
      }
      case 'finish': {
        const { committedRounds } = this.#state.progress;
        for (const participant of effect.participants) {
          this.#seats.get(participant)?.emit('training-done', { study: this.#id, committedRounds });
        }
        return;
      }
    }
  }

  #write(job: () => Promise<void>): void {
    this.#writes = this.#runNext(this.#writes, job);
  }

  async #runNext(previous: Promise<void>, job: () => Promise<void>): Promise<void> {
    await previous;
    if (this.#isStopped) return;
    try {
      await job();
    } catch (error) {
      this.#options.log.error({ study: this.#id, err: error }, 'an effect of a round failed');
    }
  }

  async #open(round: Round): Promise<void> {
    try {
      await this.#history.open(round);
    } catch (error) {
      this.#fail(round, 'the round could not be stored', error);
      return;
    }
    this.#latest = { round: round.number, aggregator: new Aggregator(contributionOptions(this.#task, round.kind)) };
    this.#dispatch({ type: 'opened', round: round.number });
  }

  /** One copy for all invitations: clients that come and go must not fill the memory. */
  #encodedModel(): Uint8Array<ArrayBuffer> {
    if (this.#encoded?.of !== this.#model) this.#encoded = { of: this.#model, bytes: encodeParameters(this.#model) };
    return this.#encoded.bytes;
  }

  #invite({ round, deadline, participants }: Extract<Effect, { type: 'invite' }>): void {
    const message = {
      study: this.#id,
      round: round.number,
      kind: round.kind,
      model: this.#encodedModel(),
      modelRound: round.modelRound,
      deadlineMs: Math.max(0, deadline - this.#options.now()),
    };
    for (const participant of participants) this.#seats.get(participant)?.emit('round', message);
  }

  async #conclude({ round, turnout }: Extract<Effect, { type: 'aggregate' }>): Promise<void> {
    let result: { model: Float32Array } | { histogram: number[] };
    try {
      result = this.#aggregate(round, turnout);
    } catch (error) {
      this.#fail(round, 'the updates could not be aggregated', error);
      return;
    }
    if (!(await this.#history.commit(round, turnout, result))) {
      this.#fail(round, 'the outcome could not be stored');
      return;
    }
    if ('model' in result) this.#model = result.model;
    this.#options.log.info(
      { study: this.#id, round: round.number, kind: round.kind, ...turnout },
      'a round was committed',
    );
    this.#dispatch({ type: 'stored', round: round.number });
  }

  #aggregate(round: Round, { accepted }: Turnout): { model: Float32Array } | { histogram: number[] } {
    if (this.#latest?.round !== round.number) throw new TypeError(`round ${round.number} has no aggregator`);
    const aggregate = this.#latest.aggregator.release({ quorum: this.#task.cohort.quorum });
    if (aggregate.contributions !== accepted) {
      throw new TypeError(`${accepted} updates were accepted, the aggregate has ${aggregate.contributions}`);
    }
    if (round.kind === 'evaluate') return { histogram: Array.from(aggregate.sum) };
    return { model: applyAggregate(this.#model, aggregate, this.#task.clippingNorm) };
  }

  #abandon({ round, turnout, reason }: Extract<Effect, { type: 'abandon' }>): void {
    this.#options.log.warn(
      { study: this.#id, round: round.number, kind: round.kind, reason, ...turnout },
      'a round was abandoned',
    );
    this.#write(() => this.#history.abandon(round, turnout, reason));
  }

  #fail(round: Round, reason: string, error?: unknown): void {
    this.#options.log.error({ study: this.#id, round: round.number, err: error }, reason);
    this.#dispatch({ type: 'failed', round: round.number, reason });
  }
}

type Message = { participant: string; client: TrainingClient; round: number };
