import type { BrowserContext } from 'playwright';

/** Everything that the pages of a context send from now on: socket frames, and bodies and addresses of requests. */
export class SentBytes {
  readonly frames: Buffer[] = [];
  readonly #binary: Buffer[] = [];
  readonly requests: string[] = [];

  constructor(context: BrowserContext) {
    context.on('page', (page) => {
      page.on('websocket', (socket) => {
        socket.on('framesent', ({ payload }) => {
          this.frames.push(typeof payload === 'string' ? Buffer.from(payload) : payload);
          if (typeof payload !== 'string') this.#binary.push(payload);
        });
      });
    });
    context.on('request', (request) => {
      this.requests.push(`${request.method()} ${request.url()} ${request.postData() ?? ''}`);
    });
  }

  /** Whether these bytes left in any frame or request. */
  contain(needle: string | Uint8Array): boolean {
    const bytes = Buffer.from(needle as Uint8Array);
    return (
      this.frames.some((frame) => frame.includes(bytes)) ||
      this.requests.some((text) => Buffer.from(text).includes(bytes))
    );
  }

  /** Texts of the reports among the requests. */
  reports(): string[] {
    return this.requests.flatMap((text) => {
      const [, body] = /^POST \S+\/reports (.+)$/s.exec(text) ?? [];
      return body === undefined ? [] : [(JSON.parse(body) as { report: string }).report];
    });
  }

  /** Binary frames of a length: updates and histograms travel as attachments. */
  attachments(byteLength: number): Buffer[] {
    return this.#binary.filter((frame) => frame.byteLength === byteLength);
  }
}
