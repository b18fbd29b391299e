import { abortable } from '../abortable.ts';

/** A condition that comes and goes, such as having a seat, and that others wait for. */
export class Gate {
  #open = false;
  #opening = Promise.withResolvers<void>();

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    this.#open = true;
    this.#opening.resolve();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#opening = Promise.withResolvers<void>();
  }

  /** Resolves at once while it is open. @throws the signal's reason. */
  async pass(signal: AbortSignal): Promise<void> {
    while (!this.#open) await abortable(this.#opening.promise, signal);
  }
}
