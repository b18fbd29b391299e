import type { Manifest, SeriesSummary, StudySummary } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, fetchSeriesList, fetchStudies } from '../api.ts';
import { errorNotice } from '../error-notice.ts';
import { PageElement } from '../page-element.ts';

type Study = { summary: StudySummary; manifest: Manifest };
type State =
  | { state: 'loading' }
  | { state: 'failed'; error: unknown }
  | { state: 'shown'; studies: Study[]; series: SeriesSummary[] };

/** Names for whoever wants to try a study as somebody; the demo invites anybody. */
const employees = ['Ada', 'Bilal', 'Chloe', 'Dmitri', 'Esra', 'Femi', 'Greta', 'Hiro'];

/** The studies that this coordinator serves, each with links to take part and to its results. */
class StudiesPage extends PageElement {
  static override properties = { view: { state: true } };
  declare view: State;

  constructor() {
    super();
    this.view = { state: 'loading' };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  private async load(): Promise<void> {
    this.view = { state: 'loading' };
    try {
      const [summaries, series] = await Promise.all([fetchStudies(), fetchSeriesList()]);
      const studies = await Promise.all(
        summaries.map(async (summary) => ({ summary, manifest: await fetchManifest(summary.id) })),
      );
      this.view = { state: 'shown', studies, series };
    } catch (error) {
      this.view = { state: 'failed', error };
    }
  }

  protected override render(): TemplateResult {
    return html`
      <section class="stack" aria-labelledby="studies">
        <h2 id="studies">Studies here</h2>
        ${this.renderStudies()}
      </section>
    `;
  }

  private renderStudies(): TemplateResult {
    const { view } = this;
    switch (view.state) {
      case 'loading':
        return html`<p class="soft" role="status">Loading the studies…</p>`;
      case 'failed':
        return errorNotice(view.error, () => void this.load());
      case 'shown':
        return view.studies.length === 0
          ? html`<div class="notice">
              <p><strong>No study has been published yet.</strong></p>
              <p>Publish one with <code>npx chorale study put FILE</code>, then reload this page.</p>
            </div>`
          : html`<div class="stack">
              ${view.studies.filter(({ manifest }) => manifest.series === undefined).map(renderStudy)}
              ${view.series.map((series) => renderSeries(series, view.studies))}
            </div>`;
    }
  }
}

function renderStudy({ summary, manifest }: Study): TemplateResult {
  return html`
    <article class="card stack" aria-labelledby="study-${summary.id}">
      <div class="stack tight">
        <div class="row">
          <h3 id="study-${summary.id}">${summary.title}</h3>
          ${summary.simulated ? html`<span class="badge simulated">Simulated</span>` : nothing}
          ${summary.state === 'open' ? nothing : html`<span class="badge">Closed</span>`}
        </div>
        ${manifest.description === undefined ? nothing : html`<p class="soft">${manifest.description}</p>`}
      </div>
      <dl class="figures">
        ${
          manifest.survey === undefined
            ? nothing
            : html`
                <div>
                  <dt>Voices so far</dt>
                  <dd>${summary.voices.toLocaleString('en')}</dd>
                </div>
                <div>
                  <dt>Questions</dt>
                  <dd>${manifest.survey.questions.length}</dd>
                </div>
                <div>
                  <dt>Privacy loss, at most</dt>
                  <dd>ε = ${manifest.survey.epsilon}</dd>
                </div>
              `
        }
        ${
          manifest.training === undefined
            ? nothing
            : html`
                <div>
                  <dt>Who trains</dt>
                  <dd>${manifest.training.clients === 'site' ? 'Sites' : 'Employees'}</dd>
                </div>
                <div>
                  <dt>Rounds</dt>
                  <dd>${manifest.training.rounds}</dd>
                </div>
                <div>
                  <dt>A round needs</dt>
                  <dd>${tabs(manifest.training.cohort.quorum)}</dd>
                </div>
              `
        }
      </dl>
      ${manifest.survey === undefined || summary.state !== 'open' ? nothing : renderEmployees(manifest)}
      ${manifest.training?.clients === 'site' && summary.state === 'open' ? renderSites(manifest) : nothing}
      <p><a href="/results/${summary.id}">Results of ${summary.title}</a></p>
    </article>
  `;
}

/** Waves differ in little but their names, so they share a card. */
function renderSeries({ series, waves }: SeriesSummary, studies: readonly Study[]): TemplateResult {
  const employee = employees[0]!;
  const known = waves.flatMap(({ study }) => studies.find(({ manifest }) => manifest.id === study) ?? []);
  const description = known[0]?.manifest.description;
  return html`
    <article class="card stack" aria-labelledby="series-${series}">
      <div class="stack tight">
        <h3 id="series-${series}">Series: ${series}</h3>
        ${description === undefined ? nothing : html`<p class="soft">${description}</p>`}
      </div>
      <ol>
        ${known.map(
          ({ summary: { id, title, voices }, manifest }) => html`
            <li>
              ${title}: ${voices.toLocaleString('en')} voices so far.
              <a href=${link('/survey', { study: id, employee, group: manifest.groups.values[0]!.id })}
                >Answer as ${employee}<span class="visually-hidden">: ${title}</span></a
              >,
              <a href="/results/${id}">results<span class="visually-hidden"> of ${title}</span></a>
            </li>
          `,
        )}
      </ol>
      <p><a href="/results/${series}/trend">Trend of ${series} over its waves</a></p>
    </article>
  `;
}

function tabs(count: number): string {
  return count === 1 ? '1 tab' : `${count} tabs`;
}

function renderEmployees(manifest: Manifest): TemplateResult {
  return html`
    <div class="stack tight">
      <h4 class="plain-heading">Answer as an employee</h4>
      <ul class="chips">
        ${manifest.groups.values.slice(0, employees.length).map(
          ({ id, label }, i) => html`
            <li>
              <a href=${link('/survey', { study: manifest.id, employee: employees[i]!, group: id })}
                >${employees[i]} <span>${label}</span></a
              >
            </li>
          `,
        )}
      </ul>
    </div>
  `;
}

function renderSites(manifest: Manifest): TemplateResult {
  return html`
    <div class="stack tight">
      <h4 class="plain-heading">Train as a site, each in a tab of its own</h4>
      <ul class="chips">
        ${manifest.groups.values.slice(0, employees.length).map(
          ({ id, label }) => html`
            <li>
              <a href=${link('/site', { study: manifest.id, site: label, group: id })} target="_blank"
                >${label}<span class="visually-hidden"> (opens a new tab)</span></a
              >
            </li>
          `,
        )}
      </ul>
    </div>
  `;
}

function link(path: string, parameters: Record<string, string>): string {
  return `${path}?${new URLSearchParams(parameters).toString()}`;
}

customElements.define('demo-studies', StudiesPage);
