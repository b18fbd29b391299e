import { html, nothing, type TemplateResult } from 'lit';
import { ask } from '../api.ts';
import { oversightError } from '../oversight/oversight-error.ts';
import { sessionToken } from '../oversight/session.ts';
import { PageElement } from '../page-element.ts';
import { saveFile } from '../save-file.ts';

/**
 * Files of what the page shows, each stamped with what its numbers are of, and the page on paper. The coordinator's log
 * names who is signed in here; of anybody else it has no name.
 */
export class ExportButtons extends PageElement {
  static override properties = {
    kind: { type: String },
    of: { type: String },
    view: { type: String },
    error: { state: true },
  };

  declare kind: 'studies' | 'series';
  /** Id of the study, or name of the series. */
  declare of: string;
  /** What of a study, where that has files of its own. */
  declare view: 'drivers' | undefined;
  declare error: unknown;

  protected override render(): TemplateResult {
    return html`
      <div class="exports" role="group" aria-label="Take away">
        ${this.link('csv', 'Numbers as CSV')} ${this.link('json', 'Numbers as JSON')}
        <button type="button" @click=${() => print()}>Print</button>
      </div>
      ${this.error === undefined ? nothing : oversightError(this.error)}
    `;
  }

  private link(format: 'csv' | 'json', text: string): TemplateResult {
    const [folder, name] =
      this.view === undefined
        ? [encodeURIComponent(this.of), this.of]
        : [`${encodeURIComponent(this.of)}/${this.view}`, `${this.of}-${this.view}`];
    const path = `/api/v1/${this.kind}/${folder}/export.${format}`;
    const take = (event: Event): void => {
      const token = sessionToken();
      // Without one the browser follows the link, and saves what it gets.
      if (token === null) return;
      event.preventDefault();
      void this.save(path, { token, name: `${name}.${format}` });
    };
    return html`<a class="button" href=${path} download @click=${take}>${text}</a>`;
  }

  private async save(path: string, { token, name }: { token: string; name: string }): Promise<void> {
    this.error = undefined;
    try {
      saveFile(await (await ask(path, { headers: { authorization: `Bearer ${token}` } })).blob(), name);
    } catch (error) {
      this.error = error;
    }
  }
}
