/** Where FNV-1a begins, and what it makes of no text. */
const FNV_OFFSET = 0x811c9dc5;

/** Takes the lines of a world's trace. */
export type TraceSink = (line: string) => void;

/**
 * What happened in a world, in order: as a fingerprint that is always kept, and as text for whoever asks.
 * Two runs with one fingerprint did the same.
 */
export class Trace {
  readonly #sink: TraceSink | undefined;
  readonly #words = new Map<string, number>();
  #high = 0x243f6a88;
  #low = 0x85a308d3;
  #events = 0;

  constructor(sink?: TraceSink) {
    this.#sink = sink;
  }

  /** Things noted so far. */
  get events(): number {
    return this.#events;
  }

  get fingerprint(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /**
   * @param at milliseconds of simulated time
   * @param what a fixed word; those that vary without bound would fill the memory
   */
  note(at: number, what: string, who: string | number = '', round = 0, detail: string | number = ''): void {
    this.#events += 1;
    this.#mix(at);
    this.#mix(this.#word(what));
    this.#mix(typeof who === 'number' ? who : this.#word(who));
    this.#mix(round);
    this.#mix(typeof detail === 'number' ? detail : this.#word(detail));
    this.#sink?.(
      [`${(at / 1000).toFixed(3).padStart(10)} s`, what.padEnd(12), who, round === 0 ? '' : `round ${round}`, detail]
        .join('  ')
        .trimEnd(),
    );
  }

  /** FNV-1a, kept: the words repeat. */
  #word(text: string): number {
    if (text === '') return FNV_OFFSET;
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    let hash = FNV_OFFSET;
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    if (this.#words.size < 10_000) this.#words.set(text, hash);
    return hash;
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
    this.#low = Math.imul(this.#low ^ (value + this.#high), 0xc2b2ae35);
    this.#low ^= this.#low >>> 16;
  }
}
