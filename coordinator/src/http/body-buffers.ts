/** How long buffers that nobody uses are kept, in milliseconds: clients of one round send within seconds. */
const KEPT_MS = 30_000;

/**
 * Memory for large bodies, used again and again: a new piece for each would be paid for in page faults and
 * garbage collections, more than for reading the body.
 */
export class BodyBuffers {
  #free: Uint8Array[] = [];
  #expiry: NodeJS.Timeout | null = null;

  /** Lends a buffer of at least so many bytes, with anything in it, until the work is done. */
  async lend<T>(bytes: number, work: (buffer: Uint8Array) => Promise<T>): Promise<T> {
    const index = this.#free.findIndex((buffer) => buffer.length >= bytes);
    const [buffer = Buffer.allocUnsafeSlow(bytes)] = index === -1 ? [] : this.#free.splice(index, 1);
    try {
      return await work(buffer);
    } finally {
      this.#free.push(buffer);
      this.#expiry ??= setTimeout(() => this.#expire(), KEPT_MS).unref();
      this.#expiry.refresh();
    }
  }

  #expire(): void {
    this.#free = [];
    this.#expiry = null;
  }
}
