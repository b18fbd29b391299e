import { invitationLimit } from '@chorale/protocol';
import type { ModelRecord, NextRound, ParticipationRecord, RoundRecord, Store } from '../../storage/store.ts';
import type { Books } from './books.ts';
import type { BufferCheck } from './buffer-check.ts';
import type { EndingCheck } from './ending-check.ts';
import { byParticipant } from './participation-book.ts';
import { forgetClients, newRoundBook, type RoundBook } from './round-book.ts';

/** A call of the store; `expected` is what its tables must answer at the moment that they are asked. */
export type StoreCall = { readonly name: string; readonly args: readonly unknown[]; expected?: unknown };

/** Rounds whose clients are remembered: messages about them may still be on the way. */
const REMEMBERED = 8;

/** What is asked of the store, what it then must hold, and what it gives back. [R2] [R13] [R15] */
export class StoreCheck {
  readonly #books: Books;
  readonly #ending: EndingCheck;
  readonly #buffers: BufferCheck;
  readonly #study: string;
  /** What the tables must hold. */
  readonly #stored = new Map<number, RoundRecord>();
  #model: ModelRecord | null = null;
  /** The highest number that this coordinator asked for. */
  #asked = 0;

  constructor(books: Books, { ending, buffers, study }: { ending: EndingCheck; buffers: BufferCheck; study: string }) {
    this.#books = books;
    this.#ending = ending;
    this.#buffers = buffers;
    this.#study = study;
  }

  /** The coordinator asks; nothing has been written yet. */
  asked({ name, args }: StoreCall): void {
    if (name === 'openRound') this.#opening(args[0] as RoundRecord);
    if (name === 'endRound') {
      const [record, model, by] = args as Parameters<Store['endRound']>;
      this.#ending.ending(record, model, by?.participants ?? []);
      const next = nextOf(args);
      if (next !== null) this.#openingNext(next, record);
    }
  }

  /** The call reaches the tables, which it may change. */
  reached(call: StoreCall): void {
    const { name, args } = call;
    switch (name) {
      case 'openRound': {
        const record = args[0] as RoundRecord;
        call.expected = !this.#stored.has(record.round);
        if (call.expected === true) this.#stored.set(record.round, record);
        return;
      }
      case 'endRound': {
        const [record, model, by] = args as Parameters<Store['endRound']>;
        const next = nextOf(args);
        const isFree = next === null || !this.#stored.has(next.round);
        call.expected = this.#stored.get(record.round)?.state === 'open' && isFree;
        if (call.expected !== true) return;
        this.#stored.set(record.round, record);
        if (next !== null) this.#stored.set(next.round, next);
        this.#books.participations.stored(record.round, by?.participants ?? []);
        this.#books.violations.require(
          record.state === 'abandoned' || this.#books.rounds.get(record.round)?.announced !== 'abandoned',
          'R13',
          `round ${record.round} became committed after clients were told that it is abandoned`,
        );
        if (model !== null) this.#model = model;
        return;
      }
      case 'abandonOpenRounds': {
        const open = [...this.#stored.values()].filter(({ state }) => state === 'open');
        for (const record of open) this.#stored.set(record.round, { ...record, state: 'abandoned' });
        call.expected = open.length;
        return;
      }
      case 'readRounds':
        call.expected = [...this.#stored.values()].sort((a, b) => a.round - b.round);
        return;
      case 'readParticipations':
        call.expected = this.#books.participations.records(this.#study);
        return;
      case 'latestModel':
        call.expected = this.#model;
        return;
      default:
    }
  }

  /** What the tables really answered, which is what the coordinator learns unless the answer gets lost. */
  answered(call: StoreCall, outcome: { value: unknown } | { error: unknown }): void {
    const { violations } = this.#books;
    const what = `${call.name} of study ${this.#study}`;
    if (call.name === 'openRound' || call.name === 'endRound') {
      violations.require(
        call.expected === 'value' in outcome,
        'store',
        () => `${what} ${'error' in outcome ? `failed: ${String(outcome.error)}` : 'should have failed'}`,
      );
    } else if ('error' in outcome) {
      violations.require(false, 'store', () => `${what} failed: ${String(outcome.error)}`);
    } else if (call.name === 'readRounds') {
      const isSame = isSameRounds(outcome.value as RoundRecord[], call.expected as RoundRecord[]);
      violations.require(isSame, 'store', `${what}: the rounds are not what was stored`);
    } else if (call.name === 'readParticipations') {
      const known = (outcome.value as ParticipationRecord[]).toSorted(byParticipant);
      const isSame = JSON.stringify(known.map(inOrder)) === JSON.stringify(call.expected);
      violations.require(isSame, 'store', `${what}: the participations are not what was stored`);
    } else if (call.name === 'latestModel') {
      const isSame = isSameRecord(outcome.value as ModelRecord | null, call.expected as ModelRecord | null);
      violations.require(isSame, 'store', `${what}: the model is not what was stored`);
    }
  }

  /** The coordinator learns how its call went. */
  told(call: StoreCall, isDone: boolean): void {
    if (call.name === 'openRound') {
      const book = this.#books.rounds.get((call.args[0] as RoundRecord).round);
      if (book !== undefined && isDone) this.#opened(book);
      else if (book !== undefined) this.#books.resolve(book, 'abandoned');
    }
    if (call.name === 'endRound') {
      const [record, model] = call.args as [RoundRecord, ModelRecord | null];
      if (record.state !== 'committed') {
        if (isDone) this.#confirmAbandoned(record.round);
      } else if (isDone) this.#confirm(record.round, model);
      else this.#markFailed(record.round);
    }
    if (call.name === 'readRounds' && isDone) {
      for (const { round, state } of call.expected as RoundRecord[]) {
        if (state === 'committed') this.#confirm(round, this.#model);
        else if (state === 'abandoned') this.#confirmAbandoned(round);
      }
    }
  }

  /** A new coordinator takes up: the committed model is the stored one. */
  restarted(): void {
    const books = this.#books;
    const stored = [...this.#stored.values()];
    const committed = stored.filter(({ state }) => state === 'committed');
    books.committedRounds = committed.filter(({ kind }) => kind === 'train').length;
    const evaluations = stored.filter((r) => r.kind === 'evaluate' && r.modelRound === books.committedRounds);
    books.isEvaluated = evaluations.some(({ state }) => state === 'committed');
    books.model = this.#model?.parameters ?? new Float32Array(books.model.length);
    books.highestRound = stored.reduce((highest, { round }) => Math.max(highest, round), 0);
    if (books.next !== null && !this.#stored.has(books.next.number)) books.rounds.delete(books.next.number);
    books.next = null;
    books.concluded = null;
    books.rounds.forEach((book) => {
      book.confirmed ||= this.#stored.get(book.number)?.state === 'committed';
      books.end(book);
      books.resolve(book, book.confirmed ? 'committed' : 'abandoned');
    });
    // From what is stored, whatever the coordinator before knew.
    books.failedEvaluations = { least: evaluations.length, most: evaluations.length };
    books.participations.restarted();
    books.present = null;
    books.rest = { failures: 0, sinceMs: 0 };
    this.#asked = 0;
  }

  /** Numbers of what the tables must hold. */
  counts(): { rounds: number; committed: number; modelRound: number } {
    const states = [...this.#stored.values()];
    const committed = states.filter(({ state }) => state === 'committed').length;
    return { rounds: states.length, committed, modelRound: this.#model?.modelRound ?? 0 };
  }

  #opening(record: RoundRecord): void {
    const books = this.#books;
    const { violations, task, clocks } = books;
    const { round, kind } = record;
    const what = `round ${round}`;
    const last = books.present;
    // Timers may fire a little early.
    const isRested = clocks.elapsedMs + 2 >= books.restUntilMs || books.clockSetMs >= books.rest.sinceMs;
    violations.require(isRested, 'R9', () => `${what} follows ${books.rest.failures} failures after too short a rest`);
    const isFree = last === null || last.openedMs === null || last.isResolved;
    violations.require(isFree, 'R13', `${what} was to be opened before round ${last?.number} had ended`);
    violations.require(
      record.modelRound === books.committedRounds,
      'R15',
      `${what} starts from model ${record.modelRound} instead of ${books.committedRounds}`,
    );
    const isWanted =
      kind === 'evaluate'
        ? books.isEvaluationDue && books.isEvaluationGivenUp !== 'yes'
        : books.committedRounds < task.rounds && (!books.isEvaluationDue || books.isEvaluationGivenUp !== 'no');
    violations.require(isWanted, 'R10', `${what} is a round of kind ${kind} after ${books.committedRounds} rounds`);
    books.present = this.#newBook(record, what);
    books.concluded = null;
  }

  /** [R2] A round is to be opened with the end of the one before: all of it, or none. */
  #openingNext(record: RoundRecord, before: RoundRecord): void {
    const books = this.#books;
    const { violations, task } = books;
    const what = `round ${record.round}`;
    const { kind } = record;
    const isTrained = before.kind === 'train';
    const committedRounds = books.committedRounds + (isTrained ? 1 : 0);
    violations.require(
      before.state === 'committed' && record.round === before.round + 1,
      'R2',
      `${what} was to be opened with the end of round ${before.round}, which is ${before.state}`,
    );
    violations.require(
      record.modelRound === committedRounds,
      'R15',
      `${what} starts from model ${record.modelRound} instead of ${committedRounds}`,
    );
    const isDue = books.isDue({ committedRounds, isEvaluated: !isTrained });
    violations.require(
      kind === 'evaluate' ? isDue : committedRounds < task.rounds && !isDue,
      'R10',
      `${what} is a round of kind ${kind} after ${committedRounds} rounds`,
    );
    books.next = this.#newBook(record, what);
  }

  #newBook(record: RoundRecord, what: string): RoundBook {
    const books = this.#books;
    const { violations, task, candidates, leavers, clocks } = books;
    const { cohort, round, kind } = record;
    violations.require(round > books.highestRound && round > this.#asked, 'R2', `${what} has a number that was used`);
    this.#asked = Math.max(round, this.#asked);
    violations.require(record.state === 'open' && record.shape === null, 'R2', `${what} is stored as ${record.state}`);
    const isBuffered = books.isBuffered(kind);
    violations.require(
      isBuffered || (cohort >= task.cohort.quorum && cohort <= Math.min(candidates.size, invitationLimit(task))),
      'R1',
      `${what} has a cohort of ${cohort} where ${candidates.size} clients wait`,
    );
    const book = newRoundBook(record, { candidates, leavers, askedMs: clocks.elapsedMs });
    if (isBuffered) book.buffer = this.#buffers.opening(record, what);
    books.rounds.set(round, book);
    books.nextCohort();
    const old = books.rounds.get(round - REMEMBERED);
    if (old !== undefined) forgetClients(old);
    return book;
  }

  /** The coordinator knows that a round's number is durable. */
  #opened(book: RoundBook): void {
    const { clocks, task } = this.#books;
    book.openedMs = clocks.elapsedMs;
    book.deadline = clocks.now() + task.cohort.deadlineMs;
  }

  #confirm(round: number, model: ModelRecord | null): void {
    const book = this.#books.rounds.get(round);
    if (book === undefined || book.confirmed) return;
    book.confirmed = true;
    const books = this.#books;
    books.resolve(book, 'committed');
    books.commit(book.kind, model?.parameters ?? null);
    if (books.next === null) return;
    this.#opened(books.next);
    books.concluded = book;
    books.present = books.next;
    books.next = null;
  }

  #confirmAbandoned(round: number): void {
    const { rounds, next } = this.#books;
    const book = rounds.get(round);
    if (book === undefined) return;
    this.#books.resolve(book, 'abandoned');
    if (next?.number !== round + 1) return;
    // Its number was never stored, and may be used.
    rounds.delete(next.number);
    this.#books.next = null;
    this.#asked = round;
  }

  #markFailed(round: number): void {
    const book = this.#books.rounds.get(round);
    if (book !== undefined) book.commitFailed = true;
  }
}

/** The round that is to be opened with the end of another. */
function nextOf([, , by]: readonly unknown[]): RoundRecord | null {
  return (by as NextRound | undefined)?.next ?? null;
}

function inOrder({ study, participant, updates, latestRound }: ParticipationRecord): ParticipationRecord {
  return { study, participant, updates, latestRound };
}

function isSameRounds(a: readonly RoundRecord[], b: readonly RoundRecord[]): boolean {
  return a.length === b.length && a.every((record, i) => isSameRound(record, b[i]!));
}

function isSameRound(a: RoundRecord, b: RoundRecord): boolean {
  return (
    a.round === b.round &&
    a.state === b.state &&
    a.kind === b.kind &&
    a.modelRound === b.modelRound &&
    a.cohort === b.cohort &&
    a.accepted === b.accepted
  );
}

function isSameRecord(a: ModelRecord | null, b: ModelRecord | null): boolean {
  if (a === null || b === null) return a === b;
  return a.modelRound === b.modelRound && a.parameters.every((value, i) => value === b.parameters[i]);
}
