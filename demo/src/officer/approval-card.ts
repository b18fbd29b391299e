import type { Actor, Draft, Manifest } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { forecastView } from '../studio/forecast-view.ts';
import { forecastSurvey, surveyOf } from '../studio/survey-forecast.ts';
import { lossesOf, lossText, worstCase } from './budget.ts';
import { diffView, laidOut } from './manifest-view.ts';
import type { WaveBudget } from './waves.ts';

export type ApprovalCardOptions = {
  draft: Draft;
  /** The hash as this browser computed it from the manifest that is shown. */
  computed: string;
  me: Actor;
  /** Its place in its series; `null` where it is no wave. */
  wave: WaveBudget | null;
  /** Published studies to compare with, the likeliest wave before first. */
  waves: readonly Manifest[];
  /** Which of them is compared with; `null` for none. */
  compared: string | null;
  /** People expected to answer in each group. */
  respondents: number;
  onCompare: (study: string | null) => void;
  onRespondents: (respondents: number) => void;
  onDecide: (decision: 'approve' | 'publish') => void;
};

/** One draft as it would be published, and all there is to decide on it. */
export function approvalCard(options: ApprovalCardOptions): TemplateResult {
  const { draft, computed, me, waves, compared, respondents, onCompare, onRespondents } = options;
  const { manifest, hash, proposer, approval } = draft;
  const { id } = manifest;
  const before = waves.find((one) => one.id === compared);
  const survey = surveyOf(manifest);
  const own = me.type === 'person' && me.name === proposer;
  return html`
    <article class="card stack" aria-labelledby="draft-${id}">
      <div class="stack tight">
        <h3 id="draft-${id}" tabindex="-1">${manifest.title}</h3>
        <p class="soft">
          Proposed by ${proposer} on ${new Date(draft.proposedAt).toLocaleString('en')}.
          ${approval === null ? nothing : html`Approved by ${approval.approver}.`}
        </p>
        <p>${costs(options)}</p>
        <p>${reportsKept(manifest)}</p>
        <p class="small">Hash of the manifest below: <span class="hash">${computed}</span></p>
        ${
          computed === hash
            ? nothing
            : html`<div class="notice fail">
                <p>The coordinator names another hash, ${hash}: do not approve this.</p>
              </div>`
        }
      </div>
      <details>
        <summary>The exact manifest</summary>
        <pre class="code" tabindex="0" aria-label="Manifest of ${manifest.title}">${laidOut(manifest)}</pre>
      </details>
      <details ?open=${before !== undefined}>
        <summary>What it changes of the wave before</summary>
        <div class="stack tight">
          <div class="field">
            <label for="wave-${id}">Compare with</label>
            <select
              id="wave-${id}"
              @change=${(event: Event) => onCompare((event.target as HTMLSelectElement).value || null)}
            >
              <option value="">nothing</option>
              ${waves.map((one) => html`<option value=${one.id} ?selected=${one.id === compared}>${one.title}</option>`)}
            </select>
          </div>
          ${before === undefined ? nothing : diffView(before, manifest)}
        </div>
      </details>
      ${
        survey === null
          ? nothing
          : html`<div class="stack tight">
              <div class="field">
                <label for="people-${id}">Expected to answer in each group</label>
                <input
                  type="number"
                  id="people-${id}"
                  min="1"
                  step="1"
                  .value=${String(respondents)}
                  @change=${(event: Event) => {
                    const { valueAsNumber } = event.target as HTMLInputElement;
                    if (Number.isInteger(valueAsNumber) && valueAsNumber > 0) onRespondents(valueAsNumber);
                  }}
                />
              </div>
              ${forecastView(
                forecastSurvey(
                  survey,
                  manifest.groups.values.map((group) => ({ ...group, respondents })),
                ),
              )}
            </div>`
      }
      <div class="row actions">${decision(options, own)}</div>
    </article>
  `;
}

/** What it may cost one employee, with the waves before it, in one sentence or two. */
function costs({ draft, wave }: ApprovalCardOptions): string {
  const own = lossText(worstCase([lossesOf(draft.manifest)]));
  const alone = `Whoever takes part in all of it loses at most ${own}.`;
  if (wave === null) return alone;
  const all = `whoever answers all ${wave.number} loses at most ${lossText(wave.upToHere)}`;
  return `${alone} It would be wave ${wave.number} of ${wave.series}${wave.number === 1 ? '' : `: ${all}`}.`;
}

/** What becomes of the raw reports, in one sentence. */
function reportsKept({ retention, series }: Manifest): string {
  if (series !== undefined)
    return 'Raw reports stay: what other waves of its series may show depends on who is in this one.';
  if (retention === undefined)
    return 'Raw reports stay until somebody deletes them after the study is closed, unless the operator limits it.';
  return `Raw reports are deleted ${retention.reportDays} days after the study is closed, or sooner; results stay.`;
}

function decision({ draft, computed, me, onDecide }: ApprovalCardOptions, own: boolean): TemplateResult {
  const { manifest, hash, approval, proposer } = draft;
  if (computed !== hash || me.type !== 'person') return html``;
  if (approval !== null) {
    if (me.name !== proposer && me.name !== approval.approver)
      return html`<p>${proposer} or ${approval.approver} publishes it.</p>`;
    return html`<button type="button" class="primary" @click=${() => onDecide('publish')}>
      Publish<span class="visually-hidden"> ${manifest.title}</span>
    </button>`;
  }
  if (own) return html`<p>You proposed it: another officer has to approve it.</p>`;
  if (me.role !== 'officer') return html`<p>A privacy officer has to approve it.</p>`;
  return html`<button type="button" class="primary" @click=${() => onDecide('approve')}>
    Approve exactly this<span class="visually-hidden">: ${manifest.title}</span>
  </button>`;
}
