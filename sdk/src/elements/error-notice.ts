import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import type { Words } from './words.ts';

/** Whether the coordinator could not be reached or could not answer just now: trying again may help. */
export function isPassing(error: unknown): error is ChoraleError {
  return error instanceof ChoraleError && (error.code === 'CONNECTION_LOST' || isBusy(error));
}

/** Only the coordinator says when to come back; the store of this browser has a code in common with its own. */
function isBusy(error: unknown): boolean {
  if (!(error instanceof ChoraleError)) return false;
  return error.code === 'RATE_LIMITED' || error.code === 'UNAVAILABLE' || error.retryAfterMs !== undefined;
}

/** Trying again cannot help before something else has changed. */
const lasting: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ALREADY_ANSWERED',
  'BUDGET_EXCEEDED',
  'INSECURE_CONTEXT',
  'MANIFEST_MISMATCH',
  'REPORT_CONFLICT',
  'REPORT_EXPIRED',
  'STORAGE_KEY_LOST',
  'STUDY_CLOSED',
  'STUDY_UNKNOWN',
  'TOKEN_INVALID',
  'TRAINING_ABSENT',
]);

/** The code of a failure; what is not the SDK's own is `INTERNAL`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof ChoraleError ? error.code : 'INTERNAL';
}

/**
 * A failure as a notice with its next step, in words for people who did not build this.
 * @param options.retry adds a button where trying again may help; `erase` one where only forgetting helps.
 * @param options.known what to say of codes that the catalogue does not have.
 */
export function errorNotice(
  error: unknown,
  {
    words,
    retry,
    erase,
    known = {},
  }: {
    words: Words;
    retry?: (() => void) | undefined;
    erase?: (() => void) | undefined;
    known?: Partial<Record<ErrorCode, { title: string; advice: string }>>;
  },
): TemplateResult {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const { title, advice } = (isBusy(error) ? undefined : known[code]) ?? said(isBusy(error) ? 'BUSY' : code, words);
  return html`
    <div
      class="notice ${code === 'BUDGET_EXCEEDED' || isPassing(error) ? 'warn' : 'fail'}"
      part="notice error"
      role="alert"
      id="error"
      tabindex="-1"
    >
      <h2>${title}</h2>
      <p>${advice}</p>
      <details>
        <summary>${words.text('error.details')}</summary>
        <p class="small" dir="ltr"><code>${code}</code>: ${message}</p>
      </details>
      ${erase === undefined || code !== 'STORAGE_KEY_LOST' ? null : html`<div class="actions"><button type="button" class="danger" part="button" @click=${erase}>${words.text('error.startOver')}</button></div>`}
      ${retry === undefined || lasting.has(code) ? null : html`<div class="actions"><button type="button" part="button" @click=${retry}>${words.text('error.retry')}</button></div>`}
    </div>
  `;
}

function said(code: string, words: Words): { title: string; advice: string } {
  const title = `error.${code}.title`;
  const advice = `error.${code}.advice`;
  if (words.has(title) && words.has(advice)) return { title: words.text(title), advice: words.text(advice) };
  return { title: words.text('error.INTERNAL.title'), advice: words.text('error.INTERNAL.advice') };
}
