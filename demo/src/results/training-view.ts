import type { Manifest, RoundSummary, TrainingRounds } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { guaranteeText, spentFigures } from '../guarantee.ts';
import { capitalized, measureStyle, type MeasureStyle } from '../measures.ts';
import { PageElement } from '../page-element.ts';
import type { Draw } from './plot-figure.ts';
import { type Score, scoreChart, scores } from './score-chart.ts';

const shownRounds = 8;

/** A study's training: how far it is, what it cost, how good the model is, and every round. */
export class TrainingView extends PageElement {
  static override properties = { training: { attribute: false }, manifest: { attribute: false } };
  declare training: TrainingRounds | undefined;
  declare manifest: Manifest | undefined;
  #chart: { key: string; draw: Draw } | undefined;

  constructor() {
    super();
    this.training = undefined;
    this.manifest = undefined;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { training, manifest } = this;
    if (training === undefined || manifest?.training === undefined) return nothing;
    const measured = scores(training.rounds);
    const { label } = manifest.training;
    const style = measureStyle(label);
    return html`
      <article class="card stack" aria-labelledby="training-title">
        <div class="stack tight">
          <h3 id="training-title">${label.text ?? `Predicting ${label.column}`}</h3>
          <p class="soft small">
            A model trained in
            ${training.clients === 'site' ? 'sites’ tabs, each on its own rows' : 'employees’ tabs, each on its own row'};
            only ${training.noised ? 'noised ' : ''}updates reach the coordinator, and only their sum is used.
          </p>
        </div>
        ${training.noised ? nothing : html`<p class="notice warn"><strong>Without noise.</strong> Updates of this study carry no noise and so no guarantee; it exists because its employees are simulated.</p>`}
        ${renderFigures(training, measured, style)}
        ${
          training.state === 'exhausted'
            ? html`<p class="notice warn">
                <strong>Nobody is left to invite.</strong> All who took part have contributed as often as the study
                allows (${training.usedUp} for good). It goes on once new ones come.
              </p>`
            : nothing
        }
        ${training.rounds.length === 0 ? renderWaiting(manifest, training) : nothing}
        ${measured.length === 0 ? nothing : this.renderScores(measured, training.totalRounds, style)}
        ${training.rounds.length === 0 ? nothing : renderRounds(training.rounds)}
      </article>
    `;
  }

  private renderScores(measured: Score[], totalRounds: number, style: MeasureStyle): TemplateResult {
    const key = JSON.stringify(measured);
    if (this.#chart?.key !== key) this.#chart = { key, draw: scoreChart(measured, totalRounds, style) };
    return html`
      <div class="stack tight">
        <h4 class="plain-heading">How well it does, on rows that never train</h4>
        <p class="small soft">${style.meaning}</p>
        <demo-plot
          .draw=${this.#chart.draw}
          .label=${`${style.name} with its 95% interval and ${style.besideName} over committed rounds; the table below holds the numbers.`}
        ></demo-plot>
        <details>
          <summary>Scores in a table</summary>
          <div class="table" tabindex="0" role="region" aria-label="Scores">
            <table>
              <caption>
                Evaluations on held-back rows
              </caption>
              <thead>
                <tr>
                  <th scope="col">After round</th>
                  <th scope="col" class="number">${capitalized(style.name)}</th>
                  <th scope="col">95% interval</th>
                  <th scope="col" class="number">${capitalized(style.besideName)}</th>
                  <th scope="col" class="number">Rows</th>
                </tr>
              </thead>
              <tbody>
                ${measured.map(
                  (s) =>
                    html` <tr>
                      <th scope="row">${s.modelRound}</th>
                      <td class="number">${style.format(s.value)}</td>
                      <td>
                        ${s.lower === null || s.upper === null ? 'not known' : `${style.format(s.lower)} to ${style.format(s.upper)}`}
                      </td>
                      <td class="number">${style.format(s.beside)}</td>
                      <td class="number">${Math.round(s.rows).toLocaleString('en')}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </details>
      </div>
    `;
  }
}

function renderFigures(training: TrainingRounds, measured: Score[], style: MeasureStyle): TemplateResult {
  const last = measured.at(-1);
  const spent = training.rounds.findLast((round) => round.spent.length > 0)?.spent ?? [];
  return html`
    <dl class="figures">
      <div>
        <dt>Committed rounds</dt>
        <dd>${training.committedRounds} of ${training.totalRounds}</dd>
      </div>
      <div>
        <dt>${training.clients === 'site' ? 'Sites' : 'Employees'} waiting now</dt>
        <dd>${training.waiting}</dd>
      </div>
      ${
        last?.value == null
          ? nothing
          : html`<div>
              <dt>${capitalized(style.name)}</dt>
              <dd>
                ${style.format(last.value)}
                ${last.lower === null || last.upper === null ? nothing : html`<span class="margin">${style.format(last.lower)} to ${style.format(last.upper)}</span>`}
              </dd>
            </div>`
      }
      ${spentFigures(spent)}
    </dl>
    <progress max=${training.totalRounds} value=${training.committedRounds} aria-label="Committed rounds"></progress>
    ${spent.length === 0 ? nothing : html`<p class="small soft">${guaranteeText(spent)}</p>`}
  `;
}

function renderWaiting(manifest: Manifest, training: TrainingRounds): TemplateResult {
  const quorum = manifest.training!.cohort.quorum;
  const path = training.clients === 'site' ? '/site' : '/survey';
  return html`
    <div class="notice">
      <p>
        <strong>No round has started.</strong> A round needs at least ${quorum}
        ${training.clients === 'site' ? 'sites' : 'employees'} waiting in tabs of their own.
      </p>
      <p>
        Open them from <a href="/">the overview</a>, or one here: <a href="${path}?study=${manifest.id}">${path}</a>.
      </p>
    </div>
  `;
}

function renderRounds(rounds: readonly RoundSummary[]): TemplateResult {
  const newestFirst = rounds.toReversed();
  return html`
    <div class="stack tight">
      <h4 class="plain-heading">Rounds</h4>
      ${roundsTable(newestFirst.slice(0, shownRounds), 'Latest rounds, newest first')}
      ${
        rounds.length <= shownRounds
          ? nothing
          : html`<details>
              <summary>All ${rounds.length} rounds</summary>
              ${roundsTable(newestFirst, 'All rounds, newest first')}
            </details>`
      }
    </div>
  `;
}

function roundsTable(rounds: readonly RoundSummary[], caption: string): TemplateResult {
  return html`
    <div class="table" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption>
          ${caption}
        </caption>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col">For</th>
            <th scope="col">State</th>
            <th scope="col" class="number">Cohort</th>
            <th scope="col" class="number">Accepted</th>
            <th scope="col" class="number">Dropouts</th>
            <th scope="col">Spent so far</th>
          </tr>
        </thead>
        <tbody>
          ${rounds.map(
            (round) =>
              html` <tr>
                <th scope="row">${round.round}</th>
                <td>${round.kind === 'train' ? 'training' : 'evaluation'}</td>
                <td>
                  <span class="state ${round.state}">${round.state}</span
                  >${round.reason === null ? nothing : html` <span class="small soft">${round.reason}</span>`}
                </td>
                <td class="number">${round.cohort}</td>
                <td class="number">${round.accepted}</td>
                <td class="number">${round.dropouts}</td>
                <td>
                  ${round.spent.length === 0 ? html`<span class="soft">no noise</span>` : round.spent.map((g) => `${g.privacyUnit} ε ${g.epsilon.toFixed(2)}`).join(', ')}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  `;
}
