import type { SeriesResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchSeries } from '../api.ts';
import { PageElement } from '../page-element.ts';
import { inUtc } from './format.ts';
import { groupFilter, groupOfAddress } from './group-filter.ts';
import { LiveData } from './live-data.ts';
import { studyAddress } from './results-address.ts';

/** All questions of a series over its waves. */
export class SeriesTrend extends PageElement {
  static override properties = { series: { attribute: false }, group: { state: true } };
  declare series: string;
  /** `undefined` until it was chosen on this page: the address says it then. */
  declare group: string | null | undefined;
  readonly #results = new LiveData(this, () => fetchSeries(this.series));

  protected override render(): TemplateResult {
    return html`
      <div class="stack loose">
        <div class="stack tight">
          <p class="small back"><a href="/results">All results</a></p>
          <h1>Trend: ${this.series}</h1>
        </div>
        ${this.#results.render('the series', (results, at) => this.renderResults(results, at))}
      </div>
    `;
  }

  private renderResults(results: SeriesResults, at: Date): TemplateResult {
    const group = this.group === undefined ? groupOfAddress(results.groups) : this.group;
    const confidence = Math.round(100 * results.confidence);
    return html`
      <section class="stack" aria-labelledby="waves">
        <h2 id="waves">Waves</h2>
        ${renderWaves(results, at)} <demo-exports kind="series" .of=${results.series}></demo-exports>
        <p class="soft">
          A change is called significant where chance and noise alone would make any such call in a wave in fewer than
          ${100 - confidence} of 100 cases, over all questions and groups together (Holm’s adjustment). “No significant
          change” does not mean that nothing changed: the interval, which is of the one comparison, says how much may
          have. Of so many comparisons some leave out zero by chance, and are not called a change for that.
        </p>
      </section>
      <section class="stack" aria-labelledby="questions">
        <h2 id="questions">Questions</h2>
        ${
          results.questions.length === 0
            ? html`<p class="notice">No question was asked in these waves.</p>`
            : groupFilter(results.groups, {
                group,
                all: 'All together',
                onChange: (chosen) => (this.group = chosen),
              })
        }
        <div class="questions">
          ${results.questions.map(
            (question) =>
              html`<demo-trend-question
                .question=${question}
                .results=${results}
                .group=${group}
              ></demo-trend-question>`,
          )}
        </div>
      </section>
    `;
  }
}

function renderWaves({ waves }: SeriesResults, at: Date): TemplateResult {
  return html`
    <ol class="waves">
      ${waves.map(
        ({ study, title, simulated, voices, publishedAt, manifest }, index) => html`
          <li>
            <strong>Wave ${index + 1}:</strong> <a href=${studyAddress(study)}>${title}</a>
            ${simulated ? html`<span class="badge simulated">Simulated</span>` : nothing}
            <span class="small soft">
              published <time datetime=${publishedAt}>${publishedAt.slice(0, 10)}</time>, ${voices.toLocaleString('en')}
              voices
            </span>
            <span class="small soft paper">Manifest <span class="hash">${manifest}</span></span>
          </li>
        `,
      )}
    </ol>
    <p class="small soft paper">As of ${inUtc(at)}.</p>
  `;
}
