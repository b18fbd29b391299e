import { lazyPart } from '../lazy-part.ts';
import type { ConnectionOptions, CoordinatorConnection } from './coordinator-connection.ts';

/** A `CoordinatorConnection` whose code, socket.io above all, is fetched when a device trains: a survey needs no socket. */
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

  disconnect(): void {
    this.#connection?.disconnect();
  }
}
