import type { ServerToClientEvents } from '@chorale/protocol';
import type { TrainingClient } from '../rounds/seats.ts';
import type { ControlMessage } from './control-message.ts';

type Tell = Extract<ControlMessage, { type: 'tell' }>;

/** Participants in one notification: their names are 64 characters at most. */
const PARTICIPANTS = 80;

/**
 * What the owner of a study has to tell to clients of other nodes. What many are told is said once to
 * their node, in the order in which it came up.
 */
export class RemoteTeller {
  readonly #study: string;
  readonly #send: (node: number, message: Tell) => void;
  #waiting: { node: number; key: string; message: Tell }[] = [];

  constructor(study: string, send: (node: number, message: Tell) => void) {
    this.#study = study;
    this.#send = send;
  }

  /** A client that has its connection at another node. */
  client(node: number, participant: string): TrainingClient {
    return {
      emit: (event, ...[message]) => this.#tell(node, participant, event, message),
    };
  }

  #tell(node: number, participant: string, event: keyof ServerToClientEvents, message: object): void {
    // The model is in the database for all nodes, and far too long for a notification.
    const said = { ...message, ...(event === 'round' ? { model: null } : {}) };
    const key = `${node} ${event} ${JSON.stringify(said)}`;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
    // Looked for at the end alone: one participant must hear things in their order.
    const last = this.#waiting.findLast((waiting) => waiting.node === node);
    if (last?.key === key && last.message.participants.length < PARTICIPANTS) {
      last.message.participants.push(participant);
      return;
    }
    this.#waiting.push({
      node,
      key,
      message: { type: 'tell', study: this.#study, participants: [participant], event, message: said },
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { node, message } of waiting) this.#send(node, message);
  }
}
