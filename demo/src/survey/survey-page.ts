import { type Answer, ChoraleError, type Manifest } from '@chorale/protocol';
import { type Chorale, type LedgerBalance, type Receipt, type SendProgress, type SentAnswer } from '@chorale/sdk';
import { openDemoProfile } from '@chorale/sdk/demo';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, invite } from '../api.ts';
import { errorNotice, isPassing } from '../error-notice.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { TrainingPanel } from '../training/training-panel.ts';
import { answersForm, type FieldError, findErrors } from './answers-form.ts';
import { invitationForm } from '../invitation-form.ts';
import { parseAmount } from './number-answer.ts';
import { noticeView } from './notice-view.ts';
import { erasedView, sentView } from './sent-view.ts';

const retryMs = 3000;

type View =
  | { state: 'loading' }
  | { state: 'uninvited' }
  | { state: 'failed'; error: unknown }
  | { state: 'notice' }
  | { state: 'declined' }
  | { state: 'answering'; errors: FieldError[] }
  | { state: 'sending'; stored: boolean; offline: boolean }
  | {
      state: 'sent';
      again: boolean;
      confirming: boolean;
      receipt: Receipt;
      sent: readonly SentAnswer[];
      balances: readonly LedgerBalance[];
    }
  | { state: 'erased'; balances: readonly LedgerBalance[] };

const introduced: ReadonlySet<View['state']> = new Set(['notice', 'uninvited', 'declined']);

/** One employee's survey: notice, questions, and afterwards raw beside sent. */
class SurveyPage extends PageElement {
  static override properties = {
    view: { state: true },
    manifest: { state: true },
    answers: { state: true },
    texts: { state: true },
    saved: { state: true },
  };
  declare view: View;
  declare manifest: Manifest | undefined;
  declare answers: Record<string, Answer>;
  /** What was typed into number questions, which may not be a number yet. */
  declare texts: Record<string, string>;
  declare saved: boolean;
  readonly #study = pageParameter('study', 'pulse-demo');
  readonly #employee = pageParameter('employee', '');
  readonly #group = pageParameter('group', '');
  /** The version of the study that the invitation names, if it names one. */
  readonly #pinned = pageParameter('manifest', '') || undefined;
  #chorale: Chorale | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.manifest = undefined;
    this.answers = {};
    this.texts = {};
    this.saved = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#retry);
    this.#chorale?.close();
  }

  private async open(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      this.manifest ??= await fetchManifest(this.#study);
      document.title = `${this.manifest.title} - Chorale`;
      if (this.manifest.survey === undefined) throw new ChoraleError('STUDY_UNKNOWN', 'this study asks no questions');
      if (this.#employee === '' || !this.manifest.groups.values.some(({ id }) => id === this.#group)) {
        this.view = { state: 'uninvited' };
        return;
      }
      const token = await invite({ study: this.#study, name: this.#employee, group: this.#group });
      this.#chorale?.close();
      this.#chorale = await openDemoProfile({
        coordinator: location.origin,
        study: this.#study,
        token,
        profile: this.#employee,
        manifest: this.#pinned,
      });
      this.#chorale.addEventListener('progress', (event) => this.showProgress(event));
      await this.resume(this.#chorale);
    } catch (error) {
      this.view = { state: 'failed', error };
      if (isPassing(error))
        this.#retry = setTimeout(() => void this.open(), Math.max(retryMs, error.retryAfterMs ?? 0));
    }
  }

  /** Takes up what this browser had done before: sent, drawn but not acknowledged, begun, or nothing. */
  private async resume(chorale: Chorale): Promise<void> {
    const saved = await chorale.savedAnswers();
    this.answers = { ...saved };
    this.texts = Object.fromEntries(
      Object.entries(this.answers).flatMap(([id, answer]) =>
        typeof answer === 'number' ? [[id, String(answer)]] : [],
      ),
    );
    if ((await chorale.receipt()) !== null) await this.showSent(chorale, { again: true });
    else if ((await chorale.sent()) !== null) await this.send(chorale);
    else if (saved === null) this.view = { state: 'notice' };
    else this.view = { state: 'answering', errors: [] };
  }

  private async showSent(chorale: Chorale, { again }: { again: boolean }): Promise<void> {
    const [receipt, sent, { balances }] = await Promise.all([chorale.receipt(), chorale.sent(), chorale.ledger()]);
    this.view = { state: 'sent', again, confirming: false, receipt: receipt!, sent: sent ?? [], balances };
    if (!again) await this.focusOn('#sent-title');
  }

  private answer(id: string, answer: Answer): void {
    this.answers = { ...this.answers, [id]: answer };
    this.saved = false;
    this.#chorale!.saveAnswers(this.answers).then(
      () => (this.saved = true),
      (error: unknown) => (this.view = { state: 'failed', error }),
    );
  }

  private type(id: string, text: string): void {
    this.texts = { ...this.texts, [id]: text };
    try {
      this.answer(id, parseAmount(text));
    } catch {
      // Not a number yet: submitting says so.
      this.answer(id, null);
    }
  }

  private async submit(): Promise<void> {
    const errors = findErrors(this.manifest!.survey!.questions, this.texts);
    if (errors.length > 0) {
      this.view = { state: 'answering', errors };
      await this.focusOn('.error-summary');
      return;
    }
    await this.send(this.#chorale!);
  }

  private async send(chorale: Chorale): Promise<void> {
    this.view = { state: 'sending', stored: false, offline: false };
    try {
      await chorale.answer(this.answers);
      await this.showSent(chorale, { again: false });
    } catch (error) {
      const already =
        error instanceof ChoraleError && error.code === 'ALREADY_ANSWERED' && (await chorale.receipt()) !== null;
      if (already) await this.showSent(chorale, { again: true });
      else this.view = { state: 'failed', error };
    }
  }

  private showProgress({ detail }: CustomEvent<SendProgress>): void {
    if (this.view.state !== 'sending') return;
    this.view =
      detail.step === 'stored' ? { ...this.view, stored: true } : { ...this.view, stored: true, offline: true };
  }

  private async erase(step: 'ask' | 'confirm' | 'keep'): Promise<void> {
    if (this.view.state !== 'sent') return;
    if (step !== 'confirm') {
      this.view = { ...this.view, confirming: step === 'ask' };
      await this.focusOn(step === 'ask' ? '#erase-confirm' : '#erase');
      return;
    }
    await this.#chorale!.erase();
    this.answers = {};
    this.texts = {};
    this.view = { state: 'erased', balances: (await this.#chorale!.ledger()).balances };
    await this.focusOn('#erased-title');
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">${this.renderHeading()} ${this.renderView()}</div>`;
  }

  private renderHeading(): TemplateResult {
    const { manifest } = this;
    const group = this.groupLabel();
    return html`
      <div class="stack tight">
        ${manifest?.simulated === true ? html`<div><span class="badge simulated">Simulated</span></div>` : nothing}
        <h1>${manifest?.title ?? 'Survey'}</h1>
        ${manifest?.description === undefined || !introduced.has(this.view.state) ? nothing : html`<p class="lead">${manifest.description}</p>`}
        ${
          this.#employee === '' || group === undefined
            ? nothing
            : html`<p class="soft">
                You are answering as <strong>${this.#employee}</strong>. Your invitation says: ${manifest!.groups.label}
                <strong>${group}</strong>.
              </p>`
        }
      </div>
    `;
  }

  private groupLabel(): string | undefined {
    return this.manifest?.groups.values.find(({ id }) => id === this.#group)?.label;
  }

  private renderView(): TemplateResult {
    const { view, manifest } = this;
    switch (view.state) {
      case 'loading':
        return html`<p class="soft" role="status">Opening the survey…</p>`;
      case 'failed':
        return errorNotice(view.error, () => void this.open());
      case 'uninvited':
        return invitationForm(manifest!, { parameter: 'employee', label: 'Your name', action: 'Open the survey' });
      case 'notice':
        return noticeView({
          manifest: manifest!,
          group: this.groupLabel() ?? '',
          onParticipate: () => {
            this.view = { state: 'answering', errors: [] };
            void this.focusOn('#questions-title');
          },
          onDecline: () => (this.view = { state: 'declined' }),
        });
      case 'declined':
        return html`<div class="notice" role="status">
          <p>
            <strong>No answer was sent, and none will be</strong> unless you change your mind. You may close the page.
          </p>
          <div class="actions">
            <button type="button" @click=${() => (this.view = { state: 'notice' })}>I have changed my mind</button>
          </div>
        </div>`;
      case 'answering':
        return answersForm({
          questions: manifest!.survey!.questions,
          answers: this.answers,
          texts: this.texts,
          errors: view.errors,
          saved: this.saved,
          onAnswer: (id, answer) => this.answer(id, answer),
          onText: (id, text) => this.type(id, text),
          onSubmit: () => void this.submit(),
        });
      case 'sending':
        return html`<div class="notice ${view.offline ? 'warn' : ''}" role="status">
          ${
            view.offline
              ? html`<p><strong>Stored, and will be sent when the connection returns.</strong></p>
                  <p>
                    Your report is drawn and kept in this browser. You may close the page: it is sent, unchanged, at
                    your next visit.
                  </p>`
              : html`<p>Randomizing your answers and sending the report…</p>`
          }
        </div>`;
      case 'sent':
        return sentView({
          ...view,
          chorale: this.#chorale!,
          manifest: manifest!,
          answers: this.answers,
          onErase: (step) => void this.erase(step),
        });
      case 'erased':
        return erasedView(view.balances);
    }
  }
}

customElements.define('demo-training-panel', TrainingPanel);
customElements.define('demo-survey', SurveyPage);
