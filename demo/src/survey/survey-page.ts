import { type Answers, ChoraleError, type Manifest } from '@chorale/protocol';
import type { Chorale } from '@chorale/sdk';
import { useDemoProfile } from '@chorale/sdk/demo';
import '@chorale/sdk/elements';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, invite } from '../api.ts';
import { errorNotice, isPassing } from '../error-notice.ts';
import { invitationForm } from '../invitation-form.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { TrainingPanel } from '../training/training-panel.ts';
import { employeeTraining } from './employee-training.ts';

const retryMs = 3000;

type View =
  | { state: 'loading' }
  | { state: 'uninvited'; manifest: Manifest }
  | { state: 'failed'; error: unknown }
  | { state: 'survey'; manifest: Manifest; survey: HTMLElement };

/** The page around a survey: whoever opens it may be any made-up employee, and may let the page train afterwards. */
class SurveyPage extends PageElement {
  static override properties = {
    view: { state: true },
    training: { state: true },
  };
  declare view: View;
  /** What the device may train on, once it has answered. */
  declare training: { chorale: Chorale; answers: Answers } | undefined;
  readonly #study = pageParameter('study', 'pulse-demo');
  readonly #employee = pageParameter('employee', '');
  readonly #group = pageParameter('group', '');
  /** The version of the study that the invitation names, if it names one. */
  readonly #pinned = pageParameter('manifest', '');
  readonly #locale = pageParameter('locale', 'en');
  #chorale: Chorale | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.training = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#retry);
  }

  private async open(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      const manifest = await fetchManifest(this.#study);
      document.title = `${manifest.title} - Chorale`;
      if (manifest.survey === undefined) throw new ChoraleError('STUDY_UNKNOWN', 'this study asks no questions');
      if (this.#employee === '' || !manifest.groups.values.some(({ id }) => id === this.#group)) {
        this.view = { state: 'uninvited', manifest };
        return;
      }
      const token = await invite({ study: this.#study, name: this.#employee, group: this.#group });
      this.view = { state: 'survey', manifest, survey: this.surveyOf(manifest, token) };
    } catch (error) {
      this.view = { state: 'failed', error };
      if (isPassing(error))
        this.#retry = setTimeout(() => void this.open(), Math.max(retryMs, error.retryAfterMs ?? 0));
    }
  }

  private surveyOf(manifest: Manifest, token: string): HTMLElement {
    const survey = document.createElement('chorale-survey');
    useDemoProfile(survey, this.#employee);
    survey.setAttribute('coordinator', '/');
    survey.setAttribute('study', manifest.id);
    if (this.#pinned !== '') survey.setAttribute('manifest', this.#pinned);
    survey.setAttribute(`group-${manifest.groups.attribute}`, this.#group);
    survey.setAttribute('locale', this.#locale);
    survey.token = token;
    survey.append(
      Object.assign(document.createElement('h1'), { slot: 'title', textContent: manifest.title }),
      Object.assign(document.createElement('a'), {
        slot: 'sent',
        href: `/results/${encodeURIComponent(manifest.id)}`,
        textContent: 'See the results',
      }),
    );
    survey.addEventListener('chorale:ready', ({ detail: { chorale } }) => {
      this.#chorale = chorale;
      void this.offerTraining();
    });
    survey.addEventListener('chorale:sent', () => void this.offerTraining());
    survey.addEventListener('chorale:erased', () => void this.offerTraining());
    return survey;
  }

  /** An employee's own answers may be trained on once they were reported, and until they are erased. */
  private async offerTraining(): Promise<void> {
    const chorale = this.#chorale!;
    const answers = (await chorale.receipt()) === null ? null : await chorale.savedAnswers();
    const trains = chorale.manifest.training?.clients === 'employee';
    this.training = trains && answers !== null ? { chorale, answers } : undefined;
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">${this.renderView()}</div>`;
  }

  private renderView(): TemplateResult {
    const { view, training } = this;
    switch (view.state) {
      case 'loading':
        return html`<h1>Survey</h1>
          <p class="soft" role="status">Opening the survey…</p>`;
      case 'failed':
        return html`<h1>Survey</h1>
          ${errorNotice(view.error, () => void this.open())}`;
      case 'uninvited':
        return html`
          <h1>${view.manifest.title}</h1>
          ${invitationForm(view.manifest, { parameter: 'employee', label: 'Your name', action: 'Open the survey' })}
        `;
      case 'survey':
        return html`
          <p class="soft">You are answering as <strong>${this.#employee}</strong>.</p>
          <div class=${training === undefined ? '' : 'trains'}>${view.survey}</div>
          ${training === undefined ? nothing : employeeTraining({ ...training, manifest: view.manifest })}
        `;
    }
  }
}

customElements.define('demo-training-panel', TrainingPanel);
customElements.define('demo-survey', SurveyPage);
