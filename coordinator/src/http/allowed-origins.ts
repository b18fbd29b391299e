import type { IncomingHttpHeaders } from 'node:http';

/**
 * Which pages may ask from a browser. There are no cookies here that a page could borrow; a list keeps
 * strange pages from posing as the survey with this coordinator behind them.
 */
export class AllowedOrigins {
  readonly #origins: ReadonlySet<string> | null;

  /** @param origins such as `https://hr.example`; `null` allows all */
  constructor(origins: readonly string[] | null) {
    this.#origins = origins === null ? null : new Set(origins);
  }

  /** The headers that let the page of this request read the answer. */
  headers(requested: IncomingHttpHeaders): Record<string, string> {
    if (this.#origins === null) return { 'access-control-allow-origin': '*' };
    const { origin } = requested;
    // Caches must not give one page the answer that names another.
    const vary = { vary: 'origin' };
    return origin !== undefined && this.#origins.has(origin)
      ? { ...vary, 'access-control-allow-origin': origin }
      : vary;
  }

  /** Whether a socket may be opened: browsers ask for none of the headers above before they open one. */
  admits({ origin, host }: IncomingHttpHeaders): boolean {
    if (this.#origins === null || origin === undefined || this.#origins.has(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }
}
