import type { LogActor, LogCheck, LogEntry } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';

const ACTIONS: Record<LogEntry['action'], string> = {
  'draft-proposed': 'proposed',
  'draft-discarded': 'discarded',
  'draft-approved': 'approved',
  'study-published': 'published',
  'results-released': 'results released',
  'benchmarks-imported': 'benchmarks imported',
  'benchmarks-removed': 'benchmarks removed',
  'study-exported': 'results taken as a file',
  'series-exported': 'series taken as a file',
  'study-closed': 'closed',
  'study-purged': 'reports deleted',
  'evidence-exported': 'evidence exported',
  'person-added': 'person added',
  'person-removed': 'person removed',
};

/** What a detail is called where its own name would not tell. */
const DETAILS: Record<string, string> = {
  file: 'SHA-256 of the file',
  numbers: 'SHA-256 of its numbers, without the time',
  format: 'as',
};

/** Entries shown; the others are in evidence packs, and by `/api/v1/log`. */
const SHOWN = 50;

/** The log, the newest entries first, and whether this browser found it whole. */
export function logView(entries: readonly LogEntry[], check: LogCheck): TemplateResult {
  const newest = entries.slice(-SHOWN).toReversed();
  return html`
    <section class="stack" aria-labelledby="log-title">
      <h2 id="log-title">Log</h2>
      ${
        check.finding === null
          ? html`<div class="notice good">
              <p><strong>All ${check.sequence} entries hold.</strong> Each is bound to the one before by its hash.</p>
              <p class="small">
                Head: <span class="hash">${check.sequence}:${check.hash ?? 'none'}</span>. Note it elsewhere: only
                against an outside note does it show that entries are missing at the end.
              </p>
            </div>`
          : html`<div class="notice fail" role="alert">
              <p><strong>The log does not hold.</strong> ${check.sequence} entries do; then ${check.finding}.</p>
            </div>`
      }
      <div class="table" tabindex="0" role="region" aria-label="Entries of the log">
        <table>
          <caption>
            ${newest.length === entries.length ? 'All entries' : `The last ${SHOWN} of ${entries.length} entries`}, the
            newest first
          </caption>
          <thead>
            <tr>
              <th scope="col" class="number">No.</th>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Of</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            ${newest.map(
              ({ sequence, at, actor, action, subject, details }) =>
                html`<tr>
                  <td class="number">${sequence}</td>
                  <td>${new Date(at).toLocaleString('en')}</td>
                  <td>${actorName(actor)}</td>
                  <td>${ACTIONS[action]}</td>
                  <td>${subject}</td>
                  <td class="small">${Object.entries(details).map(([key, value]) => detail(key, value))}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}

/** What takes many lines is folded away. */
function detail(key: string, value: string | number | boolean): TemplateResult {
  const shown = html`<span class="hash">${value}</span>`;
  return key === 'benchmarks'
    ? html`<details>
        <summary>${key}</summary>
        ${shown}
      </details>`
    : html`<div>${DETAILS[key] ?? key}: ${shown}</div>`;
}

function actorName(actor: LogActor): string {
  if (actor.type === 'public') return 'somebody not signed in';
  return actor.type === 'person' ? `${actor.name} (${actor.role})` : `the ${actor.type}`;
}
