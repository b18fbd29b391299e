import type { Manifest, Participation, SurveyResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchResults } from '../api.ts';
import { PageElement } from '../page-element.ts';
import { figure } from './format.ts';
import { groupLabel } from './group-chart.ts';
import { LiveData } from './live-data.ts';
import { participationChart } from './participation-chart.ts';
import type { Draw } from './plot-figure.ts';
import { resultsProvenance } from './provenance.ts';
import type { Row, TableContent } from './sortable-table.ts';

/** How many took part, by group: what the coordinator sees whatever it does, and so may show. */
export class ParticipationView extends PageElement {
  static override properties = { manifest: { attribute: false } };
  declare manifest: Manifest;
  #chart: { key: string; draw: Draw } | undefined;
  readonly #results = new LiveData(this, () => fetchResults(this.manifest.id));

  protected override render(): TemplateResult {
    return this.#results.render('participation', (results, at) => this.renderResults(results, at));
  }

  private renderResults(results: SurveyResults, at: Date): TemplateResult {
    const { participation, groups, minimumGroupSize } = results;
    const all = participation.find(({ group }) => group === null);
    return html`
      <section class="stack" aria-labelledby="participation">
        <h2 id="participation">Participation</h2>
        <dl class="figures">
          <div>
            <dt>Voices so far</dt>
            <dd>${results.voices.toLocaleString('en')}</dd>
          </div>
          ${
            all?.headcount == null
              ? nothing
              : html`<div>
                  <dt>Invited</dt>
                  <dd>${all.headcount.toLocaleString('en')}</dd>
                </div>`
          }
          ${
            all?.rate == null
              ? nothing
              : html`<div>
                  <dt>Took part</dt>
                  <dd>${figure(rateText(all.rate))}</dd>
                </div>`
          }
        </dl>
        <p class="soft">
          That somebody took part is no secret, and carries no noise. By ${groups.label.toLowerCase()} people are
          counted in whole blocks of ${minimumGroupSize}, so a rate has two bounds: without those of the block that is
          still open, and with as many as it could hold.
        </p>
        ${resultsProvenance(results, at)} <demo-exports kind="studies" .of=${results.study}></demo-exports>
        ${this.renderChart(participation, groups)}
        <demo-table .content=${participationTable(results)}></demo-table>
      </section>
    `;
  }

  private renderChart(
    participation: readonly Participation[],
    groups: SurveyResults['groups'],
  ): TemplateResult | typeof nothing {
    if (participation.every(({ rate }) => rate === null)) {
      return html`<div class="notice">
        <p>
          The study does not say how many people it invited, so there are counts and no rates (<code>headcount</code> of
          a group in the manifest).
        </p>
      </div>`;
    }
    const key = JSON.stringify(participation);
    if (this.#chart?.key !== key) this.#chart = { key, draw: participationChart(participation, groups) };
    return html`
      <div class="card">
        <demo-plot
          .draw=${this.#chart.draw}
          .label=${`Share that took part by ${groups.label.toLowerCase()}, from its lower to its upper bound; the table below holds the numbers.`}
        ></demo-plot>
      </div>
    `;
  }
}

function participationTable({ participation, groups, title, minimumGroupSize }: SurveyResults): TableContent {
  return {
    caption: `${title}: who took part, by ${groups.label.toLowerCase()}`,
    rowsLabel: groups.label,
    columns: [
      { label: 'Took part, at least', number: true },
      { label: 'Invited', number: true },
      { label: 'Share', number: true },
    ],
    rows: participation.map(({ group, participants, headcount, rate }): Row => {
      const few = participants < minimumGroupSize;
      return {
        header: groupLabel({ group }, groups),
        pinned: group === null,
        cells: [
          { content: few ? `fewer than ${minimumGroupSize}` : participants.toLocaleString('en'), order: participants },
          { content: headcount === null ? 'not said' : headcount.toLocaleString('en'), order: headcount },
          { content: rate === null ? 'not known' : figure(rateText(rate)), order: rate?.lower ?? null },
        ],
      };
    }),
  };
}

function rateText({ lower, upper }: { lower: number; upper: number }): string {
  const [from, to] = [lower, upper].map((share) => `${(100 * share).toFixed(0)}%`);
  return from === to ? from! : `${from} to ${to}`;
}
