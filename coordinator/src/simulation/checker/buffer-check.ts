import { invitationLimit, type RoundEndedMessage, type RoundMessage } from '@chorale/protocol';
import type { RoundRecord } from '../../storage/store.ts';
import type { Books, Connection } from './books.ts';
import { type Asked, type BufferBook, FREE_AFTER_MS, shapeNow } from './buffer-book.ts';
import type { RoundBook } from './round-book.ts';

/** How late a place that has become free may be given away: timers fire late. */
const TOLERANCE_MS = 1000;

/**
 * Asynchronous training: who is asked for updates, how long, and what becomes of them. [R21] [R22] [R23] [R24]
 * Rounds here are the buffers; an invitation outlives the one that it was made in.
 */
export class BufferCheck {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  /** A buffer is to be opened: who is asked already is in it. */
  opening(record: RoundRecord, what: string): BufferBook {
    const { asked, clocks, violations, seats, task } = this.#books;
    const members: BufferBook['members'] = new Map();
    let doubtful = 0;
    for (const [participant, one] of asked) {
      if (clocks.now() >= one.deadline + FREE_AFTER_MS) asked.delete(participant);
      else if (one.in === null && !this.#isOld(one)) {
        members.set(participant, 'pending');
        if (one.clockChanges > 0) doubtful += 1;
      }
    }
    const { cohort } = record;
    const isExact = !this.#isLate;
    violations.require(
      !isExact || (cohort >= members.size - doubtful && cohort <= members.size && cohort <= invitationLimit(task)),
      'R21',
      () => `${what} takes ${cohort} along who compute, ${members.size} do`,
    );
    violations.require(members.size > 0 || seats.size > 0, 'R21', `${what} is opened for nobody`);
    return { members, doubtful, isExact, resting: new Set(), shape: null };
  }

  /** A client is asked for an update, anew or once more. */
  invited(participant: string, connection: Connection, { round, deadlineMs }: RoundMessage, who: string): void {
    const { asked, clocks, violations, committedRounds, invitedOn, declining, task } = this.#books;
    // Who declines an earlier round is asked for the present one before it has its answer.
    if (declining.get(participant) === asked.get(participant)?.round) asked.delete(participant);
    const before = asked.get(participant);
    if (before !== undefined && this.#isOpen(before)) {
      const isAgain = before.round === round && invitedOn.get(participant) !== connection;
      // A clock that was set back may have ended an invitation sooner, or brought its deadline closer.
      const isSure = before.clockChanges === 0;
      violations.require(isAgain || !isSure, 'R4', `${who} while it computes for round ${before.round}`);
      const deadline = clocks.now() + deadlineMs;
      const isRight = isSure ? deadline === before.deadline : deadlineMs <= task.cohort.deadlineMs;
      violations.require(isRight || !isAgain, 'R4', `${who} once more, with ${deadlineMs} ms`);
      if (isAgain) {
        if (!isSure) asked.set(participant, { ...before, deadline, sinceMs: clocks.elapsedMs });
        return;
      }
    }
    this.#invitedAnew(participant, round, who);
    violations.require(
      deadlineMs === task.cohort.deadlineMs,
      'R4',
      `${who} with ${deadlineMs} of ${task.cohort.deadlineMs} ms`,
    );
    const deadline = clocks.now() + deadlineMs;
    const { elapsedMs: sinceMs } = clocks;
    asked.delete(participant);
    asked.set(participant, { round, modelRound: committedRounds, deadline, sinceMs, clockChanges: 0, in: null });
  }

  /** A client joined anew: it may be asked again for what it had declined. */
  joined(participant: string): void {
    this.#buffer?.resting.delete(participant);
  }

  left(participant: string): void {
    const { asked, present } = this.#books;
    if (asked.get(participant)?.in === null) asked.delete(participant);
    const members = present?.endedMs === null ? this.#buffer?.members : undefined;
    if (members?.get(participant) === 'pending') members.set(participant, 'left');
  }

  declined(participant: string, round: number): void {
    // It may have been asked for another round before it was answered.
    if (this.#books.asked.get(participant)?.round !== round) return;
    this.#books.asked.delete(participant);
    const buffer = this.#buffer;
    if (buffer?.members.get(participant) === 'pending') buffer.members.set(participant, 'declined');
    if (this.#books.present?.number === round) buffer?.resting.add(participant);
  }

  /** An update was taken into the present buffer. */
  accepted(participant: string): void {
    const { present, task, seats, asked } = this.#books;
    if (present?.buffer == null) return;
    present.buffer.members.set(participant, 'accepted');
    const one = asked.get(participant);
    if (one !== undefined) one.in = present;
    if (present.accepted.size >= task.cohort.size) present.buffer.shape = shapeNow(present.buffer, seats);
  }

  /** A client is told what became of its update, or that none is wanted any more. */
  told(participant: string, { round, outcome }: RoundEndedMessage, what: string): void {
    const { violations, asked } = this.#books;
    const one = asked.get(participant);
    asked.delete(participant);
    if (one?.round !== round) {
      violations.require(false, 'R13', `${what}, from which it has nothing to expect`);
      return;
    }
    switch (outcome) {
      case 'closed': {
        const isUnwanted = this.#isOld(one) || !this.#isTraining;
        violations.require(one.in === null && isUnwanted, 'R23', `${what} with model ${one.modelRound}`);
        return;
      }
      case 'committed':
        violations.require(one.in?.confirmed === true, 'R13', `${what} while no model is known to have its update`);
        return;
      case 'abandoned':
        violations.require(
          one.in !== null && one.in.commitFailed && !one.in.confirmed,
          'R13',
          `${what} while the buffer with its update is not`,
        );
        if (one.in !== null) one.in.announced = 'abandoned';
    }
  }

  /** After everything that one event led to: all are told who must be, and all are asked who may be. */
  settle(): void {
    const { task, present } = this.#books;
    if (task.asynchronous === undefined) return;
    this.#checkTold();
    const { violations } = this.#books;
    const isFull = present?.buffer != null && present.accepted.size >= task.cohort.size;
    violations.require(
      !isFull || present.endedMs !== null,
      'R21',
      () => `round ${present?.number} is full and goes on`,
    );
    this.#checkAsked();
  }

  /** Whether such a request must be answered with a call for patience: nothing is wrong, but no buffer is open. */
  get isBetween(): boolean {
    return this.#open === null;
  }

  /** Whether an update for this invitation certainly counts if it comes now; `null` where that cannot be known. */
  isWanted({ deadline, clockChanges, in: buffer }: Asked): boolean | null {
    if (buffer !== null || this.#books.clocks.now() >= deadline) return false;
    return clockChanges > 0 ? null : true;
  }

  /** The open buffer that is not full. */
  get #open(): RoundBook | null {
    const { present, task } = this.#books;
    if (present?.buffer == null || present.openedMs === null || present.endedMs !== null) return null;
    return present.accepted.size < task.cohort.size ? present : null;
  }

  /** Whether a buffer that is to be opened now was decided on earlier: the one before had to be written first. */
  get #isLate(): boolean {
    const { present, storeMs, clocks } = this.#books;
    return present?.ending === 'abandoned' && storeMs === clocks.elapsedMs;
  }

  get #buffer(): BufferBook | null {
    return this.#books.present?.buffer ?? null;
  }

  /** Whether the present model is to be trained on, and not evaluated or the last. */
  get #isTraining(): boolean {
    const { isEvaluationDue, isEvaluationGivenUp, committedRounds, task } = this.#books;
    return committedRounds < task.rounds && (!isEvaluationDue || isEvaluationGivenUp !== 'no');
  }

  #invitedAnew(participant: string, round: number, who: string): void {
    const { asked, violations } = this.#books;
    const before = asked.get(participant);
    const open = this.#open;
    violations.require(open?.number === round, 'R2', `${who}, which is no open buffer`);
    violations.require(before?.in == null, 'R3', `${who} while its update waits in a buffer`);
    violations.require(
      before === undefined || !this.#isComputing(before),
      'R4',
      `${who} while its place in round ${before?.round} is not free`,
    );
    if (open?.buffer == null) return;
    const { members, resting } = open.buffer;
    violations.require(members.get(participant) !== 'accepted', 'R3', `${who}, which has its update`);
    violations.require(!resting.has(participant), 'R21', `${who}, which it has declined`);
    members.delete(participant);
    members.set(participant, 'pending');
  }

  /** [R23] Whether more models have been made since than an update may be behind. */
  #isOld({ modelRound }: Asked): boolean {
    const { committedRounds, task } = this.#books;
    return committedRounds - modelRound > task.asynchronous!.maximumStaleness;
  }

  /** Before its deadline, as far as the books can tell. */
  #isOpen({ in: buffer, deadline }: Asked): boolean {
    return buffer === null && this.#books.clocks.now() < deadline;
  }

  /** Whether a client certainly has its place. */
  #isComputing({ in: buffer, deadline, clockChanges }: Asked): boolean {
    return buffer === null && clockChanges === 0 && this.#books.clocks.now() < deadline + FREE_AFTER_MS;
  }

  /** Whether a client may still have its place. */
  #mayCompute({ in: buffer, sinceMs, clockChanges }: Asked): boolean {
    const { clocks, task } = this.#books;
    // A coordinator that has not looked at its clock since finds out by a timer that it had set before.
    const waits = clockChanges === 0 ? 1 : 2;
    const latestMs = sinceMs + waits * task.cohort.deadlineMs + FREE_AFTER_MS + TOLERANCE_MS;
    return buffer === null && clocks.elapsedMs <= latestMs;
  }

  /** [R21] [R23] [R24] Whoever has contributed, or is asked for nothing any more, has been told if it could be. */
  #checkTold(): void {
    const { asked, seats, violations } = this.#books;
    asked.forEach((one, participant) => {
      const isMade = one.in !== null && one.in.isResolved;
      if (!isMade && (one.in !== null || (!this.#isOld(one) && this.#isTraining))) return;
      asked.delete(participant);
      // It may have been free for long, and nobody known to wait.
      const isSure = isMade || this.#isComputing(one);
      violations.require(
        !isSure || !seats.has(participant),
        isMade ? 'R13' : 'R23',
        `${participant} was not told what became of its part in round ${one.round}`,
      );
    });
  }

  /** [R21] No more compute than may, and while places are free nobody waits for an invitation. */
  #checkAsked(): void {
    const { asked, seats, task, violations, participations } = this.#books;
    const limit = invitationLimit(task);
    let certain = 0;
    let taken = 0;
    for (const one of asked.values()) {
      if (this.#isComputing(one)) certain += 1;
      if (this.#mayCompute(one)) taken += 1;
    }
    violations.require(certain <= limit, 'R21', () => `${certain} compute at a time instead of ${limit}`);
    const open = this.#open;
    if (open?.buffer == null || taken >= limit) return;
    const { members, resting } = open.buffer;
    for (const participant of seats.keys()) {
      const one = asked.get(participant);
      if (one !== undefined && (one.in !== null || this.#mayCompute(one))) continue;
      const isBusy =
        members.get(participant) === 'accepted' ||
        resting.has(participant) ||
        !participations.isAvailable(participant, open.number);
      if (!isBusy) violations.require(false, 'R21', `${participant} waits while only ${taken} compute`);
    }
  }
}
