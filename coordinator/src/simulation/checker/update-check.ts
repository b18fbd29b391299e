import { type ErrorCode, histogramCells } from '@chorale/protocol';
import type { Books, Connection } from './books.ts';
import type { Asked, Contributed } from './buffer-book.ts';
import type { BufferCheck } from './buffer-check.ts';
import type { RoundBook } from './round-book.ts';

/** How a request was refused. */
export type Refusal = { code: ErrorCode; retryAfterMs?: number | undefined };

/** Something that a client sends for a round, and what may be answered. */
export type Attempt = Message & {
  readonly verdict: Verdict;
  /** What the client was asked for then. */
  readonly asked: Asked | undefined;
};

type Message = {
  readonly participant: string;
  /** `null` for an update that shows its invitation. */
  readonly connection: Connection | null;
  readonly round: number;
  /** `null` for a decline. */
  readonly bytes: Uint8Array | null;
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
  readonly #buffers: BufferCheck;

  constructor(books: Books, buffers: BufferCheck) {
    this.#books = books;
    this.#buffers = buffers;
  }

  sending(message: Message): Attempt {
    const { unanswered, asked, declining } = this.#books;
    const { participant, round, bytes } = message;
    unanswered.set(round, (unanswered.get(round) ?? 0) + 1);
    if (bytes === null) declining.set(participant, round);
    return { ...message, verdict: this.#judge(message), asked: asked.get(participant) };
  }

  answered(attempt: Attempt, reply: { duplicate: boolean } | Refusal): void {
    const { violations, rounds } = this.#books;
    const { participant, round, bytes } = attempt;
    const sentTo = rounds.get(round);
    const isBuffered = sentTo !== undefined && this.#books.isBuffered(sentTo.kind);
    // An update counts in the buffer that is open, whichever its client was invited in.
    const book = isBuffered ? (this.#books.present ?? undefined) : sentTo;
    const verdict = this.#latestVerdict(attempt);
    const what = (): string =>
      `${bytes === null ? 'a decline' : 'an update'} of ${participant} for round ${round} (${verdict.why})`;
    this.#settle(attempt);
    const { answers } = this.#books;
    const answer =
      'code' in reply ? reply.code : reply.duplicate ? 'duplicate' : bytes === null ? 'declined' : 'accepted';
    answers[answer] = (answers[answer] ?? 0) + 1;
    if ('code' in reply) {
      const isAllowed = verdict.accept !== 'must' && verdict.repeat !== 'must' && verdict.codes.includes(reply.code);
      violations.require(isAllowed, 'R3', () => `${what()} was refused as ${reply.code}`);
      if (bytes !== null && book !== undefined && book.accepted.has(participant) && verdict.repeat === 'may') {
        book.forgotten.add(participant);
      }
      return;
    }
    if (reply.duplicate) {
      violations.require(verdict.repeat !== 'never', 'R3', () => `${what()} was acknowledged as a duplicate`);
      violations.require(
        book?.forgotten.has(participant) !== true,
        'R3',
        () => `${what()} was acknowledged after the same was refused`,
      );
      return;
    }
    violations.require(verdict.accept !== 'never', 'R3', () => `${what()} was accepted`);
    if (book === undefined) return;
    if (isBuffered) this.#countInBuffer(attempt, book);
    else if (bytes === null) book.declined.add(participant);
    else {
      this.#books.contributed.set(participant, { round, bytes, atMs: this.#books.clocks.elapsedMs, clockChanges: 0 });
      const weight = this.#books.weightOf(participant, book.kind);
      book.accepted.set(participant, { bytes, values: integersOf(bytes), weight });
    }
  }

  /** The coordinator is gone, and no answer will come. */
  abandoned(attempt: Attempt): void {
    this.#settle(attempt);
  }

  #settle({ participant, round, bytes }: Message): void {
    const { unanswered, declining } = this.#books;
    if (bytes === null) declining.delete(participant);
    const left = (unanswered.get(round) ?? 1) - 1;
    if (left === 0) unanswered.delete(round);
    else unanswered.set(round, left);
  }

  #countInBuffer({ participant, round, bytes }: Message, book: RoundBook): void {
    if (bytes === null) {
      this.#buffers.declined(participant, round);
      return;
    }
    const { contributed, clocks } = this.#books;
    const weight = this.#books.weightOf(participant, 'train');
    book.accepted.set(participant, { bytes, values: integersOf(bytes), weight });
    contributed.set(participant, { round, bytes, atMs: clocks.elapsedMs, clockChanges: 0 });
    this.#buffers.accepted(participant);
  }

  /** The clock that an update comes with may end an invitation and bring another one, for the same round. */
  #latestVerdict(attempt: Attempt): Verdict {
    const { asked, rounds } = this.#books;
    const { participant, round, verdict } = attempt;
    const now = asked.get(participant);
    const isAnother = now !== undefined && now !== attempt.asked && now.round === round;
    const book = rounds.get(round);
    return isAnother && book !== undefined ? this.#judgeForBuffer(book, attempt) : verdict;
  }

  #judge(message: Message): Verdict {
    const { participant, connection, round, bytes } = message;
    const { seats, rounds, present, clocks, contributed, task } = this.#books;
    if (connection !== null && seats.get(participant) !== connection) return refuse('no seat', 'NOT_IN_COHORT');
    const book = rounds.get(round);
    const last = contributed.get(participant);
    // In asynchronous training a repeat is known beyond the end of its round.
    if (task.asynchronous !== undefined && last?.round === round) return this.#judgeRepeat(participant, last, bytes);
    if (book !== undefined && this.#books.isBuffered(book.kind)) return this.#judgeForBuffer(book, message);
    if (book === undefined || book.openedMs === null) return refuse('not open', 'NOT_IN_COHORT', 'ROUND_CLOSED');
    const known = book.accepted.get(participant);
    const isOver = book !== present || book.endedMs !== null;
    if (known !== undefined) return judgeSecond(book, { known: known.bytes, bytes, isPresent: book === present });
    if (isOver) return refuse('after its end', 'ROUND_CLOSED');
    if (clocks.now() >= book.deadline) return refuse('after the deadline', 'ROUND_CLOSED');
    if (book.accepted.size >= task.cohort.size) return refuse('the round is full', 'ROUND_CLOSED');
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

  /** What becomes of something that is sent to a round of asynchronous training. [R3] [R8] [R22] [R23] */
  #judgeForBuffer(book: RoundBook, { participant, round, bytes }: Message): Verdict {
    const { asked } = this.#books;
    const own = asked.get(participant);
    const isAsked = own?.round === round;
    const isWanted = isAsked ? this.#buffers.isWanted(own) : false;
    if (isWanted === false) return refuse(isAsked ? 'too late' : 'not asked', 'NOT_IN_COHORT', 'ROUND_CLOSED');
    const codes: ErrorCode[] = isWanted === null ? ['NOT_IN_COHORT', 'ROUND_CLOSED'] : [];
    if (this.#buffers.isBetween) return refuse('between buffers', 'UNAVAILABLE', ...codes);
    const flaw = bytes === null ? null : this.#flawOf(book, bytes);
    if (flaw !== null) return { why: 'out of bounds', accept: 'never', repeat: 'never', codes: [flaw, ...codes] };
    return { why: 'in time', accept: isWanted === true ? 'must' : 'may', repeat: 'never', codes };
  }

  /** A repeat is known as long as a client may have reason to repeat it. */
  #judgeRepeat(
    participant: string,
    { bytes: known, atMs, clockChanges }: Contributed,
    bytes: Uint8Array | null,
  ): Verdict {
    const codes: ErrorCode[] = ['UPDATE_DUPLICATE', 'ROUND_CLOSED', 'NOT_IN_COHORT'];
    if (bytes === null) return refuse('decline after an update', ...codes);
    if (!isSame(known, bytes)) return refuse('another second update', ...codes);
    const { present, clocks, task } = this.#books;
    const isHeld = present?.accepted.get(participant)?.bytes === known;
    const isRecent = clockChanges === 0 && clocks.elapsedMs - atMs < task.cohort.deadlineMs;
    return { why: 'a repeat', accept: 'never', repeat: isHeld || isRecent ? 'must' : 'may', codes };
  }

  #flawOf(book: RoundBook, bytes: Uint8Array): ErrorCode | null {
    const { task, model } = this.#books;
    const length = book.kind === 'train' ? model.length : histogramCells(task);
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
  const values = new Int32Array(bytes.length >> 2);
  for (let i = 0; i < values.length; i += 1) values[i] = view.getInt32(4 * i, true);
  return values;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
