import type { Manifest, StudySummary, SurveyResults, TrainingRounds } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, fetchResults, fetchRounds, fetchStudies } from '../api.ts';
import { errorNotice } from '../error-notice.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { formatEpsilon } from './format.ts';
import { PlotFigure } from './plot-figure.ts';
import { QuestionView } from './question-view.ts';
import { TrainingView } from './training-view.ts';

const refreshMs = 3000;

type Shown = { manifest: Manifest; results: SurveyResults | undefined; training: TrainingRounds | undefined };
type State = { state: 'loading' } | { state: 'failed'; error: unknown } | ({ state: 'shown' } & Shown);

/** Estimates and training rounds of one study, kept fresh while the page is visible. */
class ResultsPage extends PageElement {
  static override properties = { view: { state: true }, studies: { state: true }, stale: { state: true } };
  declare view: State;
  declare studies: StudySummary[];
  /** The last refresh failed: what is shown is older than it looks. */
  declare stale: boolean;
  #study = pageParameter('study', '');
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #onVisible = () => {
    if (!document.hidden) void this.refresh();
  };

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.studies = [];
    this.stale = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#onVisible);
    void this.refresh();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#onVisible);
    clearTimeout(this.#timer);
  }

  private async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const study = this.#study;
    try {
      this.studies = await fetchStudies();
      const wanted = study === '' ? this.studies[0]?.id : study;
      if (wanted !== undefined) await this.show(wanted);
      this.stale = false;
    } catch (error) {
      if (this.view.state === 'shown') this.stale = true;
      else this.view = { state: 'failed', error };
    }
    // Another study was chosen meanwhile: its own refresh is under way.
    if (this.isConnected && !document.hidden && study === this.#study) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), refreshMs);
    }
  }

  private async show(study: string): Promise<void> {
    const known = this.view.state === 'shown' && this.view.manifest.id === study ? this.view.manifest : undefined;
    const manifest = known ?? (await fetchManifest(study));
    const [results, training] = await Promise.all([
      manifest.survey === undefined ? undefined : fetchResults(study),
      manifest.training === undefined ? undefined : fetchRounds(study),
    ]);
    if (this.#study !== '' && this.#study !== study) return;
    this.view = { state: 'shown', manifest, results, training };
    document.title = `Results: ${manifest.title} - Chorale`;
  }

  private choose(study: string): void {
    this.#study = study;
    this.view = { state: 'loading' };
    history.replaceState(null, '', `?${new URLSearchParams({ study }).toString()}`);
    void this.refresh();
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">${this.renderHeading()} ${this.renderView()}</div>`;
  }

  private renderHeading(): TemplateResult {
    const shown = this.view.state === 'shown' ? this.view.manifest : undefined;
    const chosen = shown?.id ?? this.#study;
    return html`
      <div class="stack">
        <div class="row baseline">
          <h1>Results</h1>
          ${shown?.simulated === true ? html`<span class="badge simulated">Simulated</span>` : nothing}
        </div>
        ${
          this.studies.length === 0
            ? nothing
            : html`<div class="field">
                <label for="study">Study</label>
                <select id="study" @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}>
                  ${this.studies.map(({ id, title }) => html`<option value=${id} ?selected=${id === chosen}>${title}</option>`)}
                </select>
              </div>`
        }
        ${
          this.stale
            ? html`<p class="notice warn" role="status">
                The coordinator cannot be reached; these numbers are the last that arrived.
              </p>`
            : nothing
        }
      </div>
    `;
  }

  private renderView(): TemplateResult {
    const { view } = this;
    switch (view.state) {
      case 'loading':
        return this.studies.length === 0
          ? html`<p class="soft" role="status">Loading the results…</p>`
          : html`<p class="soft" role="status">Loading…</p>`;
      case 'failed':
        return errorNotice(view.error, () => void this.refresh());
      case 'shown':
        return html`
          ${view.results === undefined ? nothing : renderSurvey(view.results, view.manifest)}
          ${
            view.training === undefined
              ? nothing
              : html`<section class="stack" aria-labelledby="training">
                  <h2 id="training">Training</h2>
                  <demo-training .training=${view.training} .manifest=${view.manifest}></demo-training>
                </section>`
          }
        `;
    }
  }
}

function renderSurvey(results: SurveyResults, manifest: Manifest): TemplateResult {
  const published = results.questions.some(({ cells }) => cells.some(({ state }) => state === 'published'));
  return html`
    <section class="stack" aria-labelledby="survey">
      <h2 id="survey">Survey</h2>
      <dl class="figures">
        <div>
          <dt>Voices so far</dt>
          <dd>${results.voices.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Privacy loss of a whole report</dt>
          <dd>ε = ${formatEpsilon(results.realizedEpsilon)}</dd>
        </div>
        <div>
          <dt>Intervals</dt>
          <dd>${Math.round(100 * results.confidence)}%</dd>
        </div>
      </dl>
      <p class="soft">
        Numbers are published in blocks of at least ${results.minimumGroupSize} respondents, never one by one, so that
        no difference between two published numbers can reveal fewer. Each browser was asked only some of the questions,
        drawn by chance, so a question has fewer respondents than the study has voices.
      </p>
      ${published ? nothing : renderEmpty(manifest)}
      <div class="questions">
        ${results.questions.map(
          (result) => html`<demo-question .result=${result} .results=${results} .manifest=${manifest}></demo-question>`,
        )}
      </div>
    </section>
  `;
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

customElements.define('demo-plot', PlotFigure);
customElements.define('demo-question', QuestionView);
customElements.define('demo-training', TrainingView);
customElements.define('demo-results', ResultsPage);
