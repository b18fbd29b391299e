import { html, nothing, type TemplateResult } from 'lit';
import { PageElement } from '../page-element.ts';

export type Column = { label: string; number?: boolean };

export type Cell = {
  content: unknown;
  /** What rows are sorted by; those without come last, whichever way the others go. */
  order: number | null;
  className?: string;
  /** Columns that the cell takes, 1 unless it is said. */
  span?: number;
};

/** A `pinned` row stays first: all together is not one of those that are compared. */
export type Row = { header: string; cells: Cell[]; pinned?: boolean };

export type TableContent = {
  caption: string;
  rowsLabel: string;
  columns: Column[];
  rows: Row[];
  /** Said of whole columns, below them. */
  footer?: Row;
};

type Sorting = { column: number; direction: 'ascending' | 'descending' };

/** A table that can be sorted by each of its columns, from the keyboard too. */
export class SortableTable extends PageElement {
  static override properties = { content: { attribute: false }, sorting: { state: true } };
  declare content: TableContent | undefined;
  /** `null` is the study's own order. */
  declare sorting: Sorting | null;

  constructor() {
    super();
    this.content = undefined;
    this.sorting = null;
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.content === undefined) return nothing;
    const { caption, rowsLabel, columns, rows, footer } = this.content;
    return html`
      <div class="table" tabindex="0" role="region" aria-label=${caption}>
        <table>
          <caption>
            ${caption}
          </caption>
          <thead>
            <tr>
              ${this.renderHeader({ label: rowsLabel }, -1)}
              ${columns.map((column, index) => this.renderHeader(column, index))}
            </tr>
          </thead>
          <tbody>
            ${sorted(rows, this.sorting).map((row) => renderRow(row, columns))}
          </tbody>
          ${
            footer === undefined
              ? nothing
              : html`<tfoot>
                  ${renderRow(footer, columns)}
                </tfoot>`
          }
        </table>
      </div>
    `;
  }

  private renderHeader({ label, number }: Column, index: number): TemplateResult {
    const direction = this.sorting?.column === index ? this.sorting.direction : undefined;
    const sign = direction === undefined ? '↕' : direction === 'ascending' ? '↑' : '↓';
    return html`
      <th scope="col" class=${number === true ? 'number' : ''} aria-sort=${direction ?? nothing}>
        <button type="button" class="sort" @click=${() => this.sortBy(index)}>
          ${label} <span aria-hidden="true">${sign}</span>
        </button>
      </th>
    `;
  }

  /** Largest first, then smallest first, then the study's order again; names from A to Z first. */
  private sortBy(column: number): void {
    const [first, second] =
      column === -1 ? (['ascending', 'descending'] as const) : (['descending', 'ascending'] as const);
    if (this.sorting?.column !== column) this.sorting = { column, direction: first };
    else this.sorting = this.sorting.direction === first ? { column, direction: second } : null;
  }
}

function renderRow({ header, cells }: Row, columns: readonly Column[]): TemplateResult {
  return html`
    <tr>
      <th scope="row">${header}</th>
      ${cells.map(({ content, className = '', span }, index) => {
        const number = span === undefined && columns[index]?.number === true ? 'number' : '';
        return html`<td class="${number} ${className}" colspan=${span ?? nothing}>${content}</td>`;
      })}
    </tr>
  `;
}

function sorted(rows: readonly Row[], sorting: Sorting | null): Row[] {
  const pinned = rows.filter((row) => row.pinned === true);
  const others = rows.filter((row) => row.pinned !== true);
  if (sorting === null) return [...pinned, ...others];
  const { column, direction } = sorting;
  const sign = direction === 'ascending' ? 1 : -1;
  if (column === -1) return [...pinned, ...others.toSorted((a, b) => sign * a.header.localeCompare(b.header))];
  const known = others.filter(({ cells }) => orderOf(cells, column) !== null);
  const unknown = others.filter(({ cells }) => orderOf(cells, column) === null);
  const order = ({ cells }: Row): number => orderOf(cells, column) ?? 0;
  return [...pinned, ...known.toSorted((a, b) => sign * (order(a) - order(b))), ...unknown];
}

function orderOf(cells: readonly Cell[], column: number): number | null {
  return cells[column]?.order ?? null;
}
