import { html, type TemplateResult } from 'lit';
import { fetchStudies } from '../api.ts';
import { PageElement } from '../page-element.ts';

/** Published studies to start from; the page works without them. */
class WavesSelect extends PageElement {
  static override properties = { onPick: { attribute: false }, studies: { state: true } };
  declare onPick: (study: string) => void;
  declare studies: { id: string; title: string }[];

  constructor() {
    super();
    this.onPick = () => {};
    this.studies = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    fetchStudies().then(
      (studies) => (this.studies = studies.filter(({ survey }) => survey)),
      () => undefined,
    );
  }

  protected override render(): TemplateResult {
    return html`
      <div class="field">
        <label for="from-wave"
          >Or from a published study<span class="hint">Its questions, for the next wave.</span></label
        >
        <select
          id="from-wave"
          @change=${(event: Event) => {
            const { value } = event.target as HTMLSelectElement;
            if (value !== '') this.onPick(value);
          }}
        >
          <option value="">None</option>
          ${this.studies.map(({ id, title }) => html`<option value=${id}>${title}</option>`)}
        </select>
      </div>
    `;
  }
}

customElements.define('studio-waves', WavesSelect);
