import { Encoder, type Packet, PacketType } from 'socket.io-parser';

/** Encodes a message that is told to many, one after the other, once for all of them. */
export class CohortEncoder extends Encoder {
  #last: { message: unknown; event: unknown; nsp: string; encoded: ReturnType<Encoder['encode']> } | null = null;

  override encode(packet: Packet): ReturnType<Encoder['encode']> {
    if (packet.type !== PacketType.EVENT || packet.id !== undefined || packet.data.length !== 2) {
      return super.encode(packet);
    }
    const [event, message]: unknown[] = packet.data;
    const last = this.#last;
    if (last !== null && last.message === message && last.event === event && last.nsp === packet.nsp) {
      return last.encoded;
    }
    const encoded = super.encode(packet);
    // What is told in one turn is the same for all; it may be changed, or be no longer needed, afterwards.
    if (last === null) setImmediate(() => (this.#last = null));
    this.#last = typeof message === 'object' ? { message, event, nsp: packet.nsp, encoded } : null;
    return encoded;
  }
}
