import { ChoraleError, type Manifest } from '@chorale/protocol';
import {
  type Chorale,
  CsvError,
  type CsvProblem,
  type EncodedRecords,
  encodeTable,
  heldBackRows,
  readCsv,
  type Table,
} from '@chorale/sdk';
import { openDemoProfile } from '@chorale/sdk/demo';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, invite } from '../api.ts';
import { errorNotice, isPassing } from '../error-notice.ts';
import { invitationForm } from '../invitation-form.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { TrainingPanel } from '../training/training-panel.ts';
import { madeUpCsv } from './made-up-rows.ts';
import { mappingView, openRows, problemsView, type ReadyRows, readyView } from './rows-view.ts';

const retryMs = 3000;

type View =
  | { state: 'loading' }
  | { state: 'uninvited' }
  | { state: 'failed'; error: unknown }
  | { state: 'open'; chorale: Chorale };
/** What became of the rows that were opened last. */
type Rows =
  | { state: 'none' }
  | { state: 'reading'; source: string; readBytes: number; totalBytes: number }
  | { state: 'wrong'; source: string; problems: readonly CsvProblem[]; table: Table | undefined }
  | { state: 'failed'; error: unknown }
  | { state: 'ready'; ready: ReadyRows; table: Table | undefined };

/** An HR partner's page: rows of a file that never leave the tab, and training on them. */
class SitePage extends PageElement {
  static override properties = {
    view: { state: true },
    rows: { state: true },
    manifest: { state: true },
    dragging: { state: true },
    chosen: { state: true },
  };
  declare view: View;
  declare rows: Rows;
  declare manifest: Manifest | undefined;
  declare dragging: boolean;
  /** Columns chosen by hand, by the study's name. */
  declare chosen: Record<string, string>;
  readonly #study = pageParameter('study', 'attrition');
  readonly #site = pageParameter('site', '');
  readonly #group = pageParameter('group', '');
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.rows = { state: 'none' };
    this.manifest = undefined;
    this.dragging = false;
    this.chosen = {};
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.open();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#retry);
    if (this.view.state === 'open') this.view.chorale.close();
  }

  private async open(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      this.manifest ??= await fetchManifest(this.#study);
      document.title = `${this.manifest.title} - Chorale`;
      if (this.manifest.training?.clients !== 'site')
        throw new ChoraleError('TRAINING_ABSENT', 'sites train nothing in this study');
      if (this.#site === '' || !this.manifest.groups.values.some(({ id }) => id === this.#group)) {
        this.view = { state: 'uninvited' };
        return;
      }
      const token = await invite({ study: this.#study, name: this.#site, group: this.#group });
      const chorale = await openDemoProfile({
        coordinator: location.origin,
        study: this.#study,
        token,
        profile: `site ${this.#site}`,
      });
      this.view = { state: 'open', chorale };
      const stored = await chorale.records();
      if (stored !== null) await this.showReady('Rows of an earlier visit', stored, undefined);
    } catch (error) {
      this.view = { state: 'failed', error };
      if (isPassing(error))
        this.#retry = setTimeout(() => void this.open(), Math.max(retryMs, error.retryAfterMs ?? 0));
    }
  }

  private async read(source: string, file: Blob): Promise<void> {
    this.chosen = {};
    this.rows = { state: 'reading', source, readBytes: 0, totalBytes: file.size };
    try {
      const table = await readCsv(file, {
        onProgress: (progress) => (this.rows = { state: 'reading', source, ...progress }),
      });
      await this.use(source, table);
    } catch (error) {
      await this.refuse(source, error, undefined);
    }
  }

  /** Encodes a table by the study's constants and keeps it in this browser. */
  private async use(source: string, table: Table): Promise<void> {
    if (this.view.state !== 'open') return;
    try {
      const records = encodeTable(this.manifest!.training!, table, { mapping: this.chosen });
      await this.view.chorale.putRecords(records);
      await this.showReady(source, records, table);
    } catch (error) {
      await this.refuse(source, error, table);
    }
  }

  private async refuse(source: string, error: unknown, table: Table | undefined): Promise<void> {
    this.rows =
      error instanceof CsvError
        ? { state: 'wrong', source, problems: error.problems, table }
        : { state: 'failed', error };
    await this.focusOn('.error-summary');
  }

  private async showReady(
    source: string,
    { rows, employees, warnings }: EncodedRecords,
    table: Table | undefined,
  ): Promise<void> {
    const { holdout, seed } = this.manifest!.training!.evaluation;
    const mask = await heldBackRows({ rows, employees, holdout, seed });
    const heldBack = mask.reduce((sum, held) => sum + held, 0);
    this.rows = { state: 'ready', ready: { source, rows, heldBack, warnings }, table };
  }

  private choose(wanted: string, column: string): void {
    const { rows } = this;
    if (column === '' || (rows.state !== 'wrong' && rows.state !== 'ready') || rows.table === undefined) return;
    this.chosen = { ...this.chosen, [wanted]: column };
    void this.use(rows.state === 'wrong' ? rows.source : rows.ready.source, rows.table);
  }

  private madeUp(): Blob {
    return new Blob([madeUpCsv(this.manifest!, this.#group)], { type: 'text/csv' });
  }

  private download(): void {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(this.madeUp());
    link.download = `made-up-employees-${this.#group}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  protected override render(): TemplateResult {
    return html`<div class="stack loose">${this.renderHeading()} ${this.renderView()}</div>`;
  }

  private renderHeading(): TemplateResult {
    const { manifest } = this;
    const group = manifest?.groups.values.find(({ id }) => id === this.#group)?.label;
    return html`
      <div class="stack tight">
        ${manifest?.simulated === true ? html`<div><span class="badge simulated">Simulated</span></div>` : nothing}
        <h1>${manifest?.title ?? 'Train at your site'}</h1>
        ${manifest?.description === undefined ? nothing : html`<p class="lead">${manifest.description}</p>`}
        ${
          this.#site === '' || group === undefined
            ? nothing
            : html`<p class="soft">
                This tab is the site <strong>${this.#site}</strong>. Its invitation says: ${manifest!.groups.label}
                <strong>${group}</strong>.
              </p>`
        }
      </div>
    `;
  }

  private renderView(): TemplateResult {
    const { view } = this;
    switch (view.state) {
      case 'loading':
        return html`<p class="soft" role="status">Opening the site…</p>`;
      case 'failed':
        return errorNotice(view.error, () => void this.open());
      case 'uninvited':
        return invitationForm(this.manifest!, {
          parameter: 'site',
          label: 'Name of your site',
          action: 'Open the site',
        });
      case 'open':
        return html`
          <section class="card stack" aria-labelledby="rows-title">
            <h2 id="rows-title">1. Rows of your employees</h2>
            ${this.renderRows()}
            ${openRows({
              dragging: this.dragging,
              onFile: (file) => void this.read(file.name, file),
              onSynthetic: () => void this.read('Made-up employees', this.madeUp()),
              onDownload: () => this.download(),
              onDrag: (over) => (this.dragging = over),
            })}
          </section>
          <section class="card stack" aria-labelledby="train-title">
            <h2 id="train-title">2. Train with the other sites</h2>
            <p>
              Your rows stay in this tab.
              ${
                this.manifest!.training!.algorithm?.oneShot === undefined
                  ? 'Each round it computes an update of the shared model, clips'
                  : 'Once, it adds up what the model needs of them, clips'
              }
              and, where the study says so, noises it, and sends only that. The coordinator sees each update and keeps
              their sum alone, of never fewer than ${this.manifest!.training!.cohort.quorum} sites.
              <a href="/results/${encodeURIComponent(this.#study)}/training">See the model’s results</a>.
            </p>
            <demo-training-panel
              .chorale=${view.chorale}
              .manifest=${this.manifest}
              .ready=${this.rows.state === 'ready'}
            ></demo-training-panel>
          </section>
        `;
    }
  }

  private renderRows(): TemplateResult | typeof nothing {
    const { rows, chosen } = this;
    const task = this.manifest!.training!;
    const onChoose = (wanted: string, column: string): void => this.choose(wanted, column);
    switch (rows.state) {
      case 'none':
        return nothing;
      case 'reading':
        return html`<label class="stack tight" role="status">
          Reading ${rows.source}…
          <progress max=${Math.max(1, rows.totalBytes)} value=${rows.readBytes}></progress>
        </label>`;
      case 'failed':
        return errorNotice(rows.error);
      case 'wrong':
        return problemsView({ ...rows, task, chosen, onChoose });
      case 'ready':
        return html`
          ${readyView(rows.ready)}
          ${rows.table === undefined ? nothing : mappingView({ task, table: rows.table, chosen, onChoose, open: false })}
        `;
    }
  }
}

customElements.define('demo-training-panel', TrainingPanel);
customElements.define('demo-site', SitePage);
