import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { errorNotice } from '../error-notice.ts';

type Live<T> =
  | { state: 'loading' }
  | { state: 'failed'; error: unknown }
  /** `stale`: a refresh failed since, so the data is older than it looks. */
  | { state: 'shown'; data: T; at: Date; stale: boolean };

const refreshMs = 3000;

/** Data of the coordinator for one element, fetched again every few seconds while the page is visible. */
export class LiveData<T> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #load: () => Promise<T>;
  #live: Live<T> = { state: 'loading' };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #connected = false;
  readonly #onVisible = () => {
    if (!document.hidden) void this.refresh();
  };

  /** @param load is called first when the element is in the page, with its properties set. */
  constructor(host: ReactiveControllerHost, load: () => Promise<T>) {
    this.#host = host;
    this.#load = load;
    host.addController(this);
  }

  hostConnected(): void {
    this.#connected = true;
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.refresh();
  }

  hostDisconnected(): void {
    this.#connected = false;
    document.removeEventListener('visibilitychange', this.#onVisible);
    clearTimeout(this.#timer);
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#live = { state: 'shown', data: await this.#load(), at: new Date(), stale: false };
    } catch (error) {
      this.#live = this.#live.state === 'shown' ? { ...this.#live, stale: true } : { state: 'failed', error };
    }
    this.#host.requestUpdate();
    if (!this.#connected || document.hidden) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.refresh(), refreshMs);
  }

  /** The data in the host's words, or what there is to say without it. */
  render(what: string, shown: (data: T, at: Date) => TemplateResult): TemplateResult {
    const live = this.#live;
    switch (live.state) {
      case 'loading':
        return html`
          <div class="stack tight" role="status">
            <p class="soft">Loading ${what}…</p>
            <progress aria-label="Loading ${what}"></progress>
          </div>
        `;
      case 'failed':
        return errorNotice(live.error, () => void this.refresh());
      case 'shown':
        return html`
          ${
            live.stale
              ? html`<p class="notice warn" role="status">
                  The coordinator cannot be reached; these numbers are the last that arrived, at
                  ${live.at.toLocaleTimeString('en')}.
                </p>`
              : ''
          }
          ${shown(live.data, live.at)}
        `;
    }
  }
}
