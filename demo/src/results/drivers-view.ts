import type { Manifest, Question, StudyDrivers } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { request } from '../api.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { type AvailableDrivers, type DriverRow, driverRows, outcomeOf } from './driver-rows.ts';
import { driverSentence, driverWords, formatCorrelation, refusalSentences } from './driver-words.ts';
import { driversChart } from './drivers-chart.ts';
import { figure } from './format.ts';
import { LiveData } from './live-data.ts';
import type { Draw } from './plot-figure.ts';
import { resultsProvenance } from './provenance.ts';
import type { TableContent } from './sortable-table.ts';

/** Which answers move together with those to one question, the outcome. */
export class DriversView extends PageElement {
  static override properties = { manifest: { attribute: false }, outcome: { state: true } };
  declare manifest: Manifest;
  /** `null` leaves the choice to the page. */
  declare outcome: string | null;
  #chart: { key: string; draw: Draw } | undefined;
  readonly #drivers = new LiveData(this, () => fetchDrivers(this.manifest.id));

  constructor() {
    super();
    this.outcome = pageParameter('outcome', '') || null;
  }

  protected override render(): TemplateResult {
    return this.#drivers.render('the drivers', (drivers, at) => this.renderDrivers(drivers, at));
  }

  private renderDrivers(drivers: StudyDrivers, at: Date): TemplateResult {
    return html`
      <section class="stack" aria-labelledby="drivers">
        <h2 id="drivers">Drivers: what moves with what</h2>
        <p class="soft">
          Correlations between the true answers of the same people, worked out from their randomized reports: +1 where
          answers always move together, −1 where they always move apart, 0 where one tells nothing of the other. That
          two answers move together does not say that one brings about the other.
        </p>
        ${resultsProvenance(drivers, at)}
        <demo-exports kind="studies" .of=${drivers.study} view="drivers"></demo-exports>
        ${
          drivers.state === 'available'
            ? this.renderAvailable(drivers)
            : html`<div class="notice">
                <p><strong>This study cannot tell which answers move together.</strong></p>
                ${refusalSentences(drivers).map((sentence) => html`<p>${sentence}</p>`)}
              </div>`
        }
        ${renderLeftOut(drivers)}
      </section>
    `;
  }

  private renderAvailable(drivers: AvailableDrivers): TemplateResult {
    const outcome = outcomeOf(drivers, this.outcome);
    const rows = driverRows(drivers, outcome.question);
    return html`
      <dl class="figures">
        <div>
          <dt>Respondents</dt>
          <dd>${drivers.respondents.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Intervals</dt>
          <dd>${Math.round(100 * drivers.confidence)}%</dd>
        </div>
        <div>
          <dt>Privacy cost of this page</dt>
          <dd class="plain-dd">none beyond the reports, which are what they were</dd>
        </div>
      </dl>
      ${this.renderChoice(drivers, outcome.question)}
      <article class="card stack" aria-labelledby="outcome-name">
        <div class="stack tight">
          <h3 id="outcome-name">What moves with: ${outcome.text}</h3>
          <p class="soft small">${highMeans(outcome.question, this.manifest)}</p>
        </div>
        ${
          rows.some(({ pair }) => pair.state === 'published')
            ? this.renderChart(rows, outcome.text)
            : html`<p class="notice">
                Nothing can be told yet: it takes ${drivers.fewestRespondents} respondents, in whole blocks of
                ${drivers.minimumGroupSize} from one group, and intervals that are narrow enough.
              </p>`
        }
        <ul class="changes small">
          ${rows.map(({ question, pair }) => html`<li><strong>${question.text}</strong> ${driverSentence(pair)}</li>`)}
        </ul>
        <demo-table .content=${driversTable(rows, { outcome: outcome.text, manifest: this.manifest })}></demo-table>
        <p class="small soft">
          “Moves with it” and “moves the other way” are said where chance and noise alone rarely look like that: so
          rarely that they make up any of the ${drivers.pairs.length} relations between these questions in at most 5 of
          100 studies (Holm). Where intervals overlap, the order of the questions says nothing.
        </p>
      </article>
    `;
  }

  private renderChart(rows: readonly DriverRow[], outcome: string): TemplateResult {
    const key = JSON.stringify(rows);
    if (this.#chart?.key !== key) this.#chart = { key, draw: driversChart(rows) };
    return html`<demo-plot
      .draw=${this.#chart.draw}
      .label=${`Correlations with “${outcome}”, with 95% intervals, by question; the table below holds the numbers.`}
    ></demo-plot>`;
  }

  private renderChoice({ questions }: AvailableDrivers, outcome: string): TemplateResult {
    const choose = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      const address = new URL(location.href);
      address.searchParams.set('outcome', value);
      history.replaceState(null, '', address);
      this.outcome = value;
    };
    return html`
      <div class="row filter">
        <label for="outcome">Outcome</label>
        <select id="outcome" @change=${choose}>
          ${questions.map(({ question, text }) => html`<option value=${question} ?selected=${question === outcome}>${text}</option>`)}
        </select>
      </div>
    `;
  }
}

/** Here and not with the other requests, whose code every page loads. */
function fetchDrivers(study: string): Promise<StudyDrivers> {
  return request<StudyDrivers>(`/api/v1/studies/${encodeURIComponent(study)}/drivers`);
}

function driversTable(
  rows: readonly DriverRow[],
  { outcome, manifest }: { outcome: string; manifest: Manifest },
): TableContent {
  return {
    caption: `Correlations with “${outcome}”, with 95% intervals`,
    rowsLabel: 'Question',
    columns: [{ label: 'Correlation' }, { label: 'What can be said' }, { label: 'What counts as high' }],
    rows: rows.map(({ question, pair }) => ({
      header: question.text,
      cells: [
        pair.state === 'published'
          ? {
              content: figure(
                `${formatCorrelation(pair.correlation)} (${formatCorrelation(pair.lower)} to ${formatCorrelation(pair.upper)})`,
              ),
              order: pair.correlation,
              className: 'number-text',
            }
          : { content: 'no number', order: null, className: 'soft' },
        { content: driverWords(pair), order: pair.state === 'published' ? 1 - pair.adjustedPValue : null },
        { content: highMeans(question.question, manifest), order: null },
      ],
    })),
  };
}

/** Which answers to a question are the high ones. */
function highMeans(id: string, { survey }: Manifest): string {
  const question = survey?.questions.find((candidate) => candidate.id === id);
  return question === undefined ? '' : highAnswers(question);
}

function highAnswers(question: Question): string {
  if (question.type === 'yesno') return 'High is yes.';
  if (question.type !== 'scale') return '';
  switch (question.report) {
    case 'enps':
      return 'High is 9 or 10, low is 0 to 6.';
    case 'favourable':
      return `High is ${question.favourableFrom} or more of ${question.maximum}.`;
    case 'distribution':
    case 'mean':
      return `High is ${question.maximum}${question.maximumLabel === undefined ? '' : `, “${question.maximumLabel}”`}.`;
  }
}

function renderLeftOut({ leftOut }: StudyDrivers): TemplateResult | typeof nothing {
  if (leftOut.length === 0) return nothing;
  const list = (reason: (typeof leftOut)[number]['reason']) => leftOut.filter((question) => question.reason === reason);
  const [unordered, means] = [list('unordered'), list('mean')];
  return html`
    <details>
      <summary>Questions that take no part</summary>
      <ul>
        ${unordered.map(({ text }) => html`<li>${text} Its options have no order.</li>`)}
        ${means.map(({ text }) => html`<li>${text} Reports of a mean do not tell how much answers vary.</li>`)}
      </ul>
    </details>
  `;
}
