import { ChoraleError } from '@chorale/protocol';

/** When whoever was refused should ask again: another node, or this one's successor, answers by then. */
const RETRY_MS = 2000;

/** Whether this node takes new work. Once it has closed it finishes what is under way and takes no more. */
export class Admission {
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    this.#isOpen = false;
  }

  /** @throws ChoraleError `UNAVAILABLE` once it is closed. */
  require(): void {
    if (this.#isOpen) return;
    throw new ChoraleError('UNAVAILABLE', 'this node is about to stop; try again', { retryAfterMs: RETRY_MS });
  }
}
