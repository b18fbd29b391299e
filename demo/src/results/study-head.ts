import type { Manifest } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { studyAddress, type StudyView, trendAddress } from './results-address.ts';

const names: Record<StudyView, string> = {
  questions: 'Questions',
  heatmap: 'Heatmap',
  drivers: 'Drivers',
  participation: 'Participation',
  training: 'Training',
};

/** Which pages there are of a study's results. */
export function viewsOf({ survey, training, groups }: Manifest): StudyView[] {
  return [
    ...(survey === undefined ? [] : (['questions'] as const)),
    ...(survey === undefined || groups.values.length < 2 ? [] : (['heatmap'] as const)),
    ...(survey === undefined || survey.questions.length < 2 ? [] : (['drivers'] as const)),
    ...(survey === undefined ? [] : (['participation'] as const)),
    ...(training === undefined ? [] : (['training'] as const)),
  ];
}

/** The study's name and the way to each of its pages. */
export function studyHead(manifest: Manifest, view: StudyView): TemplateResult {
  return html`
    <div class="stack">
      <div class="stack tight">
        <p class="small back"><a href="/results">All results</a></p>
        <div class="row baseline">
          <h1>${manifest.title}</h1>
          ${manifest.simulated ? html`<span class="badge simulated">Simulated</span>` : nothing}
        </div>
      </div>
      <nav class="views" aria-label="Results of this study">
        <ul>
          ${viewsOf(manifest).map(
            (name) =>
              html`<li>
                <a href=${studyAddress(manifest.id, name)} aria-current=${name === view ? 'page' : nothing}
                  >${names[name]}</a
                >
              </li>`,
          )}
          ${
            manifest.series === undefined
              ? nothing
              : html`<li><a href=${trendAddress(manifest.series)}>Trend of the series</a></li>`
          }
        </ul>
      </nav>
    </div>
  `;
}

export function viewName(view: StudyView): string {
  return names[view];
}
