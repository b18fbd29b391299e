import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';

/** The built SDK. */
export const sdkFolder = resolve(import.meta.dirname, '..', 'sdk', 'dist');

type Answer = { body: string; type?: string; headers?: Record<string, string> };

/** An employer's web server: an origin of its own, with pages as a test puts them there, and perhaps the SDK. */
export class EmbeddingPages {
  readonly url: string;
  readonly #server: Server;
  readonly #answers = new Map<string, Answer>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      const { pathname } = new URL(request.url!, this.url);
      void this.#answer(pathname).then(({ body, type = 'text/html; charset=utf-8', headers = {} }) =>
        response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache', ...headers }).end(body),
      );
    });
  }

  static async start(): Promise<EmbeddingPages> {
    const server = createServer().listen(0, 'localhost');
    await once(server, 'listening');
    return new EmbeddingPages(server);
  }

  /** A page under a content security policy, at the path. */
  put(path: string, body: string, policy?: string): string {
    this.#answers.set(path, { body, headers: policy === undefined ? {} : { 'content-security-policy': policy } });
    return `${this.url}${path}`;
  }

  putFile(path: string, body: string, type: string): void {
    this.#answers.set(path, { body, type });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(path: string): Promise<Answer> {
    const known = this.#answers.get(path);
    if (known !== undefined) return known;
    const hosted = /^\/sdk\/([\w./-]+\.js)$/.exec(path)?.[1];
    if (hosted === undefined || hosted.includes('..')) return { body: '' };
    return { body: await readFile(join(sdkFolder, hosted), 'utf8'), type: 'text/javascript' };
  }
}
