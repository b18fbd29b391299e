import { type Answer, type Answers, ChoraleError, type Question } from '@chorale/protocol';
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { Chorale, openDemoProfile } from '../chorale.ts';
import type { SendProgress } from '../chorale-events.ts';
import type { LedgerBalance } from '../ledger.ts';
import type { Receipt, SentAnswer } from '../storage/device-store.ts';
import { answersForm, wrongQuestions } from './answers-form.ts';
import type { Action, ActionStep } from './confirmed-action.ts';
import { demoProfileOf } from './demo-profile.ts';
import { download } from './download.ts';
import { codeOf, errorNotice, isPassing } from './error-notice.ts';
import { loadWords } from './load-words.ts';
import { type Decision, declinedView, noticeView, type SurveyStudy } from './notice-view.ts';
import { parseAmount } from './number-answer.ts';
import type { OwnQuestions } from './own-questions.ts';
import { erasedView, sentView } from './sent-view.ts';
import { styles } from './styles.ts';
import type { SurveyEvents } from './survey-events.ts';
import type { Words } from './words.ts';

/** How long the invitation may take before the element says that it waits for it. */
const PATIENCE_MS = 1500;
/** After what time something that may pass is tried again, at the earliest. */
const RETRY_MS = 3000;

type View =
  | { state: 'waiting'; told: boolean }
  | { state: 'loading' }
  | { state: 'failed'; error: unknown }
  | { state: 'notice' }
  | { state: 'declined'; never: boolean }
  | { state: 'answering'; wrong: readonly Question[] }
  | { state: 'sending'; stored: boolean; offline: boolean }
  | {
      state: 'sent';
      again: boolean;
      confirming: Action | null;
      withdrawing: boolean;
      receipt: Receipt;
      sent: readonly SentAnswer[];
      balances: readonly LedgerBalance[];
    }
  | { state: 'erased'; balances: readonly LedgerBalance[]; withdrawn: boolean }
  | { state: 'destroyed' };

const introduced: ReadonlySet<View['state']> = new Set(['notice', 'declined']);
const opening = ['coordinator', 'study', 'manifest', 'maxEpsilon', 'token', 'questions'] as const;

let instances = 0;

/**
 * One employee's survey: notice, questions, and afterwards raw beside sent. `token`, the invitation, opens it.
 * See `sdk/README.md` for attributes, events, slots, parts and custom properties.
 */
export class ChoraleSurvey extends LitElement {
  static override styles = styles;
  static override properties = {
    coordinator: {},
    study: {},
    manifest: {},
    locale: {},
    messages: {},
    maxEpsilon: { attribute: 'max-epsilon', type: Number },
    token: { attribute: false },
    questions: { attribute: false },
    view: { state: true },
    words: { state: true },
    answers: { state: true },
    texts: { state: true },
    saved: { state: true },
  };
  /** Address of the coordinator. */
  declare coordinator: string | undefined;
  /** The study's id. */
  declare study: string | undefined;
  /** The study's hash, `sha256-…`: any other version of it is refused. */
  declare manifest: string | undefined;
  /** Language of the element, as a BCP 47 tag; without it the one of the page around it. */
  declare locale: string | undefined;
  /** Address of a JSON file with texts of a language that the SDK does not have. */
  declare messages: string | undefined;
  /** The page's own limit on this device's ledger; it can only lower the SDK's. */
  declare maxEpsilon: number | undefined;
  /** The invitation; setting it opens the survey. No attribute, so that it is in no markup. */
  declare token: string | undefined;
  /** Who asks the questions in the slot `questions`, in the place of the element's own form. */
  declare questions: OwnQuestions | undefined;
  declare private view: View;
  declare private words: Words | undefined;
  declare private answers: Record<string, Answer>;
  /** What was typed into number questions, which may not be a number yet. */
  declare private texts: Record<string, string>;
  declare private saved: boolean;
  readonly #prefix: string;
  #chorale: Chorale | undefined;
  /** Aborted when the element is taken away or opens something else. */
  #visit: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wordsTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    instances += 1;
    this.#prefix = `chorale-${instances}`;
    this.view = { state: 'waiting', told: false };
    this.answers = {};
    this.texts = {};
    this.saved = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // The first opening comes with the first update, when all attributes are known.
    if (!this.hasUpdated || this.#visit !== undefined) return;
    this.#open();
    if (this.words === undefined) void this.#loadWords();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // An element that is moved is put back at once, and goes on as it was.
    queueMicrotask(() => {
      if (!this.isConnected) this.#leave();
    });
  }

  /** Lets go of socket, storage and locks and shows nothing from now on; what is stored stays. */
  destroy(): void {
    this.#leave();
    this.view = { state: 'destroyed' };
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hasUpdated || opening.some((property) => changed.has(property))) this.#open();
    if (!this.hasUpdated || changed.has('locale') || changed.has('messages')) void this.#loadWords();
  }

  #leave(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#wordsTimer);
    this.#visit?.abort();
    this.#visit = undefined;
    this.#chorale?.close();
    this.#chorale = undefined;
  }

  #open(): void {
    if (this.view.state === 'destroyed') return;
    this.#leave();
    const visit = new AbortController();
    this.#visit = visit;
    const { coordinator, study, token } = this;
    if (coordinator && study && token) {
      this.view = { state: 'loading' };
      void this.#visitStudy({ coordinator, study, token, visit: visit.signal });
      return;
    }
    this.view = { state: 'waiting', told: false };
    this.#timer = setTimeout(() => (this.view = { state: 'waiting', told: true }), PATIENCE_MS);
  }

  async #visitStudy(options: { coordinator: string; study: string; token: string; visit: AbortSignal }): Promise<void> {
    const { visit } = options;
    try {
      const chorale = await this.#openChorale(options);
      if (visit.aborted) {
        chorale.close();
        return;
      }
      this.#chorale = chorale;
      if (chorale.manifest.survey === undefined)
        throw new ChoraleError('STUDY_UNKNOWN', 'this study asks no questions');
      this.questions?.check(chorale.manifest);
      chorale.addEventListener('progress', (event) => this.#showProgress(event, visit));
      const receipt = await chorale.receipt();
      this.#emit('chorale:ready', { chorale, receipt });
      await this.#resume(chorale, visit);
    } catch (error) {
      if (!visit.aborted) this.#fail(error);
    }
  }

  #openChorale({ coordinator, study, token }: { coordinator: string; study: string; token: string }): Promise<Chorale> {
    const profile = demoProfileOf(this);
    const options = {
      coordinator: new URL(coordinator, document.baseURI),
      study,
      token,
      manifest: this.manifest || undefined,
      maxEpsilon: this.maxEpsilon ?? undefined,
    };
    return profile === undefined ? Chorale.open(options) : openDemoProfile({ ...options, profile });
  }

  /** Takes up what this device had done before: sent, drawn but not acknowledged, declined, begun, or nothing. */
  async #resume(chorale: Chorale, visit: AbortSignal): Promise<void> {
    const [receipt, sent, declined, saved] = await Promise.all([
      chorale.receipt(),
      chorale.sent(),
      chorale.declined(),
      chorale.savedAnswers(),
    ]);
    if (visit.aborted) return;
    this.answers = { ...saved };
    this.texts = Object.fromEntries(
      Object.entries(this.answers).flatMap(([id, answer]) =>
        typeof answer === 'number' ? [[id, String(answer)]] : [],
      ),
    );
    if (receipt !== null) await this.#showSent(chorale, { again: true, visit });
    else if (sent !== null) await this.#send(chorale, visit);
    else if (declined) this.view = { state: 'declined', never: true };
    else if (saved === null) this.view = { state: 'notice' };
    else this.#ask(chorale);
  }

  #ask(chorale: Chorale): void {
    this.view = { state: 'answering', wrong: [] };
    const visit = this.#visit!.signal;
    const whileAsked =
      <T>(take: (given: T) => void) =>
      (given: T): void => {
        if (!visit.aborted && this.view.state === 'answering') take(given);
      };
    this.questions?.ask({
      answers: this.answers,
      save: whileAsked((answers: Answers) => this.#save(answers)),
      send: whileAsked((answers: Answers) => {
        this.answers = { ...answers };
        void this.#send(chorale, visit);
      }),
      fail: whileAsked((error: unknown) => this.#fail(error)),
    });
  }

  async #decide(decision: Decision): Promise<void> {
    const chorale = this.#chorale!;
    if (decision === 'participate') {
      this.#ask(chorale);
      await this.#focus('questions');
      return;
    }
    const never = decision === 'never';
    await this.#attempt(async () => {
      if (never) await chorale.setDeclined(true);
      this.view = { state: 'declined', never };
      await this.#focus('declined');
    });
  }

  async #reconsider(): Promise<void> {
    const chorale = this.#chorale!;
    await this.#attempt(async () => {
      await chorale.setDeclined(false);
      this.view = { state: 'notice' };
      await this.#focus('notice');
    });
  }

  async #showSent(chorale: Chorale, { again, visit }: { again: boolean; visit: AbortSignal }): Promise<void> {
    const [receipt, sent, { balances }] = await Promise.all([
      chorale.receipt(),
      chorale.sent(this.words?.answers),
      chorale.ledger(),
    ]);
    if (visit.aborted) return;
    const held = this.#holdsFocus();
    const idle = { confirming: null, withdrawing: false };
    this.view = { state: 'sent', again, ...idle, receipt: receipt!, sent: sent ?? [], balances };
    if (held) await this.#focus('sent');
  }

  #answer({ id }: Question, answer: Answer): void {
    this.#save({ ...this.answers, [id]: answer });
  }

  #save(answers: Answers): void {
    this.answers = { ...answers };
    this.saved = false;
    void this.#attempt(async () => {
      await this.#chorale!.saveAnswers(this.answers);
      this.saved = true;
    });
  }

  #type(question: Question, text: string): void {
    this.texts = { ...this.texts, [question.id]: text };
    try {
      this.#answer(question, parseAmount(text));
    } catch {
      // Not a number yet: submitting says so.
      this.#answer(question, null);
    }
  }

  async #submit(): Promise<void> {
    const wrong = wrongQuestions(this.#study().survey.questions, this.texts);
    if (wrong.length > 0) {
      this.view = { state: 'answering', wrong };
      await this.#focus('errors');
      return;
    }
    await this.#send(this.#chorale!, this.#visit!.signal);
  }

  async #send(chorale: Chorale, visit: AbortSignal): Promise<void> {
    const held = this.#holdsFocus();
    this.view = { state: 'sending', stored: false, offline: false };
    if (held) await this.#focus('sending');
    try {
      const receipt = await chorale.answer(this.answers);
      if (visit.aborted) return;
      await this.#showSent(chorale, { again: false, visit });
      this.#emit('chorale:sent', { receipt });
    } catch (error) {
      if (visit.aborted) return;
      const already =
        error instanceof ChoraleError && error.code === 'ALREADY_ANSWERED' && (await chorale.receipt()) !== null;
      if (already) await this.#showSent(chorale, { again: true, visit });
      else this.#fail(error);
    }
  }

  #showProgress({ detail }: CustomEvent<SendProgress>, visit: AbortSignal): void {
    if (this.view.state !== 'sending' || visit.aborted) return;
    if (detail.step === 'stored') this.#emit('chorale:answered', { study: this.#study().id });
    this.view = { state: 'sending', stored: true, offline: this.view.offline || detail.step === 'retrying' };
  }

  async #act(action: Action, step: ActionStep): Promise<void> {
    if (this.view.state !== 'sent') return;
    if (step !== 'confirm') {
      this.view = { ...this.view, confirming: step === 'ask' ? action : null };
      await this.#focus(step === 'ask' ? `${action}-confirm` : action);
      return;
    }
    const { receipt } = this.view;
    await this.#attempt(() => (action === 'erase' ? this.#erase(receipt) : this.#withdraw(this.#visit!.signal)));
  }

  async #erase({ withdrawal }: Receipt): Promise<void> {
    const chorale = this.#chorale!;
    await chorale.erase();
    this.answers = {};
    this.texts = {};
    const { balances } = await chorale.ledger();
    this.view = { state: 'erased', balances, withdrawn: withdrawal === 'withdrawn' };
    this.#emit('chorale:erased', { study: chorale.manifest.id });
    await this.#focus('erased');
  }

  /** Where what is kept cannot be read any more: forgets it and goes on from what is left. */
  async #startOver(): Promise<void> {
    const chorale = this.#chorale;
    if (chorale === undefined) return;
    await this.#attempt(async () => {
      await chorale.erase();
      this.#emit('chorale:erased', { study: chorale.manifest.id });
      this.#open();
    });
  }

  async #withdraw(visit: AbortSignal): Promise<void> {
    const chorale = this.#chorale!;
    if (this.view.state === 'sent') this.view = { ...this.view, confirming: null, withdrawing: true };
    await this.#focus('withdrawing');
    const outcome = await chorale.withdraw({ signal: visit });
    await this.#showSent(chorale, { again: true, visit });
    this.#emit('chorale:withdrawn', { study: chorale.manifest.id, outcome });
    if (this.#holdsFocus() || outcome === 'released')
      await this.#focus(outcome === 'withdrawn' ? 'sent' : 'withdraw-released');
  }

  async #download(): Promise<void> {
    await this.#attempt(async () => {
      const file = await this.#chorale!.receiptFile();
      if (file !== null) download(`chorale-receipt-${file.study}.json`, file);
    });
  }

  /** Runs what may fail in this visit; what fails after it is nobody's business. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    const visit = this.#visit;
    try {
      await work();
    } catch (error) {
      if (visit !== undefined && !visit.signal.aborted) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const held = this.#holdsFocus();
    const retryAfterMs = isPassing(error) ? Math.max(RETRY_MS, error.retryAfterMs ?? 0) : undefined;
    this.view = { state: 'failed', error };
    if (retryAfterMs !== undefined) this.#timer = setTimeout(() => this.#open(), retryAfterMs);
    const message = error instanceof Error ? error.message : String(error);
    this.#emit('chorale:error', { code: codeOf(error), message, retryAfterMs });
    if (held) void this.#focus('error');
  }

  async #loadWords(): Promise<void> {
    clearTimeout(this.#wordsTimer);
    const { locale, messages } = this;
    const language = locale || (this.closest<HTMLElement>('[lang]')?.lang ?? navigator.language);
    try {
      const url = messages ? new URL(messages, document.baseURI) : undefined;
      const words = await loadWords(language || 'en', url);
      if (locale !== this.locale || messages !== this.messages) return;
      this.words = words;
      const { view } = this;
      const chorale = this.#chorale;
      if (view.state !== 'sent' || chorale === undefined) return;
      const sent = await chorale.sent(words.answers);
      if (this.view === view && sent !== null) this.view = { ...view, sent };
    } catch (error) {
      if (!this.isConnected) return;
      this.#emit('chorale:error', { code: codeOf(error), message: String(error), retryAfterMs: RETRY_MS });
      this.#wordsTimer = setTimeout(() => void this.#loadWords(), RETRY_MS);
    }
  }

  /** The study that is open; one without a survey never gets so far. */
  #study(): SurveyStudy {
    return this.#chorale!.manifest as SurveyStudy;
  }

  #fieldId({ id }: Question): string {
    return `${this.#prefix}-answer-${id}`;
  }

  #holdsFocus(): boolean {
    return this.matches(':focus-within');
  }

  /** Moves focus within the element, after what changed was rendered. */
  async #focus(id: string): Promise<void> {
    await this.updateComplete;
    this.shadowRoot?.getElementById(id)?.focus();
  }

  #emit<K extends keyof SurveyEvents>(type: K, detail: SurveyEvents[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  protected override render(): TemplateResult | typeof nothing {
    const { words } = this;
    if (words === undefined || this.view.state === 'destroyed') return nothing;
    return html`<div class="stack loose" dir=${words.direction} lang=${words.locale}>
      ${this.#renderHeading(words)} ${this.#renderView(words)}
    </div>`;
  }

  #renderHeading(words: Words): TemplateResult | typeof nothing {
    const manifest = this.#chorale?.manifest;
    if (manifest === undefined) return nothing;
    const { attribute, label, values } = manifest.groups;
    const group = values.find(({ id }) => id === this.getAttribute(`group-${attribute}`))?.label;
    return html`
      <div class="stack tight">
        ${manifest.simulated ? html`<div><span class="badge simulated">${words.text('simulated')}</span></div>` : nothing}
        <slot name="title"
          ><h2 class="title" part="title"><bdi>${manifest.title}</bdi></h2></slot
        >
        ${
          manifest.description === undefined || !introduced.has(this.view.state)
            ? nothing
            : html`<p class="lead"><bdi>${manifest.description}</bdi></p>`
        }
        ${
          group === undefined
            ? nothing
            : html`<p class="soft">${words.parts('group', { label, group: html`<strong>${group}</strong>` })}</p>`
        }
      </div>
    `;
  }

  #renderView(words: Words): TemplateResult | typeof nothing {
    const { view } = this;
    switch (view.state) {
      case 'waiting':
        return html`<p class="soft" role="status">${view.told ? words.text('waiting') : ''}</p>`;
      case 'loading':
        return html`<p class="soft" role="status">${words.text('loading')}</p>`;
      case 'failed':
        return errorNotice(view.error, { words, retry: () => this.#open(), erase: () => void this.#startOver() });
      case 'notice':
        return noticeView({
          manifest: this.#study(),
          words,
          onDecide: (decision) => void this.#decide(decision),
        });
      case 'declined':
        return declinedView({ never: view.never, words, onBack: () => void this.#reconsider() });
      case 'answering':
        if (this.questions !== undefined) {
          return html`<h2 id="questions" class="visually-hidden" tabindex="-1">${words.text('form.title')}</h2>
            <slot name="questions"></slot>`;
        }
        return answersForm({
          questions: this.#study().survey.questions,
          answers: this.answers,
          texts: this.texts,
          errors: view.wrong.map((question) => ({
            field: this.#fieldId(question),
            message: words.text('form.amount'),
          })),
          saved: this.saved,
          words,
          fieldId: (question) => this.#fieldId(question),
          onAnswer: (question, answer) => {
            this.#answer(question, answer);
            // The button that cleared the answer is gone.
            if (answer === null) void this.#focus(this.#fieldId(question));
          },
          onText: (question, text) => this.#type(question, text),
          onSubmit: () => void this.#submit(),
        });
      case 'sending':
        return this.#renderSending(view.offline, words);
      case 'sent':
        return sentView({
          ...view,
          words,
          onAction: (action, step) => void this.#act(action, step),
          onDownload: () => void this.#download(),
        });
      case 'erased':
        return erasedView({ ...view, words });
      case 'destroyed':
        return nothing;
    }
  }

  #renderSending(offline: boolean, words: Words): TemplateResult {
    return html`<div class="notice ${offline ? 'warn' : ''}" part="notice" role="status" id="sending" tabindex="-1">
      ${
        offline
          ? html`<p><strong>${words.text('stored.title')}</strong></p>
              <p>${words.text('stored.text')}</p>`
          : html`<p>${words.text('sending')}</p>`
      }
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chorale-survey': ChoraleSurvey;
  }
}
