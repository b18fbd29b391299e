import type { StudyDrivers, SurveyResults } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { formatEpsilon, inUtc } from './format.ts';

/** What makes numbers identifiable once they are on paper, where the page's heading may be lost. */
export function provenance({
  study,
  manifest,
  epsilon,
  at,
}: {
  study: string;
  /** The study's hash. */
  manifest: string;
  /** The bound on what a whole report can tell; `null` for a study without a survey. */
  epsilon: number | null;
  at: Date;
}): TemplateResult {
  return html`
    <dl class="provenance">
      <div class="paper">
        <dt>Study</dt>
        <dd>${study}</dd>
      </div>
      <div>
        <dt>Manifest</dt>
        <dd class="hash">${manifest}</dd>
      </div>
      ${
        epsilon === null
          ? ''
          : html`<div class="paper">
              <dt>Epsilon of a whole report</dt>
              <dd>${formatEpsilon(epsilon)}</dd>
            </div>`
      }
      <div>
        <dt>As of</dt>
        <dd><time datetime=${at.toISOString()}>${inUtc(at)}</time></dd>
      </div>
    </dl>
  `;
}

/** The same of a survey's results. */
export function resultsProvenance(
  { title, manifest, realizedEpsilon }: SurveyResults | StudyDrivers,
  at: Date,
): TemplateResult {
  return provenance({ study: title, manifest, epsilon: realizedEpsilon, at });
}
