import { evaluationCharges, isNoised, type Manifest, type TrainingTask, updateCharges } from '@chorale/protocol';
import type { Chorale, LedgerBalance, TrainingEvent } from '@chorale/sdk';
import { englishText, ledgerMeters } from '@chorale/sdk/elements/views';
import { html, nothing, type TemplateResult } from 'lit';
import { errorNotice } from '../error-notice.ts';
import { PageElement } from '../page-element.ts';
import {
  isOver,
  startingStatus,
  statusSentence,
  type TabRound,
  type TrainingStatus,
  trainingStatus,
} from './training-status.ts';
import { worstCaseText } from './worst-case.ts';

/** Events after which the ledger may say something else. */
const charging: ReadonlySet<TrainingEvent['type']> = new Set(['update-sent', 'evaluated', 'round-ended'] as const);

/** Training in this tab: consent where there is no noise, start and stop, progress, ledger. */
export class TrainingPanel extends PageElement {
  static override properties = {
    chorale: { attribute: false },
    manifest: { attribute: false },
    ready: { attribute: false },
    status: { state: true },
    running: { state: true },
    failure: { state: true },
    consent: { state: true },
    balances: { state: true },
  };
  declare chorale: Chorale | undefined;
  declare manifest: Manifest | undefined;
  /** Rows are stored, so training may start. */
  declare ready: boolean;
  declare status: TrainingStatus | undefined;
  declare running: boolean;
  declare failure: unknown;
  declare consent: boolean;
  declare balances: readonly LedgerBalance[];
  #stop: AbortController | undefined;

  constructor() {
    super();
    this.chorale = undefined;
    this.manifest = undefined;
    this.ready = false;
    this.status = undefined;
    this.running = false;
    this.failure = undefined;
    this.consent = false;
    this.balances = [];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.abort();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('chorale')) void this.refreshLedger();
  }

  private async refreshLedger(): Promise<void> {
    if (this.chorale !== undefined) this.balances = (await this.chorale.ledger()).balances;
  }

  private async start(): Promise<void> {
    const chorale = this.chorale!;
    const task = this.manifest!.training!;
    this.#stop = new AbortController();
    this.running = true;
    this.failure = undefined;
    this.status = startingStatus(task.rounds);
    // Buttons change places with each other: whoever pressed one by keyboard must not lose their place.
    await this.focusOn('.stop');
    try {
      for await (const event of chorale.train({ noiseless: !isNoised(task), signal: this.#stop.signal })) {
        this.status = trainingStatus(this.status, event);
        if (charging.has(event.type)) await this.refreshLedger();
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.failure = error;
    } finally {
      const focused = this.querySelector('.stop') === document.activeElement;
      this.running = false;
      if (focused) await this.focusOn('.sentence');
      await this.refreshLedger();
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const task = this.manifest?.training;
    if (task === undefined) return nothing;
    const noised = isNoised(task);
    const mayStart = this.ready && (noised || this.consent);
    return html`
      <div class="stack">
        ${task.clients === 'employee' ? html`<p>${worstCaseText(task)}</p>` : nothing}
        ${noised ? nothing : this.renderConsent()} ${this.renderActions(mayStart)}
        ${this.failure === undefined ? nothing : errorNotice(this.failure)}
        ${this.status === undefined ? nothing : this.renderStatus(this.status)}
        <div class="stack tight">
          <h3>Ledger of this browser</h3>
          ${this.renderLedger(task)}
        </div>
      </div>
    `;
  }

  private renderActions(mayStart: boolean): TemplateResult | typeof nothing {
    if (this.running) {
      return html`<div class="actions">
        <button type="button" class="stop" @click=${() => this.#stop?.abort()}>Stop</button>
      </div>`;
    }
    if (this.status !== undefined && isOver(this.status)) return nothing;
    const next = this.ready
      ? 'First agree to sending without noise, above.'
      : this.manifest!.training!.clients === 'site'
        ? 'First choose rows, above.'
        : 'First answer what the model needs.';
    return html`
      <div class="row actions">
        <button type="button" class="primary" ?disabled=${!mayStart} @click=${() => void this.start()}>
          ${this.status === undefined ? 'Start training' : 'Train again'}
        </button>
        ${mayStart ? nothing : html`<span class="soft">${next}</span>`}
      </div>
    `;
  }

  /** A unit without a guarantee has no figure: showing zero would promise the opposite. */
  private renderLedger(task: TrainingTask): TemplateResult {
    const units = new Set([...updateCharges(task), ...evaluationCharges(task)].map(({ privacyUnit }) => privacyUnit));
    const unprotected = task.clients === 'site' && isNoised(task) && !units.has('site');
    return html`
      ${
        isNoised(task)
          ? nothing
          : html`<p class="soft">
              This study sends updates without noise. They are not charged, because no figure would describe what they
              reveal.
            </p>`
      }
      ${ledgerMeters(
        this.balances.filter(({ privacyUnit, spent }) => units.has(privacyUnit) || spent > 0),
        englishText,
      )}
      ${
        unprotected
          ? html`<p class="small soft">
              The guarantee covers each employee’s row. For the site as a whole there is none: what holds for many of
              its rows together may show.
            </p>`
          : nothing
      }
    `;
  }

  private renderConsent(): TemplateResult {
    return html`
      <div class="notice warn">
        <label class="check">
          <input
            type="checkbox"
            .checked=${this.consent}
            ?disabled=${this.running}
            @change=${(event: Event) => (this.consent = (event.target as HTMLInputElement).checked)}
          />
          <span>
            <strong>I agree that updates without noise leave this browser.</strong> They are clipped to a bound but
            carry no guarantee: from them, a coordinator could reconstruct something of the rows. This exists only
            because the study says that its employees are simulated; never load real people’s rows into it.
          </span>
        </label>
      </div>
    `;
  }

  private renderStatus(status: TrainingStatus): TemplateResult {
    const { clients, cohort } = this.manifest!.training!;
    const words = { quorum: cohort.quorum, clients: clients === 'site' ? 'sites' : 'employees' };
    const stopped = !this.running && !isOver(status);
    return html`
      <div class="bars">
        <p class="sentence" role="status" tabindex="-1">
          ${stopped ? 'Stopped. What was sent stays sent; start again to join the next round.' : statusSentence(status, words)}
        </p>
        <label>
          <span class="row spread"
            ><span>Committed rounds</span
            ><span class="number">${status.committedRounds} of ${status.totalRounds}</span></span
          >
          <progress max=${status.totalRounds} value=${status.committedRounds}></progress>
        </label>
        <label>
          <span class="row spread"
            ><span>This round, in this tab</span
            ><span class="number"
              >${status.steps === 0 ? 'no step yet' : `step ${status.step} of ${status.steps}`}</span
            ></span
          >
          <progress max=${Math.max(1, status.steps)} value=${status.step}></progress>
        </label>
        ${status.engine === undefined ? nothing : html`<p class="small soft">Computed with ${status.engine.reason}.</p>`}
      </div>
      ${status.rounds.length === 0 ? nothing : roundsTable(status.rounds)}
    `;
  }
}

function roundsTable(rounds: readonly TabRound[]): TemplateResult {
  return html`
    <div class="table rounds" tabindex="0" role="region" aria-label="Rounds of this tab">
      <table>
        <caption>
          Rounds that this tab was invited to, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col">For</th>
            <th scope="col">This tab</th>
            <th scope="col">The cohort</th>
          </tr>
        </thead>
        <tbody>
          ${rounds.map(
            (row) => html`
              <tr>
                <th scope="row">${row.round}</th>
                <td>${row.kind === 'train' ? 'training' : 'evaluation'}</td>
                <td>${givenWords(row)}</td>
                <td><span class="state ${row.outcome}">${outcomeWords[row.outcome]}</span></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

const outcomeWords: Record<TabRound['outcome'], string> = {
  open: 'under way',
  closed: 'had enough',
  committed: 'committed',
  abandoned: 'abandoned',
};

function givenWords({ kind, given, outcome, message }: TabRound): string {
  switch (given) {
    case 'working':
      return outcome === 'open' ? 'computing' : 'was not done in time';
    case 'sent':
      return kind === 'train' ? 'sent its update' : 'sent its counts';
    case 'refused':
      return `gave nothing: ${message}`;
    case 'unneeded':
      return 'gave nothing: not needed';
    case 'uncounted':
      return 'was too late: not counted';
  }
}
