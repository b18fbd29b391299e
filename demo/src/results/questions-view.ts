import type { Manifest, SurveyResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchResults } from '../api.ts';
import { sessionToken } from '../oversight/session.ts';
import { PageElement } from '../page-element.ts';
import { importedBenchmarks } from './benchmark-words.ts';
import { formatEpsilon } from './format.ts';
import { groupFilter, groupOfAddress } from './group-filter.ts';
import { LiveData } from './live-data.ts';
import { resultsProvenance } from './provenance.ts';
import { epsilonSentence, readingNotes } from './reading-notes.ts';

/** All questions of a study with their estimates, one below the other. */
export class QuestionsView extends PageElement {
  static override properties = { manifest: { attribute: false }, group: { state: true } };
  declare manifest: Manifest;
  /** `undefined` until it was chosen on this page: the address says it then. */
  declare group: string | null | undefined;
  readonly #results = new LiveData(this, () => fetchResults(this.manifest.id));

  protected override render(): TemplateResult {
    return this.#results.render('the results', (results, at) => this.renderResults(results, at));
  }

  private renderResults(results: SurveyResults, at: Date): TemplateResult {
    const { manifest } = this;
    const group = this.group === undefined ? groupOfAddress(results.groups) : this.group;
    const published = results.questions.some(({ cells }) => cells.some(({ state }) => state === 'published'));
    const { minimumGroupSize, realizedEpsilon: epsilon } = results;
    return html`
      <section class="stack" aria-labelledby="survey">
        <h2 id="survey">Questions</h2>
        <dl class="figures">
          <div>
            <dt>Voices so far</dt>
            <dd>${results.voices.toLocaleString('en')}</dd>
          </div>
          <div>
            <dt>Privacy loss of a whole report</dt>
            <dd>ε = ${formatEpsilon(epsilon)}</dd>
          </div>
          <div>
            <dt>Intervals</dt>
            <dd>${Math.round(100 * results.confidence)}%</dd>
          </div>
        </dl>
        <p class="soft">${epsilonSentence(epsilon)}</p>
        ${resultsProvenance(results, at)} <demo-exports kind="studies" .of=${results.study}></demo-exports>
        ${sessionToken() === null ? nothing : html`<demo-benchmarks .study=${results.study} .imported=${importedBenchmarks(results, manifest)}></demo-benchmarks>`}
        ${readingNotes({ minimumGroupSize, maximumMargin: manifest.publishing.maximumMargin })}
        ${published ? groupFilter(results.groups, { group, all: 'All, one beside the other', onChange: (chosen) => (this.group = chosen) }) : renderEmpty(manifest)}
        <div class="questions">
          ${results.questions.map(
            (result) =>
              html`<demo-question
                .result=${result}
                .results=${results}
                .manifest=${manifest}
                .group=${group}
                .at=${at}
              ></demo-question>`,
          )}
        </div>
      </section>
    `;
  }
}

function renderEmpty(manifest: Manifest): TemplateResult {
  return html`
    <div class="notice">
      <p><strong>No number can be shown yet.</strong> Noise hides single voices, so many are needed.</p>
      <ul>
        <li>Answer in a few tabs, from <a href="/">the overview</a>.</li>
        ${manifest.simulated ? html`<li>Let simulated employees answer: <code>npm run crowd -- --study ${manifest.id}</code></li>` : nothing}
      </ul>
    </div>
  `;
}
