import type { Manifest } from '@chorale/protocol';
import { html, type TemplateResult } from 'lit';
import { fetchManifest } from '../api.ts';
import { errorNotice } from '../error-notice.ts';
import { PageElement } from '../page-element.ts';
import type { StudyView } from './results-address.ts';
import { studyHead, viewName, viewsOf } from './study-head.ts';

type State = { state: 'loading' } | { state: 'failed'; error: unknown } | { state: 'shown'; manifest: Manifest };

/** One study's results, looked at in one of several ways. */
export class StudyResults extends PageElement {
  static override properties = { study: { attribute: false }, view: { attribute: false }, loaded: { state: true } };
  declare study: string;
  declare view: StudyView;
  declare loaded: State;

  constructor() {
    super();
    this.loaded = { state: 'loading' };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  private async load(): Promise<void> {
    this.loaded = { state: 'loading' };
    try {
      const manifest = await fetchManifest(this.study);
      this.loaded = { state: 'shown', manifest };
      document.title = `${viewName(this.shownView(manifest))}: ${manifest.title} - Chorale`;
    } catch (error) {
      this.loaded = { state: 'failed', error };
    }
  }

  /** A study without a survey has its training at its first address, too. */
  private shownView({ survey }: Manifest): StudyView {
    return survey === undefined && this.view === 'questions' ? 'training' : this.view;
  }

  protected override render(): TemplateResult {
    const { loaded } = this;
    switch (loaded.state) {
      case 'loading':
        return html`
          <div class="stack">
            <h1>Results</h1>
            <p class="soft" role="status">Loading the study…</p>
          </div>
        `;
      case 'failed':
        return html`
          <div class="stack">
            <h1>Results</h1>
            ${errorNotice(loaded.error, () => void this.load())}
            <p><a href="/results">All results</a></p>
          </div>
        `;
      case 'shown': {
        const view = this.shownView(loaded.manifest);
        return html`
          <div class="stack loose">${studyHead(loaded.manifest, view)} ${renderView(loaded.manifest, view)}</div>
        `;
      }
    }
  }
}

function renderView(manifest: Manifest, view: StudyView): TemplateResult {
  if (!viewsOf(manifest).includes(view)) {
    return html`<p class="notice">This study has no such page: ${viewName(view).toLowerCase()}.</p>`;
  }
  switch (view) {
    case 'questions':
      return html`<demo-questions .manifest=${manifest}></demo-questions>`;
    case 'training':
      return html`<demo-training-rounds .manifest=${manifest}></demo-training-rounds>`;
    case 'heatmap':
      return html`<demo-heatmap .manifest=${manifest}></demo-heatmap>`;
    case 'drivers':
      return html`<demo-drivers .manifest=${manifest}></demo-drivers>`;
    case 'participation':
      return html`<demo-participation .manifest=${manifest}></demo-participation>`;
  }
}
