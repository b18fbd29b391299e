import { type Answer, type Answers, ChoraleError, type Manifest, type Question } from '@chorale/protocol';
import type { Chorale } from '../chorale.ts';
import type { SendProgress } from '../chorale-events.ts';
import { AnswersDraft } from './answers-draft.ts';
import type { Action, ActionStep } from './confirmed-action.ts';
import { codeOf, isPassing } from './error-notice.ts';
import type { Decision, SurveyStudy } from './notice-view.ts';
import type { OwnQuestions } from './own-questions.ts';
import { SentActions } from './sent-actions.ts';
import type { SurveyScreen, View } from './survey-screen.ts';
import type { Words } from './words.ts';

/** After what time something that may pass is tried again, at the earliest. */
const RETRY_MS = 3000;

export type VisitOptions = {
  open: () => Promise<Chorale>;
  screen: SurveyScreen;
  /** Who asks the questions, where it is not the element. */
  questions: OwnQuestions | undefined;
  words: () => Words | undefined;
  /** Ends this visit and begins another. */
  reopen: () => void;
};

/** One opening of one study in an element, from fetching it to what was sent; what ends it is leaving. */
export class SurveyVisit {
  readonly draft = new AnswersDraft();
  readonly #options: VisitOptions;
  readonly #left = new AbortController();
  #chorale: Chorale | undefined;
  #sent: SentActions | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: VisitOptions) {
    this.#options = options;
  }

  /** `undefined` until the study is open. */
  get manifest(): Manifest | undefined {
    return this.#chorale?.manifest;
  }

  /** The study that asks; one without a survey never gets so far. */
  get study(): SurveyStudy {
    return this.manifest as SurveyStudy;
  }

  async start(): Promise<void> {
    const { open, screen, questions, words } = this.#options;
    this.#show({ state: 'loading' });
    try {
      const chorale = await open();
      if (this.#isLeft) {
        chorale.close();
        return;
      }
      this.#chorale = chorale;
      this.#sent = new SentActions({ chorale, screen, draft: this.draft, words, signal: this.#left.signal });
      if (chorale.manifest.survey === undefined)
        throw new ChoraleError('STUDY_UNKNOWN', 'this study asks no questions');
      questions?.check(chorale.manifest);
      chorale.addEventListener('progress', ({ detail }) => this.#showProgress(detail));
      const receipt = await chorale.receipt();
      screen.tell('chorale:ready', { chorale, receipt });
      await this.#resume(chorale);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Lets go of socket, storage and locks; nothing is shown any more. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#left.abort();
    this.#chorale?.close();
  }

  async decide(decision: Decision): Promise<void> {
    const { screen } = this.#options;
    if (decision === 'participate') {
      this.#ask();
      await screen.focus('questions');
      return;
    }
    const never = decision === 'never';
    await this.#attempt(async () => {
      if (never) await this.#chorale!.setDeclined(true);
      this.#show({ state: 'declined', never });
      await screen.focus('declined');
    });
  }

  async reconsider(): Promise<void> {
    await this.#attempt(async () => {
      await this.#chorale!.setDeclined(false);
      this.#show({ state: 'notice' });
      await this.#options.screen.focus('notice');
    });
  }

  answer(question: Question, answer: Answer): void {
    this.draft.answer(question, answer);
    this.#save();
  }

  type(question: Question, text: string): void {
    this.draft.type(question, text);
    this.#save();
  }

  async submit(): Promise<void> {
    const wrong = this.draft.wrongOf(this.study.survey.questions);
    if (wrong.length === 0) {
      await this.#send();
      return;
    }
    this.#show({ state: 'answering', wrong });
    await this.#options.screen.focus('errors');
  }

  act(action: Action, step: ActionStep): Promise<void> {
    return this.#attempt(() => this.#sent!.act(action, step));
  }

  download(): Promise<void> {
    return this.#attempt(() => this.#sent!.download());
  }

  /** The element has other words: what was sent is said in them too. */
  async rename(words: Words): Promise<void> {
    await this.#sent?.rename(words);
  }

  /** Where what is kept cannot be read any more: forgets it and goes on from what is left. */
  async startOver(): Promise<void> {
    const chorale = this.#chorale;
    if (chorale === undefined) return;
    await this.#attempt(async () => {
      await chorale.erase();
      this.#options.screen.tell('chorale:erased', { study: chorale.manifest.id });
      this.#options.reopen();
    });
  }

  /** Takes up what this device had done before: sent, drawn but not acknowledged, declined, begun, or nothing. */
  async #resume(chorale: Chorale): Promise<void> {
    const [receipt, sent, declined, saved] = await Promise.all([
      chorale.receipt(),
      chorale.sent(),
      chorale.declined(),
      chorale.savedAnswers(),
    ]);
    if (this.#isLeft) return;
    this.draft.restore(saved);
    if (receipt !== null) await this.#sent!.show({ again: true });
    else if (sent !== null) await this.#send();
    else if (await chorale.isClosed()) await this.#showClosed();
    else if (declined) this.#show({ state: 'declined', never: true });
    else if (saved === null) this.#show({ state: 'notice' });
    else this.#ask();
  }

  #ask(): void {
    const { screen, questions } = this.#options;
    this.#show({ state: 'answering', wrong: [] });
    const whileAsked =
      <T>(take: (given: T) => void) =>
      (given: T): void => {
        if (!this.#isLeft && screen.view.state === 'answering') take(given);
      };
    questions?.ask({
      answers: this.draft.answers,
      save: whileAsked((answers: Answers) => {
        this.draft.replace(answers);
        this.#save();
      }),
      send: whileAsked((answers: Answers) => {
        this.draft.replace(answers);
        void this.#send();
      }),
      fail: whileAsked((error: unknown) => this.#fail(error)),
    });
  }

  #save(): void {
    const { screen } = this.#options;
    screen.redraw();
    void this.#attempt(async () => {
      await this.#chorale!.saveAnswers(this.draft.answers);
      this.draft.isSaved = true;
      screen.redraw();
    });
  }

  async #send(): Promise<void> {
    const { screen } = this.#options;
    const chorale = this.#chorale!;
    await screen.replace({ state: 'sending', stored: false, offline: false }, 'sending');
    try {
      const receipt = await chorale.answer(this.draft.answers);
      if (this.#isLeft) return;
      await this.#sent!.show({ again: false });
      screen.tell('chorale:sent', { receipt });
    } catch (error) {
      if (this.#isLeft) return;
      const code = codeOf(error);
      if (code === 'ALREADY_ANSWERED' && (await chorale.receipt()) !== null) await this.#sent!.show({ again: true });
      else if (code === 'STUDY_CLOSED') await this.#attempt(() => this.#showClosed());
      else this.#fail(error);
    }
  }

  /** Says that the study takes no answer any more, and what this device was charged for it, if anything. */
  async #showClosed(): Promise<void> {
    const { screen } = this.#options;
    const { balances, entries } = await this.#chorale!.ledger();
    if (this.#isLeft) return;
    const charged = entries.some(({ study, kind }) => study === this.study.id && kind === 'report');
    screen.tell('chorale:error', { code: 'STUDY_CLOSED', message: 'the study is closed' });
    await screen.replace({ state: 'closed', charged, balances }, 'closed');
  }

  #showProgress({ step }: SendProgress): void {
    const { screen } = this.#options;
    const { view } = screen;
    if (view.state !== 'sending' || this.#isLeft) return;
    if (step === 'stored') screen.tell('chorale:answered', { study: this.study.id });
    this.#show({ state: 'sending', stored: true, offline: view.offline || step === 'retrying' });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Says what failed in this visit, and tries again where that may help; what fails after it is nobody's business. */
  #fail(error: unknown): void {
    if (this.#isLeft) return;
    const { screen, reopen } = this.#options;
    const retryAfterMs = isPassing(error) ? Math.max(RETRY_MS, error.retryAfterMs ?? 0) : undefined;
    void screen.replace({ state: 'failed', error }, 'error');
    if (retryAfterMs !== undefined) this.#timer = setTimeout(reopen, retryAfterMs);
    const message = error instanceof Error ? error.message : String(error);
    screen.tell('chorale:error', { code: codeOf(error), message, retryAfterMs });
  }

  #show(view: View): void {
    if (!this.#isLeft) this.#options.screen.view = view;
  }

  get #isLeft(): boolean {
    return this.#left.signal.aborted;
  }
}
