import { Encoder, type Packet, PacketType } from 'socket.io-parser';
import { expect, it } from 'vitest';
import { CohortEncoder } from './cohort-encoder.ts';

const message = { study: 'pulse', model: Uint8Array.of(1, 2, 3) };
const tell = (event: string, ...data: unknown[]): Packet => ({
  type: PacketType.EVENT,
  nsp: '/',
  data: [event, ...data],
});

it('encodes what is told to many once, and everything as socket.io does', () => {
  const encoder = new CohortEncoder();
  const packets: Packet[] = [
    tell('round', message),
    tell('round', message),
    tell('another', message),
    tell('round', { ...message }),
    tell('round', message, 'more'),
    { ...tell('round', message), id: 7 },
    { ...tell('round', message), nsp: '/other' },
    tell('word', 'word'),
    { type: PacketType.ACK, nsp: '/', data: [message], id: 3 },
  ];
  const encoded = packets.map((packet) => encoder.encode({ ...packet }));
  expect(encoded).toEqual(packets.map((packet) => new Encoder().encode({ ...packet })));
  expect(encoded[1]).toBe(encoded[0]);
});

it('encodes a message anew in another turn', async () => {
  const encoder = new CohortEncoder();
  const changing = { round: 1 };
  encoder.encode(tell('round', changing));
  await new Promise((resolve) => setImmediate(resolve));
  changing.round = 2;
  expect(encoder.encode(tell('round', changing))).toEqual(new Encoder().encode(tell('round', changing)));
});
