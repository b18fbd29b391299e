import { ChoraleError } from '@chorale/protocol';
import type { TrainingClient } from '../rounds/seats.ts';
import type { StudyTraining } from '../rounds/study-training.ts';
import type { ControlMessage } from './control-message.ts';
import { RemoteTeller } from './remote-client.ts';

/** What another node asks the owner of a study's rounds. */
export type ToOwner = Extract<ControlMessage, { type: 'join' | 'admit' | 'decline' | 'attendance' }>;

/** The clients of a study that are connected to other nodes, as the owner of its rounds knows them. */
export class RemoteSeats {
  readonly #teller: RemoteTeller;
  readonly #clients = new Map<number, Map<string, TrainingClient>>();

  constructor(teller: RemoteTeller) {
    this.#teller = teller;
  }

  /** Does what another node asks, for one of its clients, and returns the answer. @throws ChoraleError */
  async serve(from: number, message: ToOwner, training: StudyTraining): Promise<unknown> {
    switch (message.type) {
      case 'join': {
        const { participant, group } = message;
        const client = this.#teller.client(from, participant);
        const joined = await training.join({ participant, group, client });
        if (joined.comeBackMs === undefined && joined.usedUp === undefined) this.#of(from).set(participant, client);
        return joined;
      }
      case 'admit':
        return training.admit(message);
      case 'decline': {
        const { participant, round, code } = message;
        const client = this.#clients.get(from)?.get(participant);
        if (client === undefined) throw new ChoraleError('NOT_IN_COHORT', 'join first');
        await training.decline({ participant, client, round, code });
        return {};
      }
      case 'attendance':
        return training.attendance();
    }
  }

  /** A client of another node has lost its connection, or left. */
  leave(
    from: number,
    { participant, forGood }: { participant: string; forGood: boolean },
    training: StudyTraining,
  ): void {
    const client = this.#clients.get(from)?.get(participant);
    if (client === undefined) return;
    this.#clients.get(from)?.delete(participant);
    training.leave({ participant, client, forGood });
  }

  /** With a node go the connections of its clients. */
  dropNodes(isGone: (node: number) => boolean, training: StudyTraining): void {
    for (const [node, clients] of this.#clients) {
      if (!isGone(node)) continue;
      this.#clients.delete(node);
      for (const [participant, client] of clients) training.leave({ participant, client, forGood: false });
    }
  }

  #of(node: number): Map<string, TrainingClient> {
    const clients = this.#clients.get(node) ?? new Map<string, TrainingClient>();
    this.#clients.set(node, clients);
    return clients;
  }
}
