import type { Manifest, Question, QuestionResult, ResultCell, ShownBenchmark, SurveyResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { PageElement } from '../page-element.ts';
import { sources } from './benchmark-words.ts';
import { distributionChart } from './distribution-chart.ts';
import { figure, formatEpsilon, numberStyle, type NumberStyle } from './format.ts';
import { groupChart, groupLabel } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';
import { resultsProvenance } from './provenance.ts';
import { questionTable } from './question-table.ts';
import { suppressedText } from './suppressed.ts';

type Published = ResultCell & { state: 'published' };

/** One question's results: a chart, what its noise cost, and the table of everything shown. */
export class QuestionView extends PageElement {
  static override properties = {
    result: { attribute: false },
    results: { attribute: false },
    manifest: { attribute: false },
    group: { attribute: false },
    at: { attribute: false },
  };
  declare result: QuestionResult | undefined;
  declare results: SurveyResults | undefined;
  declare manifest: Manifest | undefined;
  /** The one group that is shown beside all together; `null` shows all of them. */
  declare group: string | null;
  /** When the results were taken. */
  declare at: Date | undefined;
  #chart: { key: string; draw: Draw } | undefined;

  constructor() {
    super();
    this.result = undefined;
    this.results = undefined;
    this.manifest = undefined;
    this.group = null;
    this.at = undefined;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { results } = this;
    if (this.result === undefined || results === undefined) return nothing;
    const result = narrowed(this.result, this.group);
    const question = this.manifest?.survey?.questions.find(({ id }) => id === result.question);
    const style = numberStyle(result, question?.type === 'number' ? question.unit : undefined);
    const id = `question-${result.question}`;
    return html`
      <article class="card stack" aria-labelledby=${id}>
        <div class="stack tight">
          <h3 id=${id}>${result.text}</h3>
          <p class="soft small">${describe(result, question)}</p>
        </div>
        ${result.cells.map((cell) => this.renderHeadline(cell, style))}
        ${
          result.cells.some((cell) => cell.state === 'published')
            ? this.renderChart(result, { style, question })
            : html`<p class="notice">
                Not enough answers yet: a number appears with the first ${results.minimumGroupSize} reports of one group
                that hold this question, once its margin is narrow enough.
              </p>`
        }
        <details>
          <summary>Numbers in a table<span class="visually-hidden">: ${result.text}</span></summary>
          <demo-table .content=${questionTable(result, { results, style })}></demo-table>
        </details>
        ${this.at === undefined ? nothing : html`<div class="paper">${resultsProvenance(results, this.at)}</div>`}
      </article>
    `;
  }

  /** The whole in figures, and the one group where one was chosen. */
  private renderHeadline(cell: ResultCell, style: NumberStyle): TemplateResult | typeof nothing {
    if (cell.group !== this.group && cell.group !== null) return nothing;
    const name = cell.group === null ? 'All together' : groupLabel(cell, this.results!.groups);
    if (cell.state === 'suppressed') {
      return cell.group === null ? nothing : html`<p class="soft">${name}: ${suppressedText(cell.reason)}.</p>`;
    }
    const [first] = cell.estimates;
    const effective = Math.max(1, Math.round(cell.effectiveRespondents)).toLocaleString('en');
    return html`
      <dl class="figures">
        ${
          cell.estimates.length === 1 && first !== undefined
            ? html`<div>
                <dt>${name}</dt>
                <dd>
                  ${figure(style.format(first.value))}
                  <span class="margin">${figure(`${style.format(first.lower)} to ${style.format(first.upper)}`)}</span>
                </dd>
              </div>`
            : nothing
        }
        ${cell.group === null && cell.estimates.length === 1 ? this.result!.benchmarks.map((benchmark) => renderBenchmark(benchmark, style)) : nothing}
        <div>
          <dt>Respondents${cell.estimates.length > 1 ? `, ${name.toLowerCase()}` : ''}</dt>
          <dd>${cell.respondents.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>What the noise costs</dt>
          <dd class="plain-dd">as good as <strong>${effective}</strong> answers without noise</dd>
        </div>
      </dl>
    `;
  }

  private renderChart(
    result: QuestionResult,
    { style, question }: { style: NumberStyle; question: Question | undefined },
  ): TemplateResult {
    const { groups } = this.results!;
    const { group } = this;
    const distribution = result.report === 'distribution';
    const key = JSON.stringify([result, group]);
    if (this.#chart?.key !== key) {
      const draw = distribution
        ? distributionChart(result, groups, { style, group, options: optionLabels(result) })
        : groupChart(result, groups, { style, estimate: firstEstimate(result) });
      this.#chart = { key, draw };
    }
    const label = `${result.text} Estimates with 95% intervals ${distribution ? 'by option' : `by ${groups.label.toLowerCase()}`}; the table below holds the numbers.`;
    return html`
      <demo-plot .draw=${this.#chart.draw} .label=${label}></demo-plot>
      ${
        result.benchmarks.length === 0
          ? nothing
          : html`<p class="small soft">Dashed: ${sources(result.benchmarks)}, for comparison.</p>`
      }
      ${
        distribution && group !== null
          ? html`<p class="small soft">Open dots: all together, without their intervals.</p>`
          : nothing
      }
      ${
        distribution && question?.type === 'scale'
          ? html`<p class="small soft">
              ${question.minimum} is “${question.minimumLabel ?? 'lowest'}”, ${question.maximum} is
              “${question.maximumLabel ?? 'highest'}”.
            </p>`
          : nothing
      }
    `;
  }
}

/** Somebody else's number, beside ours. */
function renderBenchmark({ value, source, year }: ShownBenchmark, style: NumberStyle): TemplateResult {
  return html`
    <div class="benchmark">
      <dt>${source}, ${year}</dt>
      <dd>${figure(style.format(value))}</dd>
    </div>
  `;
}

function narrowed(result: QuestionResult, group: string | null): QuestionResult {
  if (group === null) return result;
  return { ...result, cells: result.cells.filter((cell) => cell.group === null || cell.group === group) };
}

function describe(result: QuestionResult, question: Question | undefined): string {
  const noise = `Each report of it is ε\u00a0=\u00a0${formatEpsilon(result.realizedEpsilon)}.`;
  switch (result.report) {
    case 'favourable':
      if (question?.type === 'yesno') return `Share who say yes. ${noise}`;
      return question?.type === 'scale'
        ? `Favourable: share answering ${question.favourableFrom} or more of ${question.maximum}. ${noise}`
        : `Favourable share. ${noise}`;
    case 'distribution':
      return `Share of each answer. ${noise}`;
    case 'enps':
      return `eNPS: share answering 9 or 10, minus share answering 0 to 6; from −100 to +100. ${noise}`;
    case 'mean':
      return `Mean answer${question?.type === 'number' && question.unit !== undefined ? ` in ${question.unit}` : ''}, between ${result.range[0].toLocaleString('en')} and ${result.range[1].toLocaleString('en')}. ${noise}`;
  }
}

function publishedCells(result: QuestionResult): Published[] {
  return result.cells.filter((cell): cell is Published => cell.state === 'published');
}

function firstEstimate(result: QuestionResult): string {
  return publishedCells(result)[0]?.estimates[0]?.id ?? '';
}

function optionLabels(result: QuestionResult): string[] {
  return publishedCells(result)[0]?.estimates.map(({ label }) => label) ?? [];
}
