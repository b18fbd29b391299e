import type { SeriesQuestion, SeriesResults, WaveCell } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { PageElement } from '../page-element.ts';
import { namedBenchmarks, namedSources } from './benchmark-words.ts';
import { changesSentence } from './change-words.ts';
import { numberStyle, type NumberStyle } from './format.ts';
import { groupLabel } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';
import { suppressedText } from './suppressed.ts';
import { trendChart } from './trend-chart.ts';
import { trendTable } from './trend-table.ts';
import { waveNames } from './wave-names.ts';

/** One question over the waves of its series: a chart, each change in words, and the table of everything. */
export class TrendQuestion extends PageElement {
  static override properties = {
    question: { attribute: false },
    results: { attribute: false },
    group: { attribute: false },
  };
  declare question: SeriesQuestion | undefined;
  declare results: SeriesResults | undefined;
  /** `null` is all groups together. */
  declare group: string | null;
  #chart: { key: string; draw: Draw } | undefined;

  constructor() {
    super();
    this.question = undefined;
    this.results = undefined;
    this.group = null;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { question, results, group } = this;
    if (question === undefined || results === undefined) return nothing;
    const style = numberStyle(question, question.unit ?? undefined);
    const cells = wavesOf(question, group);
    const id = `trend-${question.identity}`;
    return html`
      <article class="card stack" aria-labelledby=${id}>
        <div class="stack tight">
          <h3 id=${id}>${question.text}</h3>
          <p class="soft small">
            ${groupLabel({ group }, results.groups)}${group === null ? ' together' : '; the dashed line is all together'}:
            ${style.label}. The band is the 95% interval; the axis ends where it does.
          </p>
        </div>
        ${
          cells.some(({ cell }) => cell.state === 'published')
            ? this.renderChart({ question, results, style, cells })
            : html`<p class="notice">No wave has a number to show here.</p>`
        }
        ${renderChanges(cells, { results, style })}
        <details>
          <summary>Numbers in a table<span class="visually-hidden">: ${question.text}</span></summary>
          <demo-table .content=${trendTable(question, { results, style, group })}></demo-table>
        </details>
      </article>
    `;
  }

  private renderChart({
    question,
    results: { waves },
    style,
    cells,
  }: {
    question: SeriesQuestion;
    results: SeriesResults;
    style: NumberStyle;
    cells: readonly WaveCell[];
  }): TemplateResult {
    const { group } = this;
    const key = JSON.stringify([cells, group, question.benchmarks]);
    if (this.#chart?.key !== key) {
      const reference = group === null ? [] : wavesOf(question, null);
      const benchmarks = namedBenchmarks(question);
      const { range } = question;
      this.#chart = { key, draw: trendChart(cells, { waves, style, range, reference, benchmarks }) };
    }
    return html`<demo-plot
        .draw=${this.#chart.draw}
        .label=${`${question.text} Estimates with 95% intervals by wave; the text below says what changed, the table holds the numbers.`}
      ></demo-plot>
      ${
        question.benchmarks.length === 0
          ? nothing
          : html`<p class="small soft">Dotted, for comparison: ${namedSources(question, style)}.</p>`
      }`;
  }
}

function wavesOf(question: SeriesQuestion, group: string | null): WaveCell[] {
  return question.groups.find((candidate) => candidate.group === group)?.waves ?? [];
}

/** What became of the question from wave to wave, in words. */
function renderChanges(
  cells: readonly WaveCell[],
  { results, style }: { results: SeriesResults; style: NumberStyle },
): TemplateResult | typeof nothing {
  const names = waveNames(results.waves);
  const later = cells.slice(1);
  if (later.length === 0) return nothing;
  return html`
    <ul class="changes small">
      ${later.map(({ study, cell, change }) => {
        const name = names.get(study);
        if (cell.state === 'suppressed')
          return html`<li><strong>${name}:</strong> ${suppressedText(cell.reason)}.</li>`;
        if (change === null) return html`<li><strong>${name}:</strong> nothing before it to compare with.</li>`;
        return html`<li>
          <strong>${name}, since ${names.get(change.since)?.toLowerCase()}:</strong>
          ${changesSentence(change.estimates, style)}
        </li>`;
      })}
    </ul>
  `;
}
