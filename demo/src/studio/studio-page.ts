import { type Actor, ChoraleError, type Draft, manifestIssues, parseManifest, type Question } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest } from '../api.ts';
import { decide, fetchDrafts, fetchMe, propose } from '../oversight/oversight-api.ts';
import { sessionToken, takeSignIn } from '../oversight/session.ts';
import { signedInAs, signInNotice } from '../oversight/sign-in-notice.ts';
import { PageElement } from '../page-element.ts';
import { draftList } from './draft-list.ts';
import { fieldId, type Issues } from './fields.ts';
import { forecastView } from './forecast-view.ts';
import { groupsEditor } from './groups-editor.ts';
import { questionCard } from './question-card.ts';
import { type Notice, studioNotice } from './studio-notice.ts';
import { studyFields } from './study-fields.ts';
import { emptyQuestion, emptyStudy, fromManifest, type StudyForm, toManifest } from './study-form.ts';
import { forecastSurvey, isHopeless, type QuestionForecast } from './survey-forecast.ts';
import './survey-preview.ts';

/** How long nothing was typed before a forecast is made. */
const pauseMs = 150;

/** Where a study is designed and proposed: what it asks, whom, and what that will be worth. */
class StudioPage extends PageElement {
  static override properties = {
    me: { state: true },
    form: { state: true },
    issues: { state: true },
    drafts: { state: true },
    planned: { state: true },
    notice: { state: true },
    loading: { state: true },
  };
  declare me: Actor | null;
  declare form: StudyForm;
  /** What was wrong when it was to be submitted last, and still is. */
  declare issues: Issues;
  declare drafts: Draft[];
  /** The forecast of what was typed; `null` while a number is none. */
  declare planned: QuestionForecast[] | null;
  declare notice: Notice;
  declare loading: boolean;
  #showsIssues = false;
  #planning: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.me = null;
    this.form = emptyStudy();
    this.issues = [];
    this.drafts = [];
    this.planned = this.forecast();
    this.notice = { type: 'none' };
    this.loading = true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    takeSignIn();
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      if (sessionToken() === null) return;
      this.me = await fetchMe();
      this.drafts = await fetchDrafts();
    } catch (error) {
      this.notice = { type: 'failed', error };
    } finally {
      this.loading = false;
    }
  }

  private change(form: StudyForm): void {
    this.form = form;
    if (this.#showsIssues) this.issues = manifestIssues(toManifest(form));
    // Not while somebody types: it takes longer than a key does.
    clearTimeout(this.#planning);
    this.#planning = setTimeout(() => (this.planned = this.forecast()), pauseMs);
  }

  private changeQuestions(change: (questions: Question[]) => Question[]): void {
    this.change({ ...this.form, questions: change([...this.form.questions]) });
  }

  private async move(from: number, by: -1 | 1): Promise<void> {
    this.changeQuestions((questions) => {
      const [moved] = questions.splice(from, 1);
      return questions.toSpliced(from + by, 0, moved!);
    });
    // Focus goes with the question; at an end its button is off, and the words take it.
    await this.focusOn(`#${fieldId(`survey.questions.${from + by}.text`)}`);
  }

  /** Proposes the study, unless it breaks a rule or would tell nothing: then it asks first. */
  private async submit(sure: boolean): Promise<void> {
    this.#showsIssues = true;
    this.issues = manifestIssues(toManifest(this.form));
    if (this.issues.length > 0) {
      this.notice = { type: 'none' };
      return this.focusOn('#errors');
    }
    const manifest = parseManifest(toManifest(this.form));
    if (!sure && (this.forecast() ?? []).some(isHopeless)) {
      this.notice = { type: 'doubt' };
      return this.focusOn('#doubt');
    }
    await this.attempt(async () => {
      await propose(manifest);
      this.notice = { type: 'submitted', title: manifest.title };
      this.drafts = await fetchDrafts();
      await this.focusOn('#submitted');
    });
  }

  private async decideOn(decision: 'publish' | 'discard', { manifest, hash }: Draft): Promise<void> {
    await this.attempt(async () => {
      const { id } = manifest;
      await decide(decision, { id, hash });
      this.drafts = await fetchDrafts();
      if (decision === 'discard') return;
      this.notice = { type: 'published', id, hash, attribute: manifest.groups.attribute };
      await this.focusOn('#published');
    });
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      this.notice = { type: 'none' };
      await work();
    } catch (error) {
      this.notice = { type: 'failed', error };
      await this.focusOn('#failed');
    }
  }

  private async import(file: File): Promise<void> {
    const { name } = file;
    try {
      this.change(fromManifest(parseManifest(JSON.parse(await file.text())), this.form));
      this.notice = { type: 'imported', name };
    } catch (error) {
      const message = error instanceof ChoraleError ? error.message : 'it is not JSON';
      this.notice = { type: 'unread', name, message };
    }
    await this.focusOn('#read');
  }

  /** The next wave starts where the one before was. */
  private async startFrom(study: string): Promise<void> {
    await this.attempt(async () =>
      this.change({ ...fromManifest(await fetchManifest(study), this.form), id: '', title: '' }),
    );
  }

  private forecast(): QuestionForecast[] | null {
    const { form } = this;
    const groups = form.groups.rows.map(({ id, label, headcount }) => {
      return { id, label, respondents: Math.floor(headcount * form.responseRate) };
    });
    try {
      return forecastSurvey(form, groups);
    } catch (error) {
      // A number is being typed: what it will be, the fields say.
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  protected override render(): TemplateResult {
    return html`
      <div class="stack loose">
        <div class="stack tight">
          <h1>Study designer</h1>
          <p class="lead">
            Say what is asked and of how many; the forecast says what the answers will be worth. A privacy officer
            approves exactly what you submit.
          </p>
          ${this.loading ? html`<p class="soft" role="status">Opening…</p>` : this.me === null ? signInNotice('/studio') : signedInAs(this.me)}
        </div>
        ${studioNotice(this.notice, {
          onSure: () => void this.submit(true),
          onBack: () => (this.notice = { type: 'none' }),
        })}
        ${
          this.me?.type === 'person'
            ? draftList({
                drafts: this.drafts,
                name: this.me.name,
                onOpen: ({ manifest }) => this.change(fromManifest(manifest, this.form)),
                onPublish: (draft) => void this.decideOn('publish', draft),
                onDiscard: (draft) => void this.decideOn('discard', draft),
              })
            : nothing
        }
        ${this.renderErrors()}
        ${studyFields({
          form: this.form,
          issues: this.issues,
          onChange: (form) => this.change(form),
          onFile: (file) => void this.import(file),
          onWave: (study) => void this.startFrom(study),
        })}
        ${groupsEditor({ form: this.form, issues: this.issues, onChange: (form) => this.change(form) })}
        ${this.renderQuestions()} ${this.renderForecast()} ${this.renderPreview()}
        <div class="row actions">
          <button type="button" class="primary" ?disabled=${this.me === null} @click=${() => void this.submit(false)}>
            Submit for approval
          </button>
          ${this.me === null ? html`<span class="soft small">Sign in to submit.</span>` : nothing}
        </div>
      </div>
    `;
  }

  private renderErrors(): TemplateResult | typeof nothing {
    if (this.issues.length === 0) return nothing;
    return html`
      <div class="error-summary stack tight" id="errors" tabindex="-1" role="alert" aria-labelledby="errors-title">
        <h2 id="errors-title">There is a problem</h2>
        <ul>
          ${this.issues.map(({ path, message }) => {
            const words = path === null ? message : `${path}: ${message}`;
            return html`<li>${path === null ? words : html`<a href="#${fieldId(path)}">${words}</a>`}</li>`;
          })}
        </ul>
      </div>
    `;
  }

  private renderQuestions(): TemplateResult {
    const { questions } = this.form;
    return html`
      <section class="stack" aria-labelledby="questions-title">
        <h2 id="questions-title">Questions</h2>
        ${questions.map((question, position) =>
          questionCard({
            question,
            position,
            total: questions.length,
            issues: this.issues,
            onChange: (changed) => this.changeQuestions((all) => all.with(position, changed)),
            onMove: (by) => void this.move(position, by),
            onRemove: () => this.changeQuestions((all) => all.toSpliced(position, 1)),
          }),
        )}
        <div>
          <button type="button" @click=${() => this.changeQuestions((all) => [...all, emptyQuestion(all)])}>
            Add a question
          </button>
        </div>
      </section>
    `;
  }

  private renderForecast(): TemplateResult {
    const forecast = this.planned;
    return html`
      <section class="card stack" aria-labelledby="forecast-title">
        <h2 id="forecast-title">Forecast</h2>
        ${forecast === null ? html`<p class="soft">It is back when all numbers above are.</p>` : forecastView(forecast)}
      </section>
    `;
  }

  private renderPreview(): TemplateResult {
    const manifest = toManifest(this.form);
    const isWhole = manifestIssues(manifest).length === 0;
    return html`
      <section class="card stack" aria-labelledby="preview-title">
        <h2 id="preview-title">Preview</h2>
        ${
          isWhole
            ? html`<p class="soft">As employees see it. Nothing is sent from here.</p>
                <studio-preview .manifest=${parseManifest(manifest)}></studio-preview>`
            : html`<p class="soft">It shows once the study has a title and every question its words.</p>`
        }
      </section>
    `;
  }
}

customElements.define('demo-studio', StudioPage);
