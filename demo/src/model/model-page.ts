import type { Manifest, ModelCard, StudySummary } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, fetchModelCard, fetchStudies } from '../api.ts';
import { errorNotice } from '../error-notice.ts';
import { guaranteeText, spentFigures } from '../guarantee.ts';
import { capitalized, type MeasureStyle, measured, measureStyle } from '../measures.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { ScoreForm } from './score-form.ts';

type View =
  | { state: 'loading' }
  | { state: 'failed'; error: unknown }
  | { state: 'shown'; manifest: Manifest; card: ModelCard | null };

/** A study's model with all that is to be known of it, and a form that asks it. */
class ModelPage extends PageElement {
  static override properties = { view: { state: true }, studies: { state: true } };
  declare view: View;
  /** Those that train. */
  declare studies: StudySummary[];
  #study = pageParameter('study', '');

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.studies = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  private async load(): Promise<void> {
    const study = this.#study;
    this.view = { state: 'loading' };
    try {
      this.studies = (await fetchStudies()).filter(({ training }) => training !== null);
      const wanted = study === '' ? this.studies[0]?.id : study;
      if (wanted === undefined) return;
      const [manifest, card] = await Promise.all([fetchManifest(wanted), fetchModelCard(wanted)]);
      // Another study was chosen meanwhile.
      if (study !== this.#study) return;
      this.view = { state: 'shown', manifest, card };
      document.title = `Model: ${manifest.title} - Chorale`;
    } catch (error) {
      this.view = { state: 'failed', error };
    }
  }

  private choose(study: string): void {
    this.#study = study;
    history.replaceState(null, '', `?${new URLSearchParams({ study }).toString()}`);
    void this.load();
  }

  protected override render(): TemplateResult {
    const { view } = this;
    const chosen = view.state === 'shown' ? view.manifest.id : this.#study;
    return html`
      <div class="stack loose">
        <div class="stack">
          <div class="row baseline">
            <h1>Model</h1>
            ${view.state === 'shown' && view.manifest.simulated ? html`<span class="badge simulated">Simulated</span>` : nothing}
          </div>
          ${
            this.studies.length === 0
              ? nothing
              : html`<div class="field">
                  <label for="study">Study</label>
                  <select
                    id="study"
                    @change=${(event: Event) => this.choose((event.target as HTMLSelectElement).value)}
                  >
                    ${this.studies.map(({ id, title }) => html`<option value=${id} ?selected=${id === chosen}>${title}</option>`)}
                  </select>
                </div>`
          }
        </div>
        ${this.renderView()}
      </div>
    `;
  }

  private renderView(): TemplateResult {
    const { view } = this;
    switch (view.state) {
      case 'loading':
        return html`<p class="soft" role="status">Loading the model card…</p>`;
      case 'failed':
        return errorNotice(view.error, () => void this.load());
      case 'shown':
        return view.card === null ? renderNone(view.manifest) : renderCard(view.card, view.manifest);
    }
  }
}

function renderNone({ id, training }: Manifest): TemplateResult {
  const path = training?.clients === 'site' ? '/site' : '/survey';
  return html`
    <div class="notice">
      <p><strong>There is no model yet.</strong> It is there once the first round of training is committed.</p>
      <p>
        Take part at <a href="${path}?study=${id}">${path}</a>, or watch the rounds in the
        <a href="/results/${id}/training">results</a>.
      </p>
    </div>
  `;
}

function renderCard(card: ModelCard, manifest: Manifest): TemplateResult {
  return html`
    <section class="stack" aria-labelledby="limits">
      <h2 id="limits">What it must not be used for</h2>
      <div class="notice warn">
        <ul>
          ${card.limits.map((limit) => html`<li>${limit}</li>`)}
        </ul>
      </div>
    </section>
    <section class="stack" aria-labelledby="facts">
      <h2 id="facts">Model card</h2>
      <article class="card stack">
        <p>${purpose(card)}, from ${card.columns.length} columns.</p>
        ${renderFigures(card)} ${renderTraining(card)} ${renderColumns(card)} ${renderFiles(card)}
      </article>
    </section>
    <section class="stack" aria-labelledby="score">
      <h2 id="score">Score a row in this browser</h2>
      <demo-score-form .task=${manifest.training} .card=${card}></demo-score-form>
    </section>
  `;
}

function renderFigures({ modelRound, accuracy, predicts, privacy }: ModelCard): TemplateResult {
  const style = measureStyle(predicts);
  return html`
    <dl class="figures">
      <div>
        <dt>Committed rounds</dt>
        <dd>${modelRound}</dd>
      </div>
      ${accuracy === null ? nothing : renderMeasured(accuracy, style)} ${spentFigures(privacy)}
    </dl>
    ${privacy.length === 0 ? nothing : html`<p class="small soft">${guaranteeText(privacy)}</p>`}
  `;
}

function renderMeasured(accuracy: NonNullable<ModelCard['accuracy']>, style: MeasureStyle): TemplateResult {
  const { value, lower, upper, beside, rows } = measured(accuracy);
  return html`
    <div>
      <dt>${capitalized(style.name)} after round ${accuracy.modelRound}</dt>
      <dd>
        ${style.format(value)}
        ${lower === null || upper === null ? nothing : html`<span class="margin">${style.format(lower)} to ${style.format(upper)}</span>`}
      </dd>
    </div>
    <div>
      <dt>${capitalized(style.besideName)} on ${Math.round(rows).toLocaleString('en')} held-back rows</dt>
      <dd>${style.format(beside)}</dd>
    </div>
  `;
}

function purpose({ predicts }: ModelCard): string {
  const { column } = predicts;
  switch (predicts.type) {
    case undefined:
    case 'binary':
      return `Scores how likely a row has ${column} = ${predicts.positive} rather than ${predicts.negative}`;
    case 'category':
      return `Scores how likely each ${column} of a row is: ${predicts.categories.join(', ')}`;
    case 'number':
      return `Guesses the ${column} of a row`;
  }
}

function renderTraining({ network, predicts, training }: ModelCard): TemplateResult {
  const { clients, contributions, abandonedRounds } = training;
  const hidden = network.layerSizes.slice(1, -1);
  const kind =
    hidden.length === 0
      ? regressions[predicts.type ?? 'binary']
      : `A network with hidden layers of ${hidden.join(', ')}`;
  const { fewest, most } = contributions;
  const updates = fewest === most ? counted(most, 'update') : `${fewest} to ${most} updates`;
  return html`
    <p>
      ${kind}, ${network.parameters.toLocaleString('en')} parameters. Trained in the tabs of ${clients}s:
      ${
        'oneShot' in training.algorithm
          ? html`the sum of ${updates} of ${training.bitsPerParameter} bits a number, each what the client’s own rows
            add up to, sent once; the server made the model of it`
          : html`each round is the ${training.aggregation} of ${updates} of ${training.bitsPerParameter} bits a
            parameter, made in ${counted(training.localEpochs, 'pass', 'passes')} over the client’s own rows`
      }${abandonedRounds === 0 ? '' : `; abandoned rounds, which left no trace: ${abandonedRounds}`}.
      ${algorithmText(training)}
    </p>
  `;
}

function algorithmText({ algorithm, weights }: ModelCard['training']): string {
  if ('oneShot' in algorithm) return `Algorithm: ${algorithm.oneShot}.`;
  const rules = `Algorithm: ${algorithm.client} at the clients, ${algorithm.server} at the server.`;
  return `${rules} ${weights === null ? 'All clients weigh the same.' : `Public weights: ${weightsText(weights)}.`}`;
}

function renderColumns({ columns }: ModelCard): TemplateResult {
  return html`
    <details>
      <summary>${columns.length} columns, and what becomes of their cells</summary>
      <div class="table" tabindex="0" role="region" aria-label="Columns">
        <table>
          <caption>
            Columns in the order of the model’s inputs; constants of the study alone, nothing was learned from rows
          </caption>
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Becomes</th>
              <th scope="col">Inputs</th>
            </tr>
          </thead>
          <tbody>
            ${columns.map(
              ({ column, encoding, inputs }) =>
                html` <tr>
                  <th scope="row">${column}</th>
                  <td class="small">${encoding}</td>
                  <td class="small">${inputs.join(', ')}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  `;
}

function renderFiles({ study, manifest }: ModelCard): TemplateResult {
  const model = `/api/v1/studies/${encodeURIComponent(study)}/model`;
  return html`
    <p class="small soft">
      For other programs: <a href=${model}>model.json</a> for TensorFlow.js, its
      <a href="${model}/weights.bin" download="${study}-weights.bin">weights</a>, this
      <a href="${model}/card" download="${study}-model-card.json">card</a>. The study is
      <code class="hash">${manifest}</code>.
    </p>
  `;
}

const regressions = { binary: 'Logistic regression', category: 'Softmax regression', number: 'Linear regression' };

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function weightsText(weights: Record<string, number>): string {
  return Object.entries(weights)
    .map(([group, weight]) => `${group} ${weight.toLocaleString('en')}`)
    .join(', ');
}

customElements.define('demo-score-form', ScoreForm);
customElements.define('demo-model', ModelPage);
