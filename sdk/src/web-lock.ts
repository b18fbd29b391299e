import type { DeviceLock } from './device-lock.ts';

/** The lock between all tabs of a browser profile at one origin, by the Web Locks API. */
export class WebLock implements DeviceLock {
  readonly #prefix: string;

  /** @param options.profile namespace of a made-up employee in a demo; a real device has none. */
  constructor({ profile }: { profile?: string | undefined } = {}) {
    this.#prefix = profile === undefined ? 'chorale' : `chorale:${profile}`;
  }

  async run<T>(
    name: string,
    task: () => Promise<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    let inside = false;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    // Chromium forgets an abort that comes right after a page's first request.
    const onAbort = (): void => {
      if (!inside) reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const options: LockOptions = signal === undefined ? {} : { signal };
    const request = navigator.locks.request(`${this.#prefix}/${name}`, options, () => {
      signal?.throwIfAborted();
      inside = true;
      return task();
    });
    try {
      return await Promise.race([request, givenUp]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
