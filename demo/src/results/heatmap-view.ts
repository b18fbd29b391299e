import type { Manifest, SurveyResults } from '@chorale/protocol';
import { html, nothing, type TemplateResult } from 'lit';
import { fetchResults } from '../api.ts';
import { PageElement, pageParameter } from '../page-element.ts';
import { figure, numberStyle, type NumberStyle } from './format.ts';
import { distributions, type HeatmapCell, heatmapCell, type HeatmapColumn, heatmapColumns } from './heatmap-cells.ts';
import { heatmapLegend } from './heatmap-legend.ts';
import { LiveData } from './live-data.ts';
import { resultsProvenance } from './provenance.ts';
import type { Cell, TableContent } from './sortable-table.ts';
import { shortReason } from './suppressed.ts';

/** Groups by questions, coloured by how far each is from all together. The table is the chart. */
export class HeatmapView extends PageElement {
  static override properties = { manifest: { attribute: false }, of: { state: true } };
  declare manifest: Manifest;
  /** Question whose answers are the columns; `null` for all questions that have one number. */
  declare of: string | null;
  readonly #results = new LiveData(this, () => fetchResults(this.manifest.id));

  constructor() {
    super();
    this.of = pageParameter('of', '') || null;
  }

  protected override render(): TemplateResult {
    return this.#results.render('the results', (results, at) => this.renderResults(results, at));
  }

  private renderResults(results: SurveyResults, at: Date): TemplateResult {
    const choices = distributions(results);
    const of = choices.some(({ question }) => question === this.of) ? this.of : null;
    const columns = heatmapColumns(results, of);
    const { label } = results.groups;
    return html`
      <section class="stack" aria-labelledby="heatmap">
        <h2 id="heatmap">Heatmap: ${label.toLowerCase()} by ${of === null ? 'question' : 'answer'}</h2>
        <p class="soft">
          Each cell has its estimate and the margin of its 95% interval.
          ${
            shrunken(columns)
              ? 'Estimates of groups are moved towards what all groups have in common, small groups most, so that chance does not make the extremes.'
              : 'Each is of its group alone.'
          }
        </p>
        ${resultsProvenance(results, at)} <demo-exports kind="studies" .of=${results.study}></demo-exports>
        ${choices.length === 0 ? nothing : this.renderChoice(choices, of)}
        ${
          columns.length === 0
            ? html`<p class="notice">Not enough answers yet: no group has a number for this question.</p>`
            : html`
                <demo-table
                  class="heatmap"
                  .content=${heatmapTable(results, { columns, manifest: this.manifest })}
                ></demo-table>
                ${heatmapLegend(label)}
              `
        }
      </section>
    `;
  }

  private renderChoice(choices: SurveyResults['questions'], of: string | null): TemplateResult {
    const choose = (event: Event): void => {
      const { value } = event.target as HTMLSelectElement;
      const address = new URL(location.href);
      if (value === '') address.searchParams.delete('of');
      else address.searchParams.set('of', value);
      history.replaceState(null, '', address);
      this.of = value === '' ? null : value;
    };
    return html`
      <div class="row filter">
        <label for="of">Columns</label>
        <select id="of" @change=${choose}>
          <option value="" ?selected=${of === null}>Questions with one number</option>
          ${choices.map(({ question, text }) => html`<option value=${question} ?selected=${question === of}>Answers: ${text}</option>`)}
        </select>
      </div>
    `;
  }
}

function heatmapTable(
  results: SurveyResults,
  { columns, manifest }: { columns: readonly HeatmapColumn[]; manifest: Manifest },
): TableContent {
  const { groups } = results;
  const styles = columns.map(({ question }) => {
    const asked = manifest.survey?.questions.find(({ id }) => id === question.question);
    return numberStyle(question, asked?.type === 'number' ? asked.unit : undefined);
  });
  const cells = (group: string | null): Cell[] =>
    columns.map((column, index) => tableCell(heatmapCell(column, group), styles[index]!));
  return {
    caption: `${results.title}: estimates by ${groups.label.toLowerCase()}`,
    rowsLabel: groups.label,
    columns: columns.map(({ label }) => ({ label })),
    rows: [
      { header: 'All together', pinned: true, cells: cells(null) },
      ...groups.values.map(({ id, label }) => ({ header: label, cells: cells(id) })),
    ],
    ...(shrunken(columns) ? { footer: { header: 'Do groups differ?', cells: columns.map(differenceCell) } } : {}),
  };
}

/** Whether groups were seen together: where few have numbers, or a question has several, each stands alone. */
function shrunken(columns: readonly HeatmapColumn[]): boolean {
  return columns.some(({ question }) => question.spread.length > 0);
}

function tableCell(cell: HeatmapCell, style: NumberStyle): Cell {
  if (cell.state === 'suppressed') {
    return { content: shortReason(cell.reason), order: null, className: `tone ${cell.reason}` };
  }
  const { value, margin, tone } = cell;
  return {
    content: html`<strong>${figure(style.format(value.value))}</strong>
      <span class="margin">${figure(`±${style.width(margin)}`)}</span>`,
    order: value.value,
    className: tone === null ? 'tone whole' : `tone tone-${tone < 0 ? 'below' : 'above'}-${Math.abs(tone)}`,
  };
}

/** Whether groups can be told apart at all: without that, the colours are no ranking. */
function differenceCell({ question, estimate }: HeatmapColumn): Cell {
  const spread = question.spread.find((candidate) => candidate.estimate === estimate);
  if (spread === undefined) return { content: 'not known', order: null, className: 'soft' };
  return { content: spread.distinguishable ? 'yes' : 'cannot be told: do not rank', order: null };
}
