import {
  ChoraleError,
  limits,
  type RoundEndedMessage,
  type TrainingRounds,
  type TrainingTask,
} from '@chorale/protocol';
import { clippingNormOf, nextModel, type ReleasedUpdates, type ServerModel } from '@chorale/training';
import { Map as ImmutableMap } from 'immutable';
import { freeMemory } from '../operations/free-memory.ts';
import { nextKind, progressOf } from './cadence.ts';
import { type Admission, admissionOf, Contributions } from './contributions.ts';
import { shapeOf, withContributors } from './cohort.ts';
import { attendance, type Place, requirePlace } from './membership.ts';
import { oneShotInThread } from './one-shot-thread.ts';
import { acceptedMembers, isLimited, trainingStanding } from './participation.ts';
import { type ResumedTraining, resumedTraining } from './resumed-training.ts';
import { RoundHistory } from './round-history.ts';
import { type Attendance, summarizeTraining } from './round-summaries.ts';
import { nextWake, step } from './round.ts';
import { PresentModel } from './present-model.ts';
import { type Seat, Seats } from './seats.ts';
import type { Joined, SentDecline, SentUpdate, StudyOptions, StudyRounds, TrainedStudy } from './study-rounds.ts';
import { SpentBudget } from './spent-budget.ts';
import {
  type Effect,
  initialState,
  type Round,
  type TrainingEvent,
  type TrainingState,
  type Turnout,
} from './training-state.ts';

/**
 * The rounds of one study: feeds events to `step` and carries its effects out. All writes go through
 * one queue, so the store sees them in the order of the effects. [R13]
 */
export class StudyTraining implements StudyRounds {
  readonly #options: StudyOptions;
  readonly #study: TrainedStudy;
  readonly #task: TrainingTask;
  readonly #budget: SpentBudget;
  readonly #history: RoundHistory;
  readonly #seats = new Seats();
  readonly #model: PresentModel;
  readonly #contributions: Contributions;
  #state: TrainingState;
  #writes: Promise<void> = Promise.resolve();
  #timer: { at: number; cancel: () => void } | null = null;
  #isFinishing = false;
  #isStopped = false;

  private constructor(study: TrainedStudy, options: StudyOptions, stored: ResumedTraining) {
    this.#options = options;
    this.#study = study;
    this.#task = study.manifest.training;
    this.#budget = new SpentBudget(this.#task);
    this.#history = new RoundHistory({ ...options, study: study.manifest.id }, stored.rounds);
    this.#model = new PresentModel(stored.model);
    const { openIntake } = options;
    this.#contributions = new Contributions({ study: study.manifest.id, task: this.#task, openIntake });
    const progress = progressOf(stored.rounds);
    const participations = ImmutableMap(stored.participations.map((record) => [record.participant, record]));
    this.#state = initialState(progress, { done: nextKind(this.#task, progress) === null, participations });
  }

  /** Takes up where the store says the study was; a round that a stopped process left open is abandoned. [R15] */
  static async resume(study: TrainedStudy, options: StudyOptions): Promise<StudyTraining> {
    return new StudyTraining(study, options, await resumedTraining(study, options));
  }

  async join({ participant, group, client }: Seat & { group: string }): Promise<Joined> {
    let refused: Extract<Effect, { type: 'defer' | 'turn-away' }> | undefined;
    // Joining again on the same connection asks for nothing new: no second copy of the model is sent.
    if (this.#seats.take({ participant, client })) {
      refused = this.#dispatch({ type: 'joined', participant, group }).find(
        (effect) => effect.type === 'defer' || effect.type === 'turn-away',
      );
      if (refused !== undefined) this.#seats.giveUp({ participant, client });
    }
    return {
      committedRounds: this.#state.progress.committedRounds,
      done: this.#state.phase.state === 'done',
      ...(refused?.type === 'defer' ? { comeBackMs: refused.comeBackMs } : {}),
      ...(refused?.type === 'turn-away' ? { usedUp: true } : {}),
    };
  }

  leave({ participant, client, forGood }: Seat & { forGood: boolean }): void {
    if (!this.#seats.giveUp({ participant, client })) return;
    this.#dispatch({ type: 'left', participant, forGood });
  }

  async update({ participant, client, round, update }: SentUpdate): Promise<{ duplicate: boolean }> {
    if (client !== null) this.#seats.require({ participant, client });
    if (this.#contributions.holds({ participant, round }, update)) return { duplicate: true };
    // One reading of the clock: what is added to the sum is also counted, be the deadline reached meanwhile.
    const now = this.#options.now();
    const admission = admissionOf(this.#task, this.#requirePlace({ participant, round }, now));
    return this.#contributions.add({ participant, round, bytes: update, now }, admission, () => {
      this.#dispatch({ type: 'update-accepted', round: admission.round, participant }, now);
    });
  }

  /**
   * What a contribution of this participant may be added to now, wherever it arrived.
   * @throws ChoraleError what `requirePlace` throws [R3] [R8]
   */
  admit(sent: { participant: string; round: number }): Admission {
    return admissionOf(this.#task, this.#requirePlace(sent, this.#options.now()));
  }

  /** Notes what happened to contributions on other nodes: they are held there, or were lost with the node. */
  noteElsewhere(
    event: Extract<TrainingEvent, { type: 'updates-lost' }> | Extract<TrainingEvent, { type: 'update-accepted' }>,
  ): void {
    this.#dispatch(event);
  }

  async decline({ participant, client, round, code }: SentDecline): Promise<void> {
    this.#seats.require({ participant, client });
    const now = this.#options.now();
    if (this.#requirePlace({ participant, round }, now).standing === 'accepted') {
      throw new ChoraleError('UPDATE_DUPLICATE', 'an update of this client was accepted in this round');
    }
    this.#options.log.info({ study: this.#id, round, code }, 'a client declined a round');
    this.#dispatch({ type: 'declined', round, participant, usedUp: code === 'PARTICIPATION_USED' }, now);
  }

  async model(modelRound: number): Promise<Uint8Array | null> {
    return modelRound === this.#state.progress.committedRounds ? this.#model.bytes : null;
  }

  async rounds(): Promise<TrainingRounds> {
    return summarizeTraining(this.#study, this.#history.records(), {
      ...this.attendance(),
      budget: this.#budget,
    });
  }

  /** How many wait and have contributed just now, and how far the training is. */
  attendance(): Attendance & { committedRounds: number; done: boolean } {
    const { progress, phase } = this.#state;
    return {
      ...attendance(this.#state),
      ...trainingStanding(this.#task, this.#state),
      clippingNorm: this.#clippingNorm,
      committedRounds: progress.committedRounds,
      done: phase.state === 'done',
    };
  }

  finish(): void {
    this.#isFinishing = true;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#history.stop();
    await this.#writes;
  }

  async close(): Promise<void> {
    const { connected, progress } = this.#state;
    const message = { study: this.#id, committedRounds: progress.committedRounds };
    this.#seats.tell([...connected.keys()], 'training-done', message);
    await this.stop();
  }

  /** L2 bound on the updates of a round that starts from the present model. */
  get #clippingNorm(): number {
    return clippingNormOf(this.#task, this.#model.model);
  }

  get #id(): string {
    return this.#study.manifest.id;
  }

  #requirePlace(sent: { participant: string; round: number }, now: number): Place {
    // A deadline closes the round although its timer may not have fired yet, and a clock that was set back moves it.
    const isDue = now >= (this.#timer?.at ?? Infinity) || now < this.#state.clock;
    if (isDue) this.#dispatch({ type: 'tick' }, now);
    return requirePlace(this.#task, this.#state, sent, now);
  }

  #dispatch(event: TrainingEvent, now: number = this.#options.now()): readonly Effect[] {
    if (this.#isStopped) return [];
    const before = this.#state;
    const { state, effects } = step(this.#task, before, event, now);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#setTimer();
    this.#observeChange(before);
    return effects;
  }

  #observeChange(before: TrainingState): void {
    const { phase, connected } = this.#state;
    const study = this.#id;
    if (phase.state !== before.phase.state) this.#options.observe({ study, type: 'phase', phase: phase.state });
    if (connected.size !== before.connected.size) {
      this.#options.observe({ study, type: 'clients', waiting: attendance(this.#state).waiting });
    }
  }

  #observeEnd({ kind, startedAt }: Round, outcome: 'committed' | 'abandoned', { shape }: Turnout): void {
    const durationMs = Math.max(0, this.#options.now() - startedAt);
    const spent = this.#budget.after(this.#history.sent);
    this.#options.observe({ study: this.#id, type: 'ended', kind, outcome, shape, durationMs, spent });
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
      case 'close':
        this.#announce(effect.round, 'closed', effect.participants);
        return;
      case 'announce':
        this.#announce(effect.round, effect.outcome, effect.participants);
        return;
      case 'defer':
      case 'turn-away':
        // The reply to the join says so.
        return;
      case 'finish': {
        const { committedRounds } = this.#state.progress;
        this.#seats.tell(effect.participants, 'training-done', { study: this.#id, committedRounds });
        return;
      }
    }
  }

  #announce(
    round: Pick<Round, 'number'>,
    outcome: RoundEndedMessage['outcome'],
    participants: readonly string[],
  ): void {
    const { committedRounds } = this.#state.progress;
    const message = { study: this.#id, round: round.number, outcome, committedRounds };
    this.#seats.tell(participants, 'round-ended', message);
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
    this.#contributions.open(round);
    this.#dispatch({ type: 'opened', round: round.number });
  }

  #invite({ round, deadline, participants }: Extract<Effect, { type: 'invite' }>): void {
    const model = this.#model.bytes;
    const isAdapted = round.kind === 'train' && this.#task.adaptiveClipping !== undefined;
    const message = {
      study: this.#id,
      round: round.number,
      kind: round.kind,
      model: model.length <= limits.bulkBytes ? model : null,
      modelRound: round.modelRound,
      ...(isAdapted ? { clippingNorm: this.#clippingNorm } : {}),
      deadlineMs: Math.max(0, deadline - this.#options.now()),
    };
    this.#seats.tell(participants, 'round', message);
  }

  async #conclude({ round, turnout: expected }: Extract<Effect, { type: 'aggregate' }>): Promise<void> {
    let result: { model: ServerModel } | { histogram: number[] };
    let turnout: Turnout;
    let participants: ReadonlySet<string>;
    try {
      const release = await this.#contributions.release(round);
      participants = release.participants;
      turnout = reconcile(round, expected, participants);
      result =
        round.kind === 'train' ? { model: await this.#nextModel(release) } : { histogram: Array.from(release.sum) };
      freeMemory(release.sum);
    } catch (error) {
      this.#fail(round, 'the updates could not be aggregated', error);
      return;
    }
    const charged = { ...result, participants: this.#charged(round, participants) };
    if (!(await this.#history.commit(round, turnout, charged, this.#following(round, participants)))) {
      this.#fail(round, 'the outcome could not be stored');
      return;
    }
    if ('model' in result) this.#model.replace(result.model);
    const { accepted, dropouts } = turnout;
    this.#options.log.info(
      { study: this.#id, round: round.number, kind: round.kind, accepted, dropouts },
      'a round was committed',
    );
    this.#observeEnd(round, 'committed', turnout);
    this.#dispatch({ type: 'stored', round: round.number, participants });
  }

  async #nextModel({ sum, totalWeight }: ReleasedUpdates): Promise<ServerModel> {
    const { model } = this.#model;
    if (this.#task.algorithm?.oneShot === undefined) return nextModel(this.#task, model, { sum, totalWeight });
    return oneShotInThread({ task: this.#task, model, released: { sum, totalWeight } });
  }

  /** The round that begins when this one is committed, which is about to be tried; `null` where none does at once. */
  #following(round: Round, participants: ReadonlySet<string>): Round | null {
    if (this.#isFinishing) return null;
    this.#dispatch({ type: 'aggregated', round: round.number, participants });
    const { phase } = this.#state;
    return phase.state === 'aggregating' ? phase.next : null;
  }

  #abandon({ round, turnout, reason }: Extract<Effect, { type: 'abandon' }>): void {
    const { accepted, dropouts } = turnout;
    this.#contributions.drop(round);
    this.#options.log.warn(
      { study: this.#id, round: round.number, kind: round.kind, reason, accepted, dropouts },
      'a round was abandoned',
    );
    this.#observeEnd(round, 'abandoned', turnout);
    const participants = this.#charged(round, acceptedMembers(round));
    this.#write(() => this.#history.abandon(round, turnout, { reason, participants }));
  }

  /** Whom a round has cost one of its participations, where a task limits them. */
  #charged({ kind }: Round, contributors: Iterable<string>): string[] {
    return kind === 'train' && isLimited(this.#task) ? [...contributors] : [];
  }

  #fail(round: Round, reason: string, error?: unknown): void {
    this.#options.log.error({ study: this.#id, round: round.number, err: error }, reason);
    this.#dispatch({ type: 'failed', round: round.number, reason });
  }
}

/** The turnout of those who are in the release: nodes may have taken in more or lost some. */
function reconcile({ cohort }: Round, expected: Turnout, participants: ReadonlySet<string>): Turnout {
  const shape = shapeOf(withContributors(cohort, participants));
  const missing = Math.max(0, expected.accepted - shape.accepted);
  const dropouts = Math.min(expected.dropouts + missing, shape.invited - shape.accepted);
  return { accepted: shape.accepted, dropouts, shape };
}
