/** Not zero, as browsers' masks are not: a server may leave unmasking out for zeros. */
const MASK = [0x5a, 0x13, 0xc7, 0x2e] as const;

/** One whole WebSocket message as a client frames it (RFC 6455, section 5.2). */
export function clientFrame(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const opcode = 0x80 | (typeof payload === 'string' ? 1 : 2);
  const header = Buffer.from([...lengthBytes(opcode, bytes.length), ...MASK]);
  const frame = Buffer.allocUnsafe(header.length + bytes.length);
  header.copy(frame);
  for (let i = 0; i < bytes.length; i += 1) frame[header.length + i] = bytes[i]! ^ MASK[i & 3]!;
  return frame;
}

function lengthBytes(opcode: number, length: number): number[] {
  if (length < 126) return [opcode, 0x80 | length];
  if (length < 65_536) return [opcode, 0x80 | 126, length >> 8, length & 255];
  return [opcode, 0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
}
