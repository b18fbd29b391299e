import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { Chorale, openDemoProfile } from '../chorale.ts';
import { demoProfileOf } from './demo-profile.ts';
import { codeOf } from './error-notice.ts';
import type { OwnQuestions } from './own-questions.ts';
import { styles } from './styles.ts';
import { SurveyScreen } from './survey-screen.ts';
import { headingView, surveyView } from './survey-view.ts';
import { SurveyVisit } from './survey-visit.ts';
import { WordsController } from './words-controller.ts';

/** How long the invitation may take before the element says that it waits for it. */
const PATIENCE_MS = 1500;

const opening = ['coordinator', 'study', 'manifest', 'maxEpsilon', 'token', 'questions'] as const;

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
  readonly #screen = new SurveyScreen(this);
  readonly #texts = new WordsController(this, {
    onWords: (words) => void this.#visit?.rename(words),
    onError: (error, retryAfterMs) =>
      this.#screen.tell('chorale:error', { code: codeOf(error), message: String(error), retryAfterMs }),
  });
  /** Whether it was opened since it is on the page, with an invitation or without. */
  #isOpen = false;
  #isDestroyed = false;
  #visit: SurveyVisit | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    // The first opening comes with the first update, when all attributes are known.
    if (this.hasUpdated && !this.#isOpen) this.#open();
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
    this.#isDestroyed = true;
    this.requestUpdate();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!this.hasUpdated || opening.some((property) => changed.has(property))) this.#open();
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#visit?.leave();
    this.#visit = undefined;
    this.#isOpen = false;
  }

  #open(): void {
    if (this.#isDestroyed) return;
    this.#leave();
    this.#isOpen = true;
    const { coordinator, study, token } = this;
    if (coordinator && study && token) {
      this.#visit = new SurveyVisit({
        open: () => this.#openChorale({ coordinator, study, token }),
        screen: this.#screen,
        questions: this.questions,
        words: () => this.#texts.words,
        reopen: () => this.#open(),
      });
      void this.#visit.start();
      return;
    }
    this.#screen.view = { state: 'waiting', told: false };
    this.#timer = setTimeout(() => (this.#screen.view = { state: 'waiting', told: true }), PATIENCE_MS);
  }

  async #openChorale({
    coordinator,
    study,
    token,
  }: Record<'coordinator' | 'study' | 'token', string>): Promise<Chorale> {
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

  protected override render(): TemplateResult | typeof nothing {
    const { words } = this.#texts;
    const { state } = this.#screen.view;
    if (words === undefined || !this.#isOpen) return nothing;
    const manifest = this.#visit?.manifest;
    const group = this.getAttribute(`group-${manifest?.groups.attribute}`);
    const reopen = (): void => this.#open();
    return html`<div class="stack loose" dir=${words.direction} lang=${words.locale}>
      ${manifest === undefined ? nothing : headingView(manifest, { state, group, words })}
      ${surveyView({ screen: this.#screen, visit: this.#visit, ownQuestions: this.questions !== undefined, reopen, words })}
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chorale-survey': ChoraleSurvey;
  }
}
