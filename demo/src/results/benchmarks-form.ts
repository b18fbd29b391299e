import { html, nothing, type TemplateResult } from 'lit';
import { importBenchmarks, removeBenchmarks } from '../oversight/oversight-api.ts';
import { oversightError } from '../oversight/oversight-error.ts';
import { PageElement } from '../page-element.ts';
import { readBenchmarks } from './benchmark-file.ts';

type Outcome = { type: 'said'; text: string } | { type: 'failed'; error: unknown } | null;

/** For whoever is signed in: what others got for these questions, from a file, to be shown beside the results. */
export class BenchmarksForm extends PageElement {
  static override properties = {
    study: { attribute: false },
    imported: { attribute: false },
    outcome: { state: true },
  };

  declare study: string;
  /** How many there are that were imported, as far as the page knows. */
  declare imported: number;
  declare outcome: Outcome;

  constructor() {
    super();
    this.imported = 0;
    this.outcome = null;
  }

  protected override render(): TemplateResult {
    const { outcome } = this;
    return html`
      <details>
        <summary>Benchmarks</summary>
        <div class="stack tight">
          <div class="field">
            <label for="benchmark-file"
              >Import from a file<span class="hint"
                >CSV with the columns question, estimate, value, source and year, or a JSON list of the same. It takes
                the place of what was imported before, and is in the log.</span
              ></label
            >
            <input type="file" id="benchmark-file" accept=".csv,.json,text/csv,application/json" @change=${this.pick} />
          </div>
          ${
            this.imported === 0
              ? nothing
              : html`<div class="row">
                  <button type="button" @click=${() => void this.removeAll()}>Remove what was imported</button>
                </div>`
          }
          <div role="status">${outcome?.type === 'said' ? html`<p>${outcome.text}</p>` : nothing}</div>
          ${outcome?.type === 'failed' ? oversightError(outcome.error) : nothing}
        </div>
      </details>
    `;
  }

  private readonly pick = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    input.value = '';
    if (file === undefined) return;
    void this.attempt(async () => {
      const rows = await readBenchmarks(file);
      await importBenchmarks(this.study, rows);
      return `${rows.length} of ${file.name} are imported; they show in a moment.`;
    });
  };

  private removeAll(): Promise<void> {
    return this.attempt(async () => {
      await removeBenchmarks(this.study);
      // The button goes once the page knows; whoever pressed it stays in the form.
      this.querySelector<HTMLInputElement>('#benchmark-file')?.focus();
      return 'What was imported is removed; it is gone from the page in a moment.';
    });
  }

  private async attempt(work: () => Promise<string>): Promise<void> {
    this.outcome = null;
    try {
      this.outcome = { type: 'said', text: await work() };
    } catch (error) {
      this.outcome = { type: 'failed', error };
    }
  }
}
