import type { Answer, Manifest } from '@chorale/protocol';
import { answersForm, elementStyles, englishText } from '@chorale/sdk/elements/views';
import { html, LitElement, type TemplateResult } from 'lit';

/** The questions as `<chorale-survey>` asks them, from the same views; nothing is stored or sent. */
export class SurveyPreview extends LitElement {
  static override styles = elementStyles;
  static override properties = {
    manifest: { attribute: false },
    answers: { state: true },
    texts: { state: true },
    told: { state: true },
  };
  declare manifest: Manifest | undefined;
  declare answers: Record<string, Answer>;
  declare texts: Record<string, string>;
  declare told: boolean;

  constructor() {
    super();
    this.manifest = undefined;
    this.answers = {};
    this.texts = {};
    this.told = false;
  }

  protected override render(): TemplateResult {
    const questions = this.manifest?.survey?.questions ?? [];
    return html`
      <div class="stack">
        ${answersForm({
          questions,
          answers: this.answers,
          texts: this.texts,
          errors: [],
          saved: false,
          words: englishText,
          fieldId: ({ id }) => `preview-${id}`,
          onAnswer: ({ id }, answer) => (this.answers = { ...this.answers, [id]: answer }),
          onText: ({ id }, text) => (this.texts = { ...this.texts, [id]: text }),
          onSubmit: () => (this.told = true),
        })}
        <p role="status">${this.told ? 'This is a preview: nothing was sent, and nothing is kept.' : ''}</p>
      </div>
    `;
  }
}

customElements.define('studio-preview', SurveyPreview);
