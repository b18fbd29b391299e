import type { LitElement, ReactiveController } from 'lit';
import { loadWords } from './load-words.ts';
import type { Words } from './words.ts';

/** After what time texts that could not be fetched are asked for again. */
const RETRY_MS = 3000;

export type WordsHost = LitElement & { locale: string | undefined; messages: string | undefined };

export type WordsControllerOptions = {
  /** Texts have come, at first or in another language. */
  onWords: (words: Words) => void;
  /** They cannot be fetched; it is tried again. */
  onError: (error: unknown, retryAfterMs: number) => void;
};

/** Keeps an element's texts in the language that it asks for, or else in that of the page around it. */
export class WordsController implements ReactiveController {
  readonly #host: WordsHost;
  readonly #options: WordsControllerOptions;
  #words: Words | undefined;
  /** Locale and address of own texts that were asked for last. */
  #asked = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: WordsHost, options: WordsControllerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** `undefined` until the first ones have come. */
  get words(): Words | undefined {
    return this.#words;
  }

  hostConnected(): void {
    if (this.#words === undefined) this.#host.requestUpdate();
  }

  hostUpdate(): void {
    const { locale, messages } = this.#host;
    const wanted = `${locale} ${messages}`;
    if (this.#asked !== wanted) void this.#load(wanted);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    if (this.#words === undefined) this.#asked = '';
  }

  async #load(asked: string): Promise<void> {
    clearTimeout(this.#timer);
    this.#asked = asked;
    const { locale, messages } = this.#host;
    const language = locale || (this.#host.closest<HTMLElement>('[lang]')?.lang ?? navigator.language);
    try {
      const words = await loadWords(language || 'en', messages ? new URL(messages, document.baseURI) : undefined);
      if (this.#asked !== asked) return;
      this.#words = words;
      this.#host.requestUpdate();
      this.#options.onWords(words);
    } catch (error) {
      if (this.#asked !== asked || !this.#host.isConnected) return;
      this.#options.onError(error, RETRY_MS);
      this.#timer = setTimeout(() => void this.#load(asked), RETRY_MS);
    }
  }
}
