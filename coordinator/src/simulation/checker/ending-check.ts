import { histogramCells, type RoundEndedMessage, type RoundShape, type TrainingDoneMessage } from '@chorale/protocol';
import type { ModelRecord, RoundRecord } from '../../storage/store.ts';
import type { Books, Connection } from './books.ts';
import type { BufferBook } from './buffer-book.ts';
import type { BufferCheck } from './buffer-check.ts';
import { exactSum, expectedModel, isSameModel } from './expected-result.ts';
import { isPending, type RoundBook } from './round-book.ts';

type Ending = { book: RoundBook; record: RoundRecord; model: ModelRecord | null; participants: readonly string[] };

/** How rounds end: what is stored of them, and what clients are told. [R6] [R7] [R13] [R16] */
export class EndingCheck {
  readonly #books: Books;
  readonly #buffers: BufferCheck;
  /** An end that was to be stored in this event; checked once all replies of the round are known. */
  #ending: Ending | null = null;
  /** A round whose end clients were told in this event. */
  #told: RoundBook | null = null;

  constructor(books: Books, buffers: BufferCheck) {
    this.#books = books;
    this.#buffers = buffers;
  }

  /** The end of a round is to be stored. */
  ending(record: RoundRecord, model: ModelRecord | null, participants: readonly string[]): void {
    const { violations, present } = this.#books;
    const what = `round ${record.round}, which was to be stored as ${record.state},`;
    const book = this.#books.rounds.get(record.round);
    if (book === undefined || record.state === 'open') {
      violations.require(false, 'R7', `${what} was never opened`);
      return;
    }
    violations.require(book === present, 'R7', `${what} is not the present one`);
    // After a commit that seemed to fail: it may be done all the same, and then the round stays committed.
    const isSettling = book.commitFailed && record.state === 'abandoned';
    const hasEnded = book.confirmed || (book.ending === 'abandoned' && !isSettling);
    violations.require(!hasEnded, 'R7', `${what} had ended before`);
    violations.require(record.state === 'abandoned' || book.ending === null, 'R7', `${what} was to be stored before`);
    this.#ending = { book, record, model, participants };
    this.#books.participations.ended(record.round, participants);
    book.ending = record.state;
    if (record.state === 'abandoned' && !isSettling) this.#books.resolve(book, 'abandoned');
    this.#books.end(book);
  }

  /** A client is told how a round ended. */
  told(participant: string, connection: Connection, message: RoundEndedMessage): void {
    const { violations, rounds, seats } = this.#books;
    const { outcome } = message;
    const what = `${participant} was told that round ${message.round} is ${outcome}`;
    const book = rounds.get(message.round);
    if (book === undefined) {
      violations.require(false, 'R13', `${what}, which was never opened`);
      return;
    }
    violations.require(seats.get(participant) === connection, 'R14', `${what} on a connection without its seat`);
    if (this.#books.isBuffered(book.kind)) {
      this.#checkModels(message, what);
      this.#buffers.told(participant, message, what);
      return;
    }
    violations.require(!book.told.has(participant), 'R13', `${what} after ${book.told.get(participant)}`);
    violations.require(book.invited.has(participant) || book.candidates.has(participant), 'R13', `${what}, uninvited`);
    this.#checkModels(message, what);
    book.told.set(participant, outcome);
    this.#told = book;
    if (outcome === 'closed') {
      violations.require(isPending(book, participant), 'R6', `${what} though nothing more was wanted of it`);
    } else {
      violations.require(
        (outcome === 'committed') === book.confirmed,
        'R13',
        `${what} while the store ${book.confirmed ? 'has said' : 'has not said'} that it is committed`,
      );
      book.announced = outcome;
    }
    this.#books.end(book);
  }

  #checkModels({ committedRounds }: RoundEndedMessage, what: string): void {
    const known = this.#books.committedRounds;
    this.#books.violations.require(
      committedRounds === known,
      'R13',
      `${what} with ${committedRounds} committed rounds instead of ${known}`,
    );
  }

  released(participant: string, connection: Connection, message: TrainingDoneMessage): void {
    const { violations, released, committedRounds, task } = this.#books;
    violations.require(
      this.#books.isDone !== 'no',
      'R11',
      `${participant} was told that the task is done, which it is not`,
    );
    violations.require(!released.has(connection), 'R11', `${participant} was told twice that the task is done`);
    violations.require(message.committedRounds === committedRounds, 'R11', `done after ${committedRounds} rounds`);
    violations.require(committedRounds === task.rounds, 'R11', `done after ${committedRounds} rounds`);
    released.add(connection);
  }

  /** After everything that one event led to. */
  settle(): void {
    const ending = this.#ending;
    if (ending !== null && !this.#isUnanswered(ending.book)) {
      if (ending.record.state === 'committed') this.#checkCommit(ending);
      else this.#checkAbandoned(ending);
      this.#checkCharged(ending);
      ending.book.acceptedAtEnd = ending.book.accepted.size;
      this.#ending = null;
    }
    if (this.#told !== null) this.#checkTold(this.#told);
    this.#told = null;
    const { concluded, present } = this.#books;
    for (const book of [concluded, present]) if (book !== null && book.buffer === null) this.#checkSaid(book);
  }

  /** The coordinator is gone: what it was about to say is not said. */
  forget(): void {
    this.#ending = null;
    this.#told = null;
  }

  /** Whether replies are still to come that tell what is in a round; a buffer takes updates for any. */
  #isUnanswered({ buffer, number }: RoundBook): boolean {
    const { unanswered } = this.#books;
    return buffer === null ? unanswered.has(number) : unanswered.size > 0;
  }

  /** [R25] It costs those a participation whose updates it has, and nobody else. */
  #checkCharged({ book, participants }: Ending): void {
    const { violations, participations } = this.#books;
    const charged = new Set(participants);
    const isCharging = participations.isLimited && book.kind === 'train';
    const isSame = isCharging
      ? charged.size === book.accepted.size && participants.every((participant) => book.accepted.has(participant))
      : charged.size === 0;
    violations.require(
      isSame,
      'R25',
      () => `round ${book.number} costs ${charged.size} clients a participation, ${book.accepted.size} contributed`,
    );
  }

  #checkAbandoned({ book, record, model }: Ending): void {
    const { violations, task, clocks } = this.#books;
    const what = `round ${book.number}`;
    violations.require(model === null && record.histogram === null, 'R7', `${what} was abandoned with a result`);
    violations.require((record.reason ?? '') !== '', 'R7', `${what} was abandoned without a reason`);
    this.#checkShape(book, record);
    if (book.commitFailed) return;
    if (book.buffer !== null) {
      violations.require(false, 'R21', `${what} was abandoned though it could be stored`);
      return;
    }
    const reachable = book.cohort - book.declined.size - book.left.size - book.leavers.size;
    const isOver = clocks.now() >= book.deadline || book.clockChanges > 0;
    violations.require(
      book.accepted.size < task.cohort.quorum && (isOver || reachable < task.cohort.quorum),
      'R7',
      `${what} was abandoned with ${book.accepted.size} of ${book.cohort} updates, ${reachable} within reach`,
    );
  }

  #checkCommit({ book, record, model }: Ending): void {
    const { violations, task, model: before, committedRounds } = this.#books;
    const what = `round ${book.number}`;
    const count = book.accepted.size;
    violations.require(count >= task.cohort.quorum, 'R7', `${what} was committed with ${count} updates`);
    violations.require(count <= task.cohort.size, 'R6', `${what} was committed with ${count} updates`);
    violations.require(record.reason === null, 'R7', `${what} was committed with a reason to abandon it`);
    this.#checkShape(book, record);
    if (book.kind === 'train') {
      const expected = expectedModel(before, book.accepted.values(), task);
      const isSame = model !== null && isSameModel(model.parameters, expected, task);
      violations.require(isSame, 'R16', () => `${what}: the model is not the one before plus ${count} updates`);
      violations.require(model?.modelRound === committedRounds + 1, 'R15', `${what} made model ${model?.modelRound}`);
      violations.require(record.histogram === null, 'R7', `${what} trained and was stored with a histogram`);
    } else {
      const { sum } = exactSum(book.accepted.values(), histogramCells(task));
      const isSame = record.histogram !== null && sum.every((value, i) => Number(value) === record.histogram![i]);
      violations.require(isSame && model === null, 'R16', `${what}: the histogram is not the sum of ${count}`);
    }
  }

  /** [R18] What is published of the cohort adds up, and is what clients did. */
  #checkShape(book: RoundBook, record: RoundRecord): void {
    const { violations } = this.#books;
    const { shape } = record;
    const what = `round ${book.number}`;
    violations.require(
      record.accepted === book.accepted.size,
      'shape',
      `${what} is stored with ${record.accepted} updates instead of ${book.accepted.size}`,
    );
    if (shape === null) {
      violations.require(false, 'shape', `${what} ended without its shape`);
      return;
    }
    const { invited, accepted, declined, left, lost, late } = shape;
    const isSum = accepted + declined + left + lost + late === invited && lost >= 0 && late >= 0;
    violations.require(isSum && invited === record.cohort, 'shape', () => `${what}: ${JSON.stringify(shape)}`);
    // In asynchronous training, whoever is lost may still come back in time.
    const missing = book.buffer === null ? left + lost : left;
    violations.require(
      record.dropouts >= missing && record.dropouts <= left + lost + late,
      'shape',
      () => `${what}: ${record.dropouts} dropouts of ${JSON.stringify(shape)}`,
    );
    if (book.buffer !== null) {
      this.#checkBufferShape(book.buffer, shape, what);
      return;
    }
    violations.require(invited === book.cohort, 'shape', `${what} has another cohort than at its start`);
    const invitedLeft = [...book.left].filter((participant) => book.invited.has(participant)).length;
    violations.require(
      accepted === book.accepted.size && declined === book.declined.size,
      'shape',
      () => `${what}: ${JSON.stringify(shape)} of ${book.accepted.size} updates and ${book.declined.size} declines`,
    );
    violations.require(
      left >= invitedLeft && left <= book.left.size + book.leavers.size,
      'shape',
      () => `${what}: ${JSON.stringify(shape)} with ${invitedLeft} to ${book.left.size} gone for good`,
    );
  }

  #checkBufferShape({ members, doubtful, isExact, shape: known }: BufferBook, shape: RoundShape, what: string): void {
    if (!isExact) return;
    const { violations } = this.#books;
    const isWhole = shape.invited <= members.size && shape.invited >= members.size - doubtful;
    // A doubtful member is in the shape as what it did last, or not at all.
    const isSame =
      known !== null &&
      (['declined', 'left', 'lost'] as const).every(
        (standing) => shape[standing] <= known[standing] && shape[standing] >= known[standing] - doubtful,
      );
    violations.require(
      isWhole && isSame,
      'shape',
      () => `${what}: ${JSON.stringify(shape)} of ${members.size} members and ${JSON.stringify(known)}`,
    );
  }

  /** A round that is full or committed has been said to be so, to those who are connected. */
  #checkSaid(book: RoundBook): void {
    const { seats, violations, task } = this.#books;
    const isFull = book.accepted.size >= task.cohort.size && !book.wasFull;
    if (isFull) book.wasFull = true;
    const isSilent = book.confirmed && !book.wasConfirmed && book.announced === null;
    book.wasConfirmed = book.confirmed;
    if (!isFull && !isSilent) return;
    for (const participant of book.invited) {
      const isDue = seats.has(participant) && isPending(book, participant) === isFull;
      violations.require(
        !isDue || book.told.has(participant),
        'R13',
        `${participant} was not told that round ${book.number} has ended`,
      );
    }
  }

  /** Whoever is connected and waits for this end must have been told. */
  #checkTold(book: RoundBook): void {
    const { violations, seats } = this.#books;
    for (const participant of book.invited) {
      if (!seats.has(participant) || book.told.has(participant)) continue;
      const isPendingMember = isPending(book, participant);
      // Who returned after the close learns by its refusal; who has contributed waits for the outcome.
      const isDue = book.announced === null ? isPendingMember : !isPendingMember;
      violations.require(!isDue, 'R13', `${participant} was not told how round ${book.number} ended`);
    }
  }
}
