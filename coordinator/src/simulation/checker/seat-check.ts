import type { Books, Connection } from './books.ts';
import type { BufferCheck } from './buffer-check.ts';
import { isPending } from './round-book.ts';

/** What a client is told that joins. */
type Joined = {
  committedRounds: number;
  done: boolean;
  comeBackMs?: number | undefined;
  usedUp?: true | undefined;
};

/** Connections beyond which a coordinator may ask clients to come back later. */
const FEWEST_SEATS = 100;

/** Whose connection speaks for it, and what a join is answered. [R4] [R11] [R14] [R20] [R25] */
export class SeatCheck {
  readonly #books: Books;
  readonly #buffers: BufferCheck;

  constructor(books: Books, buffers: BufferCheck) {
    this.#books = books;
    this.#buffers = buffers;
  }

  /** Before the coordinator hears of it: an invitation may come before the reply. */
  joining(participant: string, connection: Connection): void {
    this.#books.seat(participant, connection);
    this.#buffers.joined(participant);
  }

  joined(participant: string, connection: Connection, reply: Joined): void {
    const books = this.#books;
    const { violations, present } = books;
    if (reply.usedUp === true) {
      books.seats.delete(participant);
      books.candidates.delete(participant);
      const isUsedUp = books.participations.isUsedUp(participant);
      violations.require(isUsedUp, 'R25', `${participant} was turned away though it may still contribute`);
      return;
    }
    if (reply.comeBackMs !== undefined) {
      books.seats.delete(participant);
      books.candidates.delete(participant);
      books.sentAway += 1;
      const { comeBackMs } = reply;
      violations.require(
        comeBackMs >= 1000 && comeBackMs <= 3_600_000,
        'R20',
        `a client without a seat is to come back in ${comeBackMs} ms`,
      );
      violations.require(
        books.seats.size >= FEWEST_SEATS,
        'R20',
        `a client was sent away while ${books.seats.size} have a seat`,
      );
      return;
    }
    // What a committed round is told as waits for the store; the reply may be from just before or after.
    const made = reply.committedRounds - books.committedRounds;
    violations.require(
      made === 0 || (made === 1 && present?.ending === 'committed'),
      'R15',
      () => `a join is told of ${reply.committedRounds} committed rounds, there are ${books.committedRounds}`,
    );
    // A rest follows a failed evaluation, be it the last.
    const isResting = books.isDone !== 'no' && books.isEvaluationDue && !reply.done;
    violations.require(
      isResting || books.isDone === (reply.done ? 'yes' : 'no') || present?.ending === 'committed',
      'R11',
      () => `a join is told that the task is ${reply.done ? '' : 'not '}done after ${books.committedRounds} rounds`,
    );
    if (reply.done) books.released.add(connection);
    this.#requireInvitation(participant, connection);
  }

  leaving(participant: string, connection: Connection, { forGood }: { forGood: boolean }): void {
    const { seats, present, next, leavers } = this.#books;
    if (seats.get(participant) !== connection) return;
    seats.delete(participant);
    if (forGood) this.#buffers.left(participant);
    if (forGood) leavers.add(participant);
    const isMember = present !== null && present.endedMs === null && present.candidates.has(participant);
    if (forGood && isMember && isPending(present, participant)) present.left.add(participant);
    if (forGood && next !== null && next.candidates.has(participant)) next.left.add(participant);
  }

  /** [R4] Who returns to an open round is invited again, unless nothing is wanted of it. */
  #requireInvitation(participant: string, connection: Connection): void {
    const { present, violations, clocks, asked } = this.#books;
    const own = asked.get(participant);
    if (own !== undefined && this.#buffers.isWanted(own) === true) {
      const isInvited = this.#books.invitedOn.get(participant) === connection;
      violations.require(isInvited, 'R4', () => `${participant} came back to round ${own.round} and was not invited`);
    }
    if (present === null || present.buffer !== null || present.openedMs === null || present.endedMs !== null) return;
    const isMember =
      present.invited.has(participant) ||
      (present.candidates.has(participant) && present.cohort === present.candidates.size);
    if (!isMember || present.leavers.has(participant) || !isPending(present, participant)) return;
    if (clocks.elapsedMs >= present.dueMs || clocks.now() >= present.deadline || present.clockChanges > 0) return;
    violations.require(
      this.#books.invitedOn.get(participant) === connection,
      'R4',
      () => `${participant} came back to round ${present.number} and was not invited`,
    );
  }
}
