import { invitationLimit } from '@chorale/protocol';
import { type Books, LONGEST_REST_MS } from './books.ts';
import { isPending, type RoundBook } from './round-book.ts';

/** [R6] How long a round that has its quorum waits for lost connections. */
const GRACE_MS = 10_000;

/** How late a round may end, besides what the store takes. */
const TOLERANCE_MS = 1000;

/** Longest pause between two questions to the store. */
const LONGEST_PAUSE_MS = 30_000;

/** Rounds end in time, and while enough clients are there the next one comes. [R1] [R6] */
export class TimeCheck {
  readonly #books: Books;
  /** When something last went on; `null` while it need not. */
  #progressMs: number | null = null;
  #lastRound: RoundBook | null = null;
  #callsUnderWay = 0;
  #wasEnded = false;

  constructor(books: Books) {
    this.#books = books;
  }

  storeAsked(): void {
    this.#callsUnderWay += 1;
  }

  storeAnswered(): void {
    this.#callsUnderWay = Math.max(0, this.#callsUnderWay - 1);
    this.#books.storeMs = this.#books.clocks.elapsedMs;
  }

  /** Waits may begin again, each once. */
  clockSet(): void {
    this.#progressMs = null;
    const { present, asked, contributed } = this.#books;
    this.#books.clockSetMs = this.#books.clocks.elapsedMs;
    for (const one of contributed.values()) one.clockChanges += 1;
    for (const one of asked.values()) {
      one.clockChanges += 1;
      one.sinceMs = this.#books.clocks.elapsedMs;
    }
    if (present === null || present.openedMs === null) return;
    present.clockChanges += 1;
    present.dueMs = Infinity;
  }

  restarted(): void {
    this.#callsUnderWay = 0;
    this.#books.storeMs = this.#books.clocks.elapsedMs;
    this.#progressMs = null;
    this.#lastRound = null;
  }

  /** After everything that one event led to. */
  settle(): void {
    const { present } = this.#books;
    // A buffer has no deadline: its members have.
    if (present !== null && present.buffer === null) this.#checkEnd(present);
    this.#checkProgress();
    this.#checkRest();
  }

  /** [R1] [R9] [R21] When a rest is over and all clients wait that a round may have, the next one is opened. */
  #checkRest(): void {
    const { present, rest, restUntilMs, clocks, clockSetMs, storeMs, task, isDone, violations } = this.#books;
    if (rest.failures === 0 || isDone !== 'no' || this.#callsUnderWay > 0) return;
    const isUnderWay = present !== null && !present.isResolved;
    const isBuffer = this.#books.isBuffered('train') && !this.#books.isEvaluationDue;
    if (isUnderWay || this.#books.availableSeats < (isBuffer ? 1 : invitationLimit(task))) return;
    // A clock that was set is noticed by a timer that was set before, and a rest may begin again then: also one that began
    // in the millisecond in which the clock was set.
    const sinceMs = Math.max(restUntilMs, storeMs, clockSetMs >= rest.sinceMs ? clockSetMs + 2 * LONGEST_REST_MS : 0);
    const isOver = clocks.elapsedMs > sinceMs + TOLERANCE_MS;
    violations.require(!isOver, 'R9', () => `the rest after ${rest.failures} failures is over, and nothing begins`);
  }

  #checkEnd(book: RoundBook): void {
    const { violations, clocks } = this.#books;
    if (book.openedMs === null) return;
    if (book.endedMs === null) this.#setDue(book);
    else if (this.#lastRound === book && this.#wasEnded) return;
    const isStoreBusy = book.endedMs === null && this.#callsUnderWay > 0;
    const endMs = book.endedMs ?? clocks.elapsedMs;
    violations.require(
      isStoreBusy || endMs <= Math.max(book.dueMs, this.#books.storeMs) + TOLERANCE_MS,
      'R6',
      () => `round ${book.number} ${book.endedMs === null ? 'goes on' : 'ended'} ${endMs - book.dueMs} ms late`,
    );
  }

  /** When the round must end, from what its clients did so far. */
  #setDue(book: RoundBook): void {
    const { task, clocks, seats } = this.#books;
    const { size, quorum } = task.cohort;
    const { elapsedMs } = clocks;
    const accepted = book.accepted.size;
    let gone = book.declined.size;
    for (const participant of book.left) if (book.invited.has(participant)) gone += 1;
    const latestMs = book.openedMs! + (book.clockChanges + 1) * task.cohort.deadlineMs;
    book.dueMs = Math.min(book.dueMs, latestMs);
    if (accepted >= size || accepted + gone >= book.cohort || book.cohort - gone < quorum) {
      book.dueMs = Math.min(book.dueMs, elapsedMs);
      return;
    }
    if (accepted < quorum || book.clockChanges > 0) return;
    for (const participant of book.invited) {
      if (seats.has(participant) && isPending(book, participant)) {
        if (book.absentSinceMs !== null) book.dueMs = latestMs;
        book.absentSinceMs = null;
        return;
      }
    }
    book.absentSinceMs ??= elapsedMs;
    book.dueMs = Math.min(book.dueMs, book.absentSinceMs + GRACE_MS);
  }

  #checkProgress(): void {
    const { present, seats, task, clocks, violations } = this.#books;
    const { elapsedMs } = clocks;
    const isEnded = present !== null && present.endedMs !== null;
    const hasMoved = present !== this.#lastRound || isEnded !== this.#wasEnded;
    this.#lastRound = present;
    this.#wasEnded = isEnded;
    // A buffer that is open waits for as long as nobody can contribute.
    const isBuffering = present?.buffer != null && present.openedMs !== null && !isEnded;
    if (this.#books.isDone !== 'no' || isBuffering || seats.size < task.cohort.quorum || this.#callsUnderWay > 0) {
      this.#progressMs = null;
      return;
    }
    // Once a round is over, only those count that may be invited to the next.
    const isOver = present === null || present.isResolved;
    if (isOver && this.#books.availableSeats < task.cohort.quorum) {
      this.#progressMs = null;
      return;
    }
    if (hasMoved || this.#progressMs === null) this.#progressMs = elapsedMs;
    const { selectionTimeoutMs, deadlineMs } = task.cohort;
    const longestMs = deadlineMs + selectionTimeoutMs + LONGEST_REST_MS + LONGEST_PAUSE_MS + TOLERANCE_MS;
    const idleMs = elapsedMs - Math.max(this.#progressMs, this.#books.storeMs);
    violations.require(
      idleMs <= longestMs,
      'progress',
      () => `nothing has gone on for ${idleMs} ms with ${seats.size} clients that wait`,
    );
  }
}
