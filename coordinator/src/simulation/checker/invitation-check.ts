import { invitationLimit, type RoundMessage } from '@chorale/protocol';
import type { Books, Connection } from './books.ts';
import type { BufferCheck } from './buffer-check.ts';
import { isPending } from './round-book.ts';

/** What clients are invited to. [R1] [R2] [R4] [R8] [R14] */
export class InvitationCheck {
  readonly #books: Books;
  readonly #buffers: BufferCheck;

  constructor(books: Books, buffers: BufferCheck) {
    this.#books = books;
    this.#buffers = buffers;
  }

  invited(participant: string, connection: Connection, message: RoundMessage): void {
    const { violations, present, seats, clocks, task } = this.#books;
    const who = `${participant} was invited to round ${message.round}`;
    violations.require(seats.get(participant) === connection, 'R14', `${who} on a connection without its seat`);
    const isAllowed = this.#books.participations.isAllowed(participant, message.round);
    violations.require(isAllowed, 'R25', `${who} though it has contributed as often, or as lately, as it may`);
    if (this.#books.isBuffered(message.kind)) {
      this.#buffers.invited(participant, connection, message, who);
      this.#books.invitedOn.set(participant, connection);
      this.#checkModel(message, who);
      return;
    }
    if (present?.number !== message.round || present.openedMs === null) {
      violations.require(false, 'R2', `${who}, which is not known to be durable`);
      return;
    }
    violations.require(present.endedMs === null, 'R8', `${who} after its end`);
    violations.require(present.candidates.has(participant), 'R8', `${who}, which began before it joined`);
    violations.require(isPending(present, participant), 'R4', `${who} after it had contributed or given up`);
    present.invited.add(participant);
    this.#books.invitedOn.set(participant, connection);
    const most = Math.min(present.cohort, invitationLimit(task));
    violations.require(present.invited.size <= most, 'R1', `${who} beyond the cohort of ${most}`);
    violations.require(
      message.kind === present.kind && message.modelRound === present.modelRound,
      'R2',
      `${who} as another round than was stored`,
    );
    this.#checkModel(message, who);
    this.#checkDeadline(message, who, clocks.now());
  }

  #checkModel({ model, modelRound }: RoundMessage, who: string): void {
    const { violations, committedRounds, model: committed } = this.#books;
    violations.require(modelRound === committedRounds, 'R15', `${who} from the model after ${modelRound} rounds`);
    if (model === null) return;
    const view = new DataView(model.buffer, model.byteOffset, model.byteLength);
    const isSame =
      model.byteLength === 4 * committed.length &&
      committed.every((value, i) => view.getFloat32(4 * i, true) === value);
    violations.require(isSame, 'R15', `${who} from another model than the last committed one`);
  }

  #checkDeadline({ deadlineMs }: RoundMessage, who: string, now: number): void {
    const { present, violations, task } = this.#books;
    if (present === null) return;
    violations.require(
      deadlineMs > 0 && deadlineMs <= task.cohort.deadlineMs,
      'R4',
      `${who} with ${deadlineMs} of ${task.cohort.deadlineMs} ms`,
    );
    // A clock that was set back may bring the deadline closer, and never moves it away.
    const isSame =
      present.clockChanges > 0 ? now + deadlineMs <= present.deadline : now + deadlineMs === present.deadline;
    violations.require(isSame, 'R4', `${who} with another deadline than the others`);
  }
}
