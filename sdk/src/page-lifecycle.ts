import { abortable } from './abortable.ts';
import type { DeviceLock } from './device-lock.ts';

/** When the device may hold locks and connections. */
export interface Lifecycle {
  /** Waits until the page is in use; the signal aborts when it is put away. */
  active(signal?: AbortSignal): Promise<AbortSignal>;
}

/** The lifecycle of a process, which is never put away. */
export const alwaysActive: Lifecycle = { active: async () => new AbortController().signal };

/**
 * The lifecycle of a page. A page in the back/forward cache or frozen by the browser must hold no lock
 * and no socket: others on the device would wait for it, and the browser would drop it.
 */
export class PageLifecycle implements Lifecycle {
  readonly #page: EventTarget;
  #away = new AbortController();
  #waiting = Promise.withResolvers<void>();

  readonly #onSuspend: () => void;

  /** @param page the window; `freeze` and `resume` bubble up to it from the document. */
  constructor(page: EventTarget, { onSuspend }: { onSuspend: () => void }) {
    this.#page = page;
    this.#onSuspend = onSuspend;
    this.#waiting.resolve();
    for (const type of ['pagehide', 'freeze']) page.addEventListener(type, this.#suspend);
    for (const type of ['pageshow', 'resume']) page.addEventListener(type, this.#resume);
  }

  async active(signal?: AbortSignal): Promise<AbortSignal> {
    while (this.#away.signal.aborted) await abortable(this.#waiting.promise, signal);
    return this.#away.signal;
  }

  close(): void {
    for (const type of ['pagehide', 'freeze']) this.#page.removeEventListener(type, this.#suspend);
    for (const type of ['pageshow', 'resume']) this.#page.removeEventListener(type, this.#resume);
  }

  readonly #suspend = (): void => {
    if (this.#away.signal.aborted) return;
    this.#waiting = Promise.withResolvers<void>();
    this.#away.abort(new DOMException('the page was put away', 'AbortError'));
    this.#onSuspend();
  };

  readonly #resume = (): void => {
    if (!this.#away.signal.aborted) return;
    this.#away = new AbortController();
    this.#waiting.resolve();
  };
}

/**
 * Runs `task` under a device lock while the page is in use. Put away, the task is aborted by its signal
 * and the lock given back; in use again, it starts over, so it must continue from what is stored.
 */
export async function runWhileActive<T>(
  { lifecycle, lock, name, signal }: { lifecycle: Lifecycle; lock: DeviceLock; name: string; signal: AbortSignal },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  for (;;) {
    const away = await lifecycle.active(signal);
    const either = AbortSignal.any([signal, away]);
    try {
      return await lock.run(name, () => task(either), { signal: either });
    } catch (error) {
      if (!away.aborted || signal.aborted) throw error;
    }
  }
}
