import { ChoraleError } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import type { Admission } from './admission.ts';

/** How long an answer of the store is good for: whoever asks more often asks for no more writes. */
const FRESH_MS = 500;
/** A store that takes longer to write one row does not count as ready. */
const PATIENCE_MS = 5000;

/** Whether this node can take new work: it is not about to stop, and its store writes. */
export class Readiness {
  readonly #store: Store;
  readonly #admission: Admission;
  #latest: { askedAt: number; answer: Promise<void> } | null = null;

  constructor({ store, admission }: { store: Store; admission: Admission }) {
    this.#store = store;
    this.#admission = admission;
  }

  /** @throws ChoraleError `UNAVAILABLE`, or `STORAGE_UNAVAILABLE` while the store cannot write. */
  async check(): Promise<void> {
    this.#admission.require();
    const now = performance.now();
    if (this.#latest === null || now - this.#latest.askedAt > FRESH_MS) {
      this.#latest = { askedAt: now, answer: withPatience(this.#store.ready()) };
    }
    await this.#latest.answer;
  }
}

async function withPatience(answer: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const slow = new ChoraleError('STORAGE_UNAVAILABLE', 'the store does not answer', { retryAfterMs: PATIENCE_MS });
  const timer = setTimeout(reject, PATIENCE_MS, slow);
  try {
    await Promise.race([answer, promise]);
  } finally {
    clearTimeout(timer);
  }
}
