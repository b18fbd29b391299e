import type { ErrorCode } from '@chorale/protocol';
import type { Books, Connection } from './books.ts';
import type { RoundBook } from './round-book.ts';

/** How a request was refused. */
export type Refusal = { code: ErrorCode; retryAfterMs?: number | undefined };

/** Something that a client sends for a round, and what may be answered. */
export type Attempt = {
  readonly participant: string;
  readonly round: number;
  /** Absent for a decline. */
  readonly bytes: Uint8Array | null;
  readonly verdict: Verdict;
};

type Verdict = {
  readonly why: string;
  readonly accept: 'must' | 'may' | 'never';
  /** Whether `duplicate: true` may be answered. */
  readonly repeat: 'must' | 'may' | 'never';
  readonly codes: readonly ErrorCode[];
};

const GRID_STEPS = 65_536;
const LARGEST_BIN = 1_000_000;

/** Timers may fire a little early, and so may the end of a round that only lost connections delay. */
const EARLY_MS = 2;

/** Which updates and declines may be accepted. [R3] [R5] [R8] [R14] [R17] */
export class UpdateCheck {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  /** @param message.connection `null` for an update that shows its invitation */
  sending(message: {
    participant: string;
    connection: Connection | null;
    round: number;
    bytes: Uint8Array | null;
  }): Attempt {
    const { participant, round, bytes } = message;
    const { unanswered } = this.#books;
    unanswered.set(round, (unanswered.get(round) ?? 0) + 1);
    return { participant, round, bytes, verdict: this.#judge(message) };
  }

  answered(attempt: Attempt, reply: { duplicate: boolean } | Refusal): void {
    const { violations, rounds } = this.#books;
    const { participant, round, bytes, verdict } = attempt;
    const book = rounds.get(round);
    const what = `${bytes === null ? 'a decline' : 'an update'} of ${participant} for round ${round} (${verdict.why})`;
    this.#settle(round);
    const { answers } = this.#books;
    const answer =
      'code' in reply ? reply.code : reply.duplicate ? 'duplicate' : bytes === null ? 'declined' : 'accepted';
    answers[answer] = (answers[answer] ?? 0) + 1;
    if ('code' in reply) {
      const isAllowed = verdict.accept !== 'must' && verdict.repeat !== 'must' && verdict.codes.includes(reply.code);
      violations.require(isAllowed, 'R3', `${what} was refused as ${reply.code}`);
      if (bytes !== null && book !== undefined && book.accepted.has(participant) && verdict.repeat === 'may') {
        book.forgotten.add(participant);
      }
      return;
    }
    if (reply.duplicate) {
      violations.require(verdict.repeat !== 'never', 'R3', `${what} was acknowledged as a duplicate`);
      violations.require(
        book?.forgotten.has(participant) !== true,
        'R3',
        `${what} was acknowledged after the same was refused`,
      );
      return;
    }
    violations.require(verdict.accept !== 'never', 'R3', `${what} was accepted`);
    if (book === undefined) return;
    if (bytes === null) book.declined.add(participant);
    else {
      const weight = this.#books.weightOf(participant, book.kind);
      book.accepted.set(participant, { bytes, values: integersOf(bytes), weight });
    }
  }

  /** The coordinator is gone, and no answer will come. */
  abandoned(attempt: Attempt): void {
    this.#settle(attempt.round);
  }

  #settle(round: number): void {
    const { unanswered } = this.#books;
    const left = (unanswered.get(round) ?? 1) - 1;
    if (left === 0) unanswered.delete(round);
    else unanswered.set(round, left);
  }

  #judge({
    participant,
    connection,
    round,
    bytes,
  }: {
    participant: string;
    connection: Connection | null;
    round: number;
    bytes: Uint8Array | null;
  }): Verdict {
    const { seats, rounds, present, clocks } = this.#books;
    if (connection !== null && seats.get(participant) !== connection) return refuse('no seat', 'NOT_IN_COHORT');
    const book = rounds.get(round);
    if (book === undefined || book.openedMs === null) return refuse('not open', 'NOT_IN_COHORT', 'ROUND_CLOSED');
    const known = book.accepted.get(participant);
    const isOver = book !== present || book.endedMs !== null;
    if (known !== undefined) return judgeSecond(book, { known: known.bytes, bytes, isPresent: book === present });
    if (isOver) return refuse('after its end', 'ROUND_CLOSED');
    if (clocks.now() >= book.deadline) return refuse('after the deadline', 'ROUND_CLOSED');
    if (book.accepted.size >= this.#books.task.cohort.size) return refuse('the round is full', 'ROUND_CLOSED');
    if (book.declined.has(participant) || book.left.has(participant))
      return refuse('given up', 'NOT_IN_COHORT', 'ROUND_CLOSED');
    // Members whose connection was lost before the invitation never heard of it; only they may do without.
    const isUntold = book.cohort > book.invited.size && book.candidates.has(participant);
    if (!book.invited.has(participant) && !isUntold) return refuse('not invited', 'NOT_IN_COHORT', 'ROUND_CLOSED');
    const flaw = bytes === null ? null : this.#flawOf(book, bytes);
    const codes: ErrorCode[] = ['NOT_IN_COHORT', 'ROUND_CLOSED'];
    if (flaw !== null) return { why: 'out of bounds', accept: 'never', repeat: 'never', codes: [flaw, ...codes] };
    const isCertain =
      book.invited.has(participant) && book.clockChanges === 0 && clocks.elapsedMs + EARLY_MS < book.dueMs;
    return { why: 'in time', accept: isCertain ? 'must' : 'may', repeat: 'never', codes };
  }

  #flawOf(book: RoundBook, bytes: Uint8Array): ErrorCode | null {
    const { task, model } = this.#books;
    const length = book.kind === 'train' ? model.length : 2 * task.evaluation.bins;
    if (bytes.length !== 4 * length) return 'UPDATE_SHAPE';
    const values = integersOf(bytes);
    const isWithin =
      book.kind === 'train'
        ? values.reduce((square, value) => square + value * value, 0) <= GRID_STEPS ** 2
        : values.every((count) => count >= 0 && count <= LARGEST_BIN);
    return isWithin ? null : 'UPDATE_OVER_NORM';
  }
}

function judgeSecond(
  book: RoundBook,
  { known, bytes, isPresent }: { known: Uint8Array; bytes: Uint8Array | null; isPresent: boolean },
): Verdict {
  if (bytes === null) return refuse('decline after an update', 'UPDATE_DUPLICATE', 'ROUND_CLOSED');
  if (!isSame(known, bytes)) {
    return refuse('another second update', 'UPDATE_DUPLICATE', 'UPDATE_SHAPE', 'UPDATE_OVER_NORM', 'ROUND_CLOSED');
  }
  const isOpen = isPresent && book.endedMs === null;
  return {
    why: 'a repeat',
    accept: 'never',
    repeat: isOpen ? 'must' : 'may',
    codes: ['ROUND_CLOSED', 'NOT_IN_COHORT'],
  };
}

function refuse(why: string, ...codes: ErrorCode[]): Verdict {
  return { why, accept: 'never', repeat: 'never', codes };
}

function integersOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
