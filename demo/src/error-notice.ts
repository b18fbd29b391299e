import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';

type Advice = { title: string; advice: string };

/** What went wrong and what to do next, in words for people who did not build this. */
const known: Partial<Record<ErrorCode, Advice>> = {
  CONNECTION_LOST: {
    title: 'The coordinator cannot be reached',
    advice: 'Check your connection. This page tries again by itself; nothing that you entered is lost.',
  },
  STUDY_UNKNOWN: {
    title: 'There is no such study here',
    advice: 'Check the link from your invitation, or pick a study on the overview page.',
  },
  MANIFEST_MISMATCH: {
    title: 'This study has changed',
    advice:
      'It is not the version that this browser agreed to. Nothing was sent. Ask whoever invited you which version is right.',
  },
  INSECURE_CONTEXT: {
    title: 'This address is not secure',
    advice:
      'Browsers offer encryption and secure randomness only over https or on localhost, and without them nothing may be sent. Open the page at such an address.',
  },
  SECURE_RANDOM_UNAVAILABLE: {
    title: 'No secure randomness',
    advice: 'Noise must come from the browser’s cryptographic generator. It is missing here, so nothing was sent.',
  },
  BUDGET_EXCEEDED: {
    title: 'Your privacy budget does not allow this',
    advice:
      'Sending would go past this browser’s limit, so nothing was sent. That is the limit at work: there is nothing to repair.',
  },
  ALREADY_ANSWERED: {
    title: 'This browser has answered already',
    advice: 'One person answers once, and a report is never changed. Nothing more was sent.',
  },
  REPORT_CONFLICT: {
    title: 'This invitation was used already',
    advice:
      'Another browser has answered with it, and one person counts once, so this report is not counted. It did reach the coordinator: the ledger here is charged for it.',
  },
  TOKEN_INVALID: {
    title: 'This invitation is not valid',
    advice: 'It may have been cut off when it was copied. Open the link from your invitation again.',
  },
  STORAGE_UNAVAILABLE: {
    title: 'This browser keeps no data',
    advice:
      'Without storage the page cannot keep a ledger of what it spent, so it sends nothing. Leave private browsing, or allow this site to store data.',
  },
  NOISELESS_REFUSED: {
    title: 'This study trains without noise',
    advice: 'That needs your explicit agreement, and exists for simulated studies only.',
  },
  TRAINING_ABSENT: {
    title: 'This study trains nothing',
    advice: 'It has a survey only. Pick another study on the overview page.',
  },
  TRAINING_DATA_INVALID: {
    title: 'These rows cannot be used',
    advice: 'Open the file again, or use made-up employees.',
  },
  ENGINE_UNAVAILABLE: {
    title: 'This browser cannot train',
    advice: 'No training engine passed its self-test here. Try another browser.',
  },
  PROTOCOL_VERSION: {
    title: 'This page is out of date',
    advice: 'Reload it to get the version that the coordinator speaks.',
  },
};

const busy: Advice = {
  title: 'The coordinator is busy',
  advice: 'This page tries again by itself; nothing that you entered is lost.',
};

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
  'STUDY_UNKNOWN',
  'TOKEN_INVALID',
  'TRAINING_ABSENT',
]);

/** A failure as a notice with its next step; `retry` adds a button. */
export function errorNotice(error: unknown, retry?: () => void): TemplateResult {
  const code = error instanceof ChoraleError ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  const { title, advice } = (isBusy(error) ? busy : known[code]) ?? {
    title: 'Something went wrong',
    advice: 'Nothing was sent by this step. Reload the page to try again.',
  };
  return html`
    <div class="notice ${code === 'BUDGET_EXCEEDED' || isPassing(error) ? 'warn' : 'fail'}" role="alert">
      <h2>${title}</h2>
      <p>${advice}</p>
      <details>
        <summary>Details</summary>
        <p class="small"><code>${code}</code>: ${message}</p>
      </details>
      ${retry === undefined || lasting.has(code) ? null : html`<div class="actions"><button type="button" @click=${retry}>Try again</button></div>`}
    </div>
  `;
}
