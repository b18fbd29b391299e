import type { SeriesSummary, StudySummary } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchSeriesList, fetchStudies } from '../api.ts';
import { PageElement } from '../page-element.ts';
import { LiveData } from './live-data.ts';
import { studyAddress, trendAddress } from './results-address.ts';

type Listed = { studies: StudySummary[]; series: SeriesSummary[] };

/** All series and studies that have results, or will have. */
export class ResultsList extends PageElement {
  readonly #listed = new LiveData(this, async (): Promise<Listed> => {
    const [studies, series] = await Promise.all([fetchStudies(), fetchSeriesList()]);
    return { studies, series };
  });

  protected override render(): TemplateResult {
    return html`
      <div class="stack loose">
        <div class="stack">
          <h1>Results</h1>
          <p class="lead">
            Every number here is an estimate from randomized reports, with the margin that it deserves.
          </p>
        </div>
        ${this.#listed.render('the studies', renderListed)}
      </div>
    `;
  }
}

function renderListed({ studies, series }: Listed): TemplateResult {
  if (studies.length === 0) {
    return html`
      <div class="notice">
        <p><strong>No study has been published yet.</strong></p>
        <p>Publish one with <code>npx chorale study put FILE</code>; it appears here by itself.</p>
      </div>
    `;
  }
  const waves = new Set(series.flatMap((one) => one.waves.map(({ study }) => study)));
  const single = studies.filter(({ id }) => !waves.has(id));
  return html`
    ${
      series.length === 0
        ? nothing
        : html`<section class="stack" aria-labelledby="series">
            <h2 id="series">Series</h2>
            <ul class="listing">
              ${series.map((one) => renderSeries(one, studies))}
            </ul>
          </section>`
    }
    ${
      single.length === 0
        ? nothing
        : html`<section class="stack" aria-labelledby="studies">
            <h2 id="studies">Studies</h2>
            <ul class="listing">
              ${single.map((study) => html`<li class="card">${renderStudy(study)}</li>`)}
            </ul>
          </section>`
    }
  `;
}

function renderSeries({ series, waves }: SeriesSummary, studies: readonly StudySummary[]): TemplateResult {
  const known = waves.flatMap(({ study }) => studies.find(({ id }) => id === study) ?? []);
  return html`
    <li class="card">
      <p><a href=${trendAddress(series)}>Trend of ${series}</a></p>
      <p class="soft small">The same people asked again: ${waves.length} ${waves.length === 1 ? 'wave' : 'waves'}</p>
      <ol>
        ${known.map((study) => html`<li>${renderStudy(study)}</li>`)}
      </ol>
    </li>
  `;
}

function renderStudy({ id, title, simulated, survey, training, voices }: StudySummary): TemplateResult {
  const facts = [
    survey ? `${voices.toLocaleString('en')} ${voices === 1 ? 'voice' : 'voices'} so far` : '',
    training === null ? '' : `training in ${training === 'site' ? 'sites’' : 'employees’'} tabs`,
  ];
  return html`
    <div class="row">
      <a href=${studyAddress(id)}>${title}</a>
      ${simulated ? html`<span class="badge simulated">Simulated</span>` : nothing}
    </div>
    <p class="soft small">${facts.filter((fact) => fact !== '').join('; ')}</p>
  `;
}
