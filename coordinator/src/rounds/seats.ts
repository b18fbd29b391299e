import { ChoraleError, type ServerToClientEvents } from '@chorale/protocol';

/** One connection of a client; a socket.io server socket is one. */
export type TrainingClient = {
  emit<E extends keyof ServerToClientEvents>(event: E, ...message: Parameters<ServerToClientEvents[E]>): unknown;
  /** Ends the connection; the client comes back by itself. */
  disconnect?(close: boolean): unknown;
};

export type Seat = { participant: string; client: TrainingClient };

/** The connection that speaks for each participant of a study: the latest that joined. [R14] */
export class Seats {
  readonly #clients = new Map<string, TrainingClient>();

  /** `false` when this connection has the seat already. */
  take({ participant, client }: Seat): boolean {
    if (this.holds({ participant, client })) return false;
    this.#clients.set(participant, client);
    return true;
  }

  /** `false` when this connection has not got the seat. */
  giveUp({ participant, client }: Seat): boolean {
    return this.holds({ participant, client }) && this.#clients.delete(participant);
  }

  holds({ participant, client }: Seat): boolean {
    return this.#clients.get(participant) === client;
  }

  /** @throws ChoraleError `NOT_IN_COHORT` */
  require(seat: Seat): void {
    if (!this.holds(seat)) {
      throw new ChoraleError('NOT_IN_COHORT', 'join first: this connection does not speak for the client');
    }
  }

  /** Tells those of the participants who are connected. */
  tell<E extends keyof ServerToClientEvents>(
    participants: readonly string[],
    event: E,
    ...message: Parameters<ServerToClientEvents[E]>
  ): void {
    for (const participant of participants) this.#clients.get(participant)?.emit(event, ...message);
  }
}
