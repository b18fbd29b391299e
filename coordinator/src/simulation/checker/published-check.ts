import type { RoundSummary, TrainingRounds } from '@chorale/protocol';
import type { Books } from './books.ts';

/** What anybody may read of the rounds, held against what happened. [R13] [R18] */
export class PublishedCheck {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  published({ committedRounds, totalRounds, waiting, rounds }: TrainingRounds): void {
    const { violations, task, seats } = this.#books;
    violations.require(
      committedRounds === this.#books.committedRounds && totalRounds === task.rounds,
      'published',
      `${committedRounds} of ${totalRounds} rounds are published instead of ${this.#books.committedRounds}`,
    );
    violations.require(
      waiting >= 0 && waiting <= seats.size,
      'published',
      `${waiting} clients are said to wait, ${seats.size} have a seat`,
    );
    let last = 0;
    for (const summary of rounds) {
      const { round } = summary;
      violations.require(round > last, 'R2', `round ${round} is published after round ${last}`);
      last = round;
      this.#check(summary);
    }
  }

  #check({ round, state, accepted, shape }: RoundSummary): void {
    const { violations, rounds, present } = this.#books;
    const book = rounds.get(round);
    if (book === undefined) {
      violations.require(false, 'published', `round ${round} is published and was never opened`);
      return;
    }
    const isTrue =
      state === 'committed'
        ? book.confirmed
        : state === 'abandoned'
          ? !book.confirmed && book.isResolved
          : book === present && !book.confirmed;
    violations.require(isTrue, 'published', () => `round ${round} is published as ${state}`);
    // A restart abandons a round with whatever it had.
    const isKnown = state === 'committed' || book === present;
    const known = book.endedMs === null ? book.accepted.size : book.acceptedAtEnd;
    violations.require(
      !isKnown || accepted === known,
      'published',
      () => `round ${round} is published with ${accepted} updates instead of ${known}`,
    );
    if (shape === null) return;
    const sum = shape.accepted + shape.declined + shape.left + shape.lost + shape.late;
    violations.require(sum === shape.invited, 'shape', () => `round ${round}: ${JSON.stringify(shape)} is published`);
  }
}
