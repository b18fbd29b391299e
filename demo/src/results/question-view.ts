import type { Manifest, Question, QuestionResult, ResultCell, SurveyResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { distributionChart } from './distribution-chart.ts';
import { formatEpsilon, numberStyle, type NumberStyle, withInterval } from './format.ts';
import { groupChart, groupLabel, suppressedText } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';
import { PageElement } from '../page-element.ts';

type Published = ResultCell & { state: 'published' };

/** One question's results: a chart, what its noise cost, and the table of everything shown. */
export class QuestionView extends PageElement {
  static override properties = {
    result: { attribute: false },
    results: { attribute: false },
    manifest: { attribute: false },
    group: { state: true },
  };
  declare result: QuestionResult | undefined;
  declare results: SurveyResults | undefined;
  declare manifest: Manifest | undefined;
  /** Group whose distribution is shown; the empty string is all. */
  declare group: string;
  #chart: { key: string; draw: Draw } | undefined;

  constructor() {
    super();
    this.result = undefined;
    this.results = undefined;
    this.manifest = undefined;
    this.group = '';
  }

  protected override render(): TemplateResult | typeof nothing {
    const { result, results } = this;
    if (result === undefined || results === undefined) return nothing;
    const question = this.manifest?.survey?.questions.find(({ id }) => id === result.question);
    const style = numberStyle(result, question?.type === 'number' ? question.unit : undefined);
    const all = result.cells.find((cell) => cell.group === null);
    const id = `question-${result.question}`;
    return html`
      <article class="card stack" aria-labelledby=${id}>
        <div class="stack tight">
          <h3 id=${id}>${result.text}</h3>
          <p class="soft small">${describe(result, question)}</p>
        </div>
        ${all?.state === 'published' ? this.renderHeadline(all, style) : nothing}
        ${
          result.cells.some((cell) => cell.state === 'published')
            ? this.renderChart(style, question)
            : html`<p class="notice">
                Not enough answers yet: a number appears with the first ${results.minimumGroupSize} reports of one group
                that hold this question, once its margin is narrow enough.
              </p>`
        }
        <details>
          <summary>Numbers in a table<span class="visually-hidden">: ${result.text}</span></summary>
          ${renderTable(result, results, style)}
        </details>
      </article>
    `;
  }

  private renderHeadline(all: Published, style: NumberStyle): TemplateResult {
    const [first] = all.estimates;
    const respondents = all.respondents.toLocaleString('en');
    const effective = Math.max(1, Math.round(all.effectiveRespondents)).toLocaleString('en');
    return html`
      <dl class="figures">
        ${
          all.estimates.length === 1 && first !== undefined
            ? html`<div>
                <dt>All together</dt>
                <dd>
                  ${style.format(first.value)}
                  <span class="margin">${style.format(first.lower)} to ${style.format(first.upper)}</span>
                </dd>
              </div>`
            : nothing
        }
        <div>
          <dt>Respondents</dt>
          <dd>${respondents}</dd>
        </div>
        <div>
          <dt>What the noise costs</dt>
          <dd class="plain-dd">as good as <strong>${effective}</strong> answers without noise</dd>
        </div>
      </dl>
    `;
  }

  private renderChart(style: NumberStyle, question: Question | undefined): TemplateResult {
    const result = this.result!;
    const { groups } = this.results!;
    const distribution = result.report === 'distribution';
    const group = this.group === '' ? null : this.group;
    const key = JSON.stringify([result, group]);
    if (this.#chart?.key !== key) {
      const draw = distribution
        ? distributionChart(result, groups, { style, group, options: optionLabels(result) })
        : groupChart(result, groups, { style, estimate: firstEstimate(result) });
      this.#chart = { key, draw };
    }
    const label = `${result.text} Estimates with 95% intervals ${distribution ? 'by option' : `by ${groups.label.toLowerCase()}`}; the table below holds the numbers.`;
    return html`
      ${distribution ? this.renderGroupChoice(question) : nothing}
      <demo-plot .draw=${this.#chart.draw} .label=${label}></demo-plot>
    `;
  }

  private renderGroupChoice(question: Question | undefined): TemplateResult {
    const result = this.result!;
    const { groups } = this.results!;
    const id = `group-of-${result.question}`;
    const cell = result.cells.find((c) => c.group === (this.group === '' ? null : this.group));
    return html`
      <div class="row">
        <label for=${id}>${groups.label}</label>
        <select id=${id} @change=${(event: Event) => (this.group = (event.target as HTMLSelectElement).value)}>
          ${result.cells.map((c) => html`<option value=${c.group ?? ''} ?selected=${(c.group ?? '') === this.group}>${groupLabel(c, groups)}${c.state === 'suppressed' ? ` (${suppressedText(c)})` : ''}</option>`)}
        </select>
        ${this.group === '' || cell?.state !== 'published' ? nothing : html`<span class="small soft">${cell.respondents.toLocaleString('en')} respondents; open dots: all together</span>`}
      </div>
      ${cell?.state === 'suppressed' ? html`<p class="soft">${groupLabel(cell, groups)}: ${suppressedText(cell)}.</p>` : nothing}
      ${question?.type === 'scale' ? html`<p class="small soft">${question.minimum} is “${question.minimumLabel ?? 'lowest'}”, ${question.maximum} is “${question.maximumLabel ?? 'highest'}”.</p>` : nothing}
    `;
  }
}

function describe(result: QuestionResult, question: Question | undefined): string {
  const noise = `Each report of it is ε = ${formatEpsilon(result.realizedEpsilon)}.`;
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

function renderTable(result: QuestionResult, results: SurveyResults, style: NumberStyle): TemplateResult {
  const [example] = publishedCells(result);
  const columns = example?.estimates ?? [{ id: '', label: 'Estimate' }];
  return html`
    <div class="table" tabindex="0" role="region" aria-label="Numbers: ${result.text}">
      <table>
        <caption>
          ${result.text} Estimates with their 95% intervals.
        </caption>
        <thead>
          <tr>
            <th scope="col">${results.groups.label}</th>
            ${columns.map(({ label }) => html`<th scope="col">${label}</th>`)}
            <th scope="col" class="number">Respondents</th>
            <th scope="col" class="number">As good as, without noise</th>
          </tr>
        </thead>
        <tbody>
          ${result.cells.map(
            (cell) =>
              html` <tr>
                <th scope="row">${groupLabel(cell, results.groups)}</th>
                ${
                  cell.state === 'suppressed'
                    ? html`<td class="soft" colspan=${columns.length + 2}>${suppressedText(cell)}</td>`
                    : html`
                        ${cell.estimates.map((estimate) => html`<td class="number-text">${withInterval(estimate, style)}</td>`)}
                        <td class="number">${cell.respondents.toLocaleString('en')}</td>
                        <td class="number">${Math.round(cell.effectiveRespondents).toLocaleString('en')}</td>
                      `
                }
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
