/** A broken promise: the rule of SPEC.md, or a name for what DESIGN.md promises beyond it. */
export type Violation = { rule: string; message: string; atMs: number };

/** Violations beyond these are counted and not kept. */
const KEPT = 20;

/** What a checker found. */
export class Violations {
  readonly kept: Violation[] = [];
  readonly #elapsedMs: () => number;
  #count = 0;

  /** @param elapsedMs simulated time since the start */
  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  get count(): number {
    return this.#count;
  }

  /** Notes a violation unless the promise holds. */
  require(holds: boolean, rule: string, message: string | (() => string)): void {
    if (holds) return;
    this.#count += 1;
    if (this.kept.length >= KEPT) return;
    this.kept.push({ rule, message: typeof message === 'string' ? message : message(), atMs: this.#elapsedMs() });
  }
}
