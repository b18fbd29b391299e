import {
  type Actor,
  checkLog,
  type Draft,
  type LogCheck,
  type LogEntry,
  manifestHash,
  type SeriesSummary,
} from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchManifest, fetchSeriesList, fetchStudies } from '../api.ts';
import { decide, endStudy, fetchDrafts, fetchEvidence, fetchLog, fetchMe } from '../oversight/oversight-api.ts';
import { oversightError } from '../oversight/oversight-error.ts';
import { publishNotice } from '../oversight/publish-notice.ts';
import { sessionToken, takeSignIn } from '../oversight/session.ts';
import { signedInAs, signInNotice } from '../oversight/sign-in-notice.ts';
import { PageElement } from '../page-element.ts';
import { saveFile } from '../save-file.ts';
import { approvalCard } from './approval-card.ts';
import { lossesOf, type StudyBudget } from './budget.ts';
import { logView } from './log-view.ts';
import { studiesTable } from './studies-table.ts';
import { comparable, draftWave, likeliest, waveBudgets } from './waves.ts';

/** What an employee’s group has until the officer says otherwise. */
const RESPONDENTS = 200;

type Shown = {
  me: Actor;
  drafts: { draft: Draft; computed: string }[];
  budgets: StudyBudget[];
  series: SeriesSummary[];
  log: LogEntry[];
  check: LogCheck;
};
type View =
  | { state: 'loading' }
  | { state: 'stranger' }
  | { state: 'failed'; error: unknown }
  | ({ state: 'shown' } & Shown);
type Notice =
  | { type: 'failed'; error: unknown }
  | { type: 'published'; id: string; hash: string; attribute: string }
  | null;

/** What a privacy officer decides on and answers for: approvals, budgets, the ends of studies, and the log of it all. */
class OfficerPage extends PageElement {
  static override properties = {
    view: { state: true },
    notice: { state: true },
    asked: { state: true },
    compared: { state: true },
    respondents: { state: true },
  };
  declare view: View;
  declare notice: Notice;
  declare asked: { end: 'close' | 'purge'; id: string } | null;
  /** By draft, the study it is compared with. */
  declare compared: Readonly<Record<string, string | null>>;
  declare respondents: number;

  constructor() {
    super();
    this.view = { state: 'loading' };
    this.notice = null;
    this.asked = null;
    this.compared = {};
    this.respondents = RESPONDENTS;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    takeSignIn();
    void this.load();
  }

  private async load(): Promise<void> {
    if (sessionToken() === null) {
      this.view = { state: 'stranger' };
      return;
    }
    try {
      const [me, drafts, summaries, series, log] = await Promise.all([
        fetchMe(),
        fetchDrafts(),
        fetchStudies(),
        fetchSeriesList(),
        fetchLog(),
      ]);
      this.view = {
        state: 'shown',
        me,
        drafts: await Promise.all(
          drafts.map(async (draft) => ({ draft, computed: await manifestHash(draft.manifest) })),
        ),
        budgets: await Promise.all(
          summaries.map(async (summary) => {
            const manifest = await fetchManifest(summary.id);
            return { summary, manifest, ...lossesOf(manifest) };
          }),
        ),
        series,
        log,
        check: await checkLog(log),
      };
    } catch (error) {
      this.view = { state: 'failed', error };
    }
  }

  /** Does one thing and shows what is there afterwards, or what went wrong; tells which. */
  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      this.notice = null;
      await work();
      await this.load();
      return true;
    } catch (error) {
      this.notice = { type: 'failed', error };
      await this.focusOn('#failed');
      return false;
    }
  }

  private async decideOn(decision: 'approve' | 'publish', { manifest, hash }: Draft): Promise<void> {
    const { id, groups } = manifest;
    const isDone = await this.attempt(async () => {
      await decide(decision, { id, hash });
      if (decision === 'publish') this.notice = { type: 'published', id, hash, attribute: groups.attribute };
    });
    if (isDone) await this.focusOn(decision === 'publish' ? '#published' : `#draft-${id}`);
  }

  private async end(end: 'close' | 'purge', id: string): Promise<void> {
    this.asked = null;
    if (await this.attempt(() => endStudy(end, id))) await this.focusOn('#studies-title');
  }

  private async ask(asked: OfficerPage['asked']): Promise<void> {
    this.asked = asked;
    if (asked !== null) await this.focusOn(`#end-${asked.id}`);
  }

  private async saveEvidence(id: string): Promise<void> {
    await this.attempt(async () => saveFile(await fetchEvidence(id), `evidence-${id}.html`));
  }

  protected override render(): TemplateResult {
    return html`
      <div class="stack loose">
        <div class="stack tight">
          <h1>Privacy officer</h1>
          <p class="lead">
            What waits for your approval, what studies cost one employee, and the log of every decision.
          </p>
          ${this.view.state === 'shown' ? signedInAs(this.view.me) : nothing}
        </div>
        ${this.renderNotice()} ${this.renderView()}
      </div>
    `;
  }

  private renderNotice(): TemplateResult | typeof nothing {
    const { notice } = this;
    if (notice === null) return nothing;
    if (notice.type === 'published') return publishNotice(notice);
    return html`<div id="failed" tabindex="-1">${oversightError(notice.error)}</div>`;
  }

  private renderView(): TemplateResult {
    const { view } = this;
    switch (view.state) {
      case 'loading':
        return html`<p class="soft" role="status">Opening…</p>`;
      case 'stranger':
        return signInNotice('/officer');
      case 'failed':
        return oversightError(view.error, () => void this.load());
      case 'shown':
        return html`
          ${this.renderDrafts(view)}
          ${studiesTable({
            budgets: view.budgets,
            waves: waveBudgets(view.budgets, view.series),
            mayPurge: view.me.type !== 'person' || view.me.role !== 'analyst',
            asked: this.asked,
            onAsk: (asked) => void this.ask(asked),
            onEnd: (end, id) => void this.end(end, id),
            onEvidence: (id) => void this.saveEvidence(id),
          })}
          ${logView(view.log, view.check)}
        `;
    }
  }

  private renderDrafts({ drafts, budgets, series, me }: Shown): TemplateResult {
    return html`
      <section class="stack" aria-labelledby="approvals-title">
        <h2 id="approvals-title">Waiting for a decision</h2>
        ${drafts.length === 0 ? html`<p class="soft">Nothing is proposed.</p>` : nothing}
        ${drafts.map(({ draft, computed }) => {
          const { id } = draft.manifest;
          const manifests = budgets.map(({ manifest }) => manifest);
          const waves = comparable(draft.manifest, { manifests, series });
          const compared = id in this.compared ? this.compared[id]! : likeliest(draft.manifest, waves);
          return approvalCard({
            draft,
            computed,
            me,
            wave: draftWave(draft.manifest, { budgets, series }),
            waves,
            compared,
            respondents: this.respondents,
            onCompare: (study) => (this.compared = { ...this.compared, [id]: study }),
            onRespondents: (respondents) => (this.respondents = respondents),
            onDecide: (decision) => void this.decideOn(decision, draft),
          });
        })}
      </section>
    `;
  }
}

customElements.define('demo-officer', OfficerPage);
