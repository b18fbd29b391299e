/** A frame from a server: its text, or only how many bytes there were, which no reader here looks at. */
export type ServerFrame = { type: 'text'; text: string } | { type: 'bytes'; length: number } | { type: 'close' };

/** Reads a server's frames from the chunks of its stream, and keeps nothing of binary ones. */
export class FrameReader {
  readonly #deliver: (frame: ServerFrame) => void;
  #header: number[] = [];
  #text: Buffer[] = [];
  #length = 0;
  #left = 0;

  constructor(deliver: (frame: ServerFrame) => void) {
    this.#deliver = deliver;
  }

  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#left === 0) {
        this.#header.push(chunk[offset]!);
        offset += 1;
        if (this.#header.length < headerLength(this.#header)) continue;
        this.#length = this.#left = payloadLength(this.#header);
      } else {
        const taken = Math.min(this.#left, chunk.length - offset);
        if (this.#opcode === 1) this.#text.push(Buffer.from(chunk.subarray(offset, offset + taken)));
        this.#left -= taken;
        offset += taken;
      }
      if (this.#left === 0) this.#finish();
    }
  }

  get #opcode(): number {
    return this.#header[0]! & 0x0f;
  }

  #finish(): void {
    const opcode = this.#opcode;
    const text = Buffer.concat(this.#text).toString();
    this.#header = [];
    this.#text = [];
    if (opcode === 1) this.#deliver({ type: 'text', text });
    if (opcode === 2) this.#deliver({ type: 'bytes', length: this.#length });
    if (opcode === 8) this.#deliver({ type: 'close' });
  }
}

function headerLength(header: readonly number[]): number {
  if (header.length < 2) return 2;
  const short = header[1]! & 0x7f;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

function payloadLength(header: readonly number[]): number {
  const short = header[1]! & 0x7f;
  return short < 126 ? short : header.slice(2).reduce((length, byte) => length * 256 + byte, 0);
}
