import type { TrainingTask } from '@chorale/protocol';
import type { Asked, Contributed } from './buffer-book.ts';
import { ParticipationBook } from './participation-book.ts';
import type { RoundBook } from './round-book.ts';
import type { Violations } from './violations.ts';

/** A connection, by its identity alone. */
export type Connection = object;

/** The clocks of a world. */
export type Clocks = { readonly elapsedMs: number; readonly now: () => number };

/** [R22] What a fresh update weighs in asynchronous training. */
const STALENESS_UNIT = 1024;

/** [R9] Longest rest after abandoned rounds. */
export const LONGEST_REST_MS = 60_000;

/** [R11] Failed evaluations of one model after which training goes on without. */
const EVALUATION_ATTEMPTS = 3;

/**
 * A checker's own records of one study, from what clients sent and were told and what the store was
 * asked; the code under test is never asked what it did.
 */
export class Books {
  readonly task: TrainingTask;
  readonly violations: Violations;
  readonly clocks: Clocks;
  /** The group of each participant. */
  readonly groups: ReadonlyMap<string, string>;
  /** The connection that speaks for each participant: the latest that joined. */
  readonly seats = new Map<string, Connection>();
  /** The connection that each participant was invited on last. */
  readonly invitedOn = new Map<string, Connection>();
  /** Asynchronous training: what each client is asked for. */
  readonly asked = new Map<string, Asked>();
  /** Rounds abandoned in a row by the coordinator that runs now, and when the last one was. */
  rest = { failures: 0, sinceMs: 0 };
  /** When the clock was set last. */
  clockSetMs = 0;
  /** When the store answered last, in simulated time since the start. */
  storeMs = 0;
  /** Who has declined which round and awaits the answer. */
  readonly declining = new Map<string, number>();
  /** Asynchronous training: what each client contributed last. */
  readonly contributed = new Map<string, Contributed>();
  /** Who has had a seat since the last round ended: the next cohort is chosen of these. */
  candidates = new Set<string>();
  /** Who left for good since then. */
  leavers = new Set<string>();
  readonly rounds = new Map<number, RoundBook>();
  /** The round that was to be opened last, by the coordinator that runs now. */
  present: RoundBook | null = null;
  /** The round that is to be opened with the commit of the present one. */
  next: RoundBook | null = null;
  /** The round before the present one, whose commit opened that. */
  concluded: RoundBook | null = null;
  /** Who contributed to which training rounds. */
  readonly participations: ParticipationBook;
  /** What `canGoOn` found last, and for what. */
  #goingOn = { version: -1, openTo: 0, isUnderWay: false, is: true };
  /** Updates and declines that were sent and not answered yet, by round. */
  readonly unanswered = new Map<number, number>();
  /** The committed model. */
  model: Float32Array;
  committedRounds = 0;
  /** Whether the present model has a committed evaluation. */
  isEvaluated = false;
  /**
   * Evaluations of the present model that failed: `most` counts those that nobody was invited to as well,
   * which a coordinator may or may not know of.
   */
  failedEvaluations = { least: 0, most: 0 };
  /** No later round may have this number or a smaller one. */
  highestRound = 0;
  /** Rounds that have ended, by how: the numbers of those that nobody was invited to count as abandoned. */
  readonly ended = { committed: 0, abandoned: 0 };
  /** How updates and declines were answered, by code or `accepted`, `declined` and `duplicate`. */
  readonly answers: Record<string, number> = {};
  /** Joins that were answered with a time to come back. */
  sentAway = 0;
  /** Connections that were told that the task is done. */
  readonly released = new Set<Connection>();

  constructor(options: {
    task: TrainingTask;
    groups: ReadonlyMap<string, string>;
    violations: Violations;
    clocks: Clocks;
    parameters: number;
  }) {
    this.task = options.task;
    this.participations = new ParticipationBook(options.task);
    this.groups = options.groups;
    this.violations = options.violations;
    this.clocks = options.clocks;
    this.model = new Float32Array(options.parameters);
  }

  /** [R10] [R11] Whether the present model must be evaluated before anything else. */
  get isEvaluationDue(): boolean {
    return this.isDue(this);
  }

  /** [R10] Whether the model after so many rounds must be evaluated before anything else. */
  isDue({ committedRounds, isEvaluated }: { committedRounds: number; isEvaluated: boolean }): boolean {
    const { task } = this;
    if (task.clients !== 'site' || committedRounds === 0 || isEvaluated) return false;
    return committedRounds >= task.rounds || committedRounds % task.evaluation.everyRounds === 0;
  }

  /** [R11] Whether the task is over; `maybe` where that depends on evaluations that nobody was invited to. */
  get isDone(): 'yes' | 'no' | 'maybe' {
    if (this.committedRounds < this.task.rounds) return 'no';
    return this.isEvaluationDue ? this.isEvaluationGivenUp : 'yes';
  }

  get isEvaluationGivenUp(): 'yes' | 'no' | 'maybe' {
    const { least, most } = this.failedEvaluations;
    if (least >= EVALUATION_ATTEMPTS) return 'yes';
    return most >= EVALUATION_ATTEMPTS ? 'maybe' : 'no';
  }

  /** Whether rounds of this kind are buffers. */
  isBuffered(kind: 'train' | 'evaluate'): boolean {
    return this.task.asynchronous !== undefined && kind === 'train';
  }

  /** [R9] When the next attempt may begin, in simulated time since the start, as long as the clock is not set. */
  get restUntilMs(): number {
    const { failures, sinceMs } = this.rest;
    return failures === 0 ? 0 : sinceMs + Math.min(LONGEST_REST_MS, 1000 * 2 ** (failures - 1));
  }

  /** Number of the round that whoever waits may be invited to: the next one, or the buffer that is open. */
  get openTo(): number {
    const { present } = this;
    if (present?.buffer != null && present.endedMs === null) return present.number;
    return Math.max(this.highestRound, present?.number ?? 0) + 1;
  }

  /** Clients with a seat that may be invited, once a round is over or while a buffer is open. [R25] */
  get availableSeats(): number {
    const { seats, participations, openTo } = this;
    if (!participations.isLimited) return seats.size;
    let available = 0;
    for (const participant of seats.keys()) if (participations.isAvailable(participant, openTo)) available += 1;
    return available;
  }

  /** [R25] Whether there are clients enough that may still contribute, or a round that is under way. */
  get canGoOn(): boolean {
    const { participations, present, openTo, task, groups } = this;
    if (!participations.isLimited) return true;
    const isUnderWay = present !== null && present.buffer === null && !present.isResolved;
    const { version } = participations;
    const last = this.#goingOn;
    if (last.version === version && last.openTo === openTo && last.isUnderWay === isUnderWay) return last.is;
    let available = 0;
    for (const participant of groups.keys()) if (participations.isAvailable(participant, openTo)) available += 1;
    const is = isUnderWay || available >= task.cohort.quorum;
    this.#goingOn = { version, openTo, isUnderWay, is };
    return is;
  }

  /** Public weight of a participant's contribution, in asynchronous training less for each model since. [R22] */
  weightOf(participant: string, kind: 'train' | 'evaluate'): number {
    const { weights, asynchronous } = this.task;
    if (kind === 'evaluate') return 1;
    const weight = weights?.[this.groups.get(participant)!] ?? 1;
    if (asynchronous === undefined) return weight;
    const staleness = this.committedRounds - (this.asked.get(participant)?.modelRound ?? 0);
    return weight * Math.max(1, Math.round(STALENESS_UNIT * (1 + staleness) ** -asynchronous.stalenessExponent));
  }

  /** A participant's seat is this connection's from now on. */
  seat(participant: string, connection: Connection): void {
    this.seats.set(participant, connection);
    this.candidates.add(participant);
  }

  /** A round takes no more updates. */
  end(book: RoundBook): void {
    if (book.endedMs !== null) return;
    book.endedMs = this.clocks.elapsedMs;
    this.nextCohort();
  }

  /** Whoever comes from now on is for the next round. */
  nextCohort(): void {
    this.candidates = new Set(this.seats.keys());
    this.leavers = new Set();
  }

  /** Counts a round that has ended, once. */
  resolve(book: RoundBook, outcome: 'committed' | 'abandoned'): void {
    if (book.isResolved) return;
    book.isResolved = true;
    this.ended[outcome] += 1;
    if (outcome === 'abandoned') this.rest = { failures: this.rest.failures + 1, sinceMs: this.clocks.elapsedMs };
    else this.rest = { failures: 0, sinceMs: 0 };
    if (outcome === 'committed' || book.kind === 'train' || book.modelRound !== this.committedRounds) return;
    this.failedEvaluations.most += 1;
    if (book.openedMs !== null) this.failedEvaluations.least += 1;
  }

  /** A round was committed: its model is the one that the next round starts from. */
  commit(kind: 'train' | 'evaluate', model: Float32Array | null): void {
    if (kind === 'evaluate') {
      this.isEvaluated = true;
      return;
    }
    if (model !== null) this.model = model;
    this.committedRounds += 1;
    this.isEvaluated = false;
    this.failedEvaluations = { least: 0, most: 0 };
  }
}
