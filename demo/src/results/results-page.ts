import { html, type TemplateResult } from 'lit';
import { PageElement } from '../page-element.ts';
import { BenchmarksForm } from './benchmarks-form.ts';
import { DriversView } from './drivers-view.ts';
import { ExportButtons } from './export-buttons.ts';
import { HeatmapView } from './heatmap-view.ts';
import { ParticipationView } from './participation-view.ts';
import { PlotFigure } from './plot-figure.ts';
import { QuestionView } from './question-view.ts';
import { QuestionsView } from './questions-view.ts';
import { readAddress } from './results-address.ts';
import { ResultsList } from './results-list.ts';
import { SeriesTrend } from './series-trend.ts';
import { SortableTable } from './sortable-table.ts';
import { StudyResults } from './study-results.ts';
import { TrainingResults } from './training-results.ts';
import { TrainingView } from './training-view.ts';
import { TrendQuestion } from './trend-question.ts';

/** What the address under `/results` asks for. Going elsewhere loads that page: there is nothing to keep in step. */
class ResultsPage extends PageElement {
  protected override render(): TemplateResult {
    const address = readAddress(location.pathname);
    switch (address.page) {
      case 'list':
        return html`<demo-results-list></demo-results-list>`;
      case 'study':
        return html`<demo-study-results .study=${address.study} .view=${address.view}></demo-study-results>`;
      case 'trend':
        return html`<demo-series-trend .series=${address.series}></demo-series-trend>`;
      case 'unknown':
        return html`
          <div class="stack">
            <h1>There is no such page</h1>
            <p>Check the address, or start from <a href="/results">all results</a>.</p>
          </div>
        `;
    }
  }
}

customElements.define('demo-plot', PlotFigure);
customElements.define('demo-table', SortableTable);
customElements.define('demo-benchmarks', BenchmarksForm);
customElements.define('demo-exports', ExportButtons);
customElements.define('demo-question', QuestionView);
customElements.define('demo-questions', QuestionsView);
customElements.define('demo-heatmap', HeatmapView);
customElements.define('demo-drivers', DriversView);
customElements.define('demo-participation', ParticipationView);
customElements.define('demo-training', TrainingView);
customElements.define('demo-training-rounds', TrainingResults);
customElements.define('demo-trend-question', TrendQuestion);
customElements.define('demo-series-trend', SeriesTrend);
customElements.define('demo-results-list', ResultsList);
customElements.define('demo-study-results', StudyResults);
customElements.define('demo-results', ResultsPage);
