import type { RoundEndedMessage, RoundMessage, TrainingDoneMessage, TrainingTask } from '@chorale/protocol';
import { Books, type Clocks, type Connection } from './books.ts';
import { BufferCheck } from './buffer-check.ts';
import { EndingCheck } from './ending-check.ts';
import { InvitationCheck } from './invitation-check.ts';
import { PublishedCheck } from './published-check.ts';
import type { RoundBook } from './round-book.ts';
import { SeatCheck } from './seat-check.ts';
import { StoreCheck } from './store-check.ts';
import { TimeCheck } from './time-check.ts';
import { UpdateCheck } from './update-check.ts';
import { Violations } from './violations.ts';

/** What a client can be told, by event. */
export type Told =
  | ['round', RoundMessage]
  | ['round-ended', RoundEndedMessage]
  | ['training-done', TrainingDoneMessage];

/**
 * Holds a coordinator to the rules of rounds, event by event, with books of its own. It sees what
 * clients and the store see and trusts nothing that the coordinator says of itself.
 */
export class Checker {
  readonly books: Books;
  readonly violations: Violations;
  readonly seats: SeatCheck;
  readonly updates: UpdateCheck;
  readonly store: StoreCheck;
  readonly time: TimeCheck;
  readonly published: PublishedCheck;
  /** Ends of coordinators, by what they were doing. */
  readonly restartsDuring = { starting: 0, waiting: 0, opening: 0, reporting: 0, storing: 0 };
  readonly #invitations: InvitationCheck;
  readonly #endings: EndingCheck;
  readonly #buffers: BufferCheck;
  #isServing = false;

  constructor(options: {
    study: string;
    task: TrainingTask;
    parameters: number;
    groups: ReadonlyMap<string, string>;
    clocks: Clocks;
  }) {
    this.violations = new Violations(() => options.clocks.elapsedMs);
    this.books = new Books({ ...options, violations: this.violations });
    const buffers = new BufferCheck(this.books);
    this.#buffers = buffers;
    this.seats = new SeatCheck(this.books, buffers);
    this.#invitations = new InvitationCheck(this.books, buffers);
    this.#endings = new EndingCheck(this.books, buffers);
    this.updates = new UpdateCheck(this.books, buffers);
    this.store = new StoreCheck(this.books, { ending: this.#endings, buffers, study: options.study });
    this.time = new TimeCheck(this.books);
    this.published = new PublishedCheck(this.books);
  }

  /** A client is told something. */
  told(participant: string, connection: Connection, ...[event, message]: Told): void {
    switch (event) {
      case 'round':
        this.#invitations.invited(participant, connection, message);
        return;
      case 'round-ended':
        this.#endings.told(participant, connection, message);
        return;
      case 'training-done':
        this.#endings.released(participant, connection, message);
        return;
    }
  }

  /** After everything that one event led to. */
  settle(): void {
    this.#endings.settle();
    this.#buffers.settle();
    this.time.settle();
  }

  /** The task has been done for a while: everybody who is connected knows. [R11] */
  checkReleased(): void {
    const { seats, released, isDone } = this.books;
    if (isDone !== 'yes') return;
    for (const [participant, connection] of seats) {
      this.violations.require(released.has(connection), 'R11', `${participant} was not told that the task is done`);
    }
  }

  /** The coordinator is about to stop: its connections are lost, and it finishes what it was writing. */
  stopping(): void {
    this.books.seats.clear();
  }

  /** The coordinator ended, however: nobody has a seat, and nothing that it was about to say is said. */
  stopped(): void {
    this.restartsDuring[this.#isServing ? phaseOf(this.books.present) : 'starting'] += 1;
    this.#isServing = false;
    this.books.present = null;
    this.#endings.forget();
    this.books.seats.clear();
    this.books.nextCohort();
    this.books.unanswered.clear();
    this.books.rest = { failures: 0, sinceMs: 0 };
    this.books.declining.clear();
    this.books.asked.clear();
    this.books.contributed.clear();
    this.time.restarted();
  }

  /** Another one took up where the store says the study was. [R15] */
  started(): void {
    this.#isServing = true;
    this.store.restarted();
  }
}

function phaseOf(present: RoundBook | null): 'waiting' | 'opening' | 'reporting' | 'storing' {
  if (present === null || present.isResolved) return 'waiting';
  if (present.openedMs === null) return present.isResolved ? 'waiting' : 'opening';
  return present.endedMs === null ? 'reporting' : 'storing';
}
