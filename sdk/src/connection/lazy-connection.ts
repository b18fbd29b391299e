import { lazyPart } from '../lazy-part.ts';
import { DEFAULT_BACKOFF } from './backoff.ts';
import type { ConnectionOptions, CoordinatorConnection } from './coordinator-connection.ts';
import { repeatRequest, type RequestOptions } from './retry.ts';

/**
 * A `CoordinatorConnection` whose code, socket.io above all, is fetched when something is to be sent: most visits only
 * read a study.
 */
export class LazyConnection {
  readonly #options: ConnectionOptions;
  #loading: Promise<CoordinatorConnection> | undefined;
  #connection: CoordinatorConnection | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** @throws ChoraleError `CONNECTION_LOST` when its code cannot be fetched; the next call tries again. */
  load(): Promise<CoordinatorConnection> {
    this.#loading ??= lazyPart(import('./coordinator-connection.ts')).then(
      ({ CoordinatorConnection: Connection }) => (this.#connection = new Connection(this.#options)),
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  /** See `CoordinatorConnection.sendReport`. */
  async sendReport(...args: Parameters<CoordinatorConnection['sendReport']>): Promise<{ duplicate: boolean }> {
    return (await this.load()).sendReport(...args);
  }

  /** See `repeatRequest`. */
  repeat<T>(attempt: () => Promise<T>, options: RequestOptions): Promise<T> {
    const { backoff = DEFAULT_BACKOFF, random } = this.#options;
    return repeatRequest(attempt, { ...options, backoff, random });
  }

  disconnect(): void {
    this.#connection?.disconnect();
  }
}
