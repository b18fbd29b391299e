import type { TrainingTask } from '@chorale/protocol';
import type { CsvProblem, RecordsWarning, Table } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { type ColumnMatch, columnMatches } from './column-matches.ts';

/** Rows that this site may train on, once they are read. */
export type ReadyRows = { source: string; rows: number; heldBack: number; warnings: readonly RecordsWarning[] };

export type RowsViewOptions = {
  dragging: boolean;
  onFile: (file: File) => void;
  onSynthetic: () => void;
  onDownload: () => void;
  onDrag: (over: boolean) => void;
};

/** Three ways to rows: a file chosen, a file dropped, employees made up. */
export function openRows({ dragging, onFile, onSynthetic, onDownload, onDrag }: RowsViewOptions): TemplateResult {
  return html`
    <div
      class="drop ${dragging ? 'over' : ''} stack tight"
      @dragover=${(event: DragEvent) => {
        event.preventDefault();
        onDrag(true);
      }}
      @dragleave=${() => onDrag(false)}
      @drop=${(event: DragEvent) => {
        event.preventDefault();
        onDrag(false);
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) onFile(file);
      }}
    >
      <div class="field">
        <label for="csv"
          >Open a CSV file<span class="hint"
            >Or drop one here. It is read inside this tab and is never uploaded.</span
          ></label
        >
        <input
          type="file"
          id="csv"
          accept=".csv,text/csv,text/tab-separated-values"
          @change=${(event: Event) => {
            const input = event.target as HTMLInputElement;
            const file = input.files?.[0];
            input.value = '';
            if (file !== undefined) onFile(file);
          }}
        />
      </div>
    </div>
    <div class="row">
      <span>No file at hand?</span>
      <button type="button" @click=${onSynthetic}>Use made-up employees</button>
      <button type="button" class="quiet" @click=${onDownload}>Download them as CSV</button>
    </div>
  `;
}

/** What is wrong with a file, by row and column, and which columns were found. */
export function problemsView({
  source,
  problems,
  table,
  task,
  chosen,
  onChoose,
}: {
  source: string;
  problems: readonly CsvProblem[];
  /** Absent when the file could not be read as a table at all. */
  table: Table | undefined;
  task: TrainingTask;
  chosen: Readonly<Record<string, string>>;
  onChoose: (wanted: string, column: string) => void;
}): TemplateResult {
  // A table without the right columns has dozens of these, all alike.
  const missing = problems.flatMap(({ row, line, column }) =>
    row === undefined && line === undefined && column !== undefined ? [column] : [],
  );
  const others = problems.filter(
    ({ row, line, column }) => row !== undefined || line !== undefined || column === undefined,
  );
  return html`
    <div class="error-summary stack tight" role="alert" tabindex="-1" aria-labelledby="problems-title">
      <h3 id="problems-title">${source} cannot be used yet</h3>
      ${missing.length === 0 ? nothing : html`<p>${missing.length === 1 ? 'One column is' : `${missing.length} columns are`} missing, or named otherwise: ${missing.join(', ')}.</p>`}
      ${others.length === 0 ? nothing : problemsTable(others)}
    </div>
    ${table === undefined ? nothing : mappingView({ task, table, chosen, onChoose, open: true })}
  `;
}

function problemsTable(problems: readonly CsvProblem[]): TemplateResult {
  return html`
    <p class="soft">
      ${problems.length === 1 ? 'One problem' : `${problems.length} problems, no more than the first twenty`}; rows are
      counted without the header.
    </p>
    <ul>
      ${problems.map(({ message, ...place }) => html`<li>${placeOf(place)} ${message}</li>`)}
    </ul>
  `;
}

function placeOf({ row, line, column }: Omit<CsvProblem, 'message'>): TemplateResult {
  const place = [row === undefined ? '' : `row ${row} (line ${line})`, column ?? ''].filter((part) => part !== '');
  const words = place.join(', ');
  return html`<strong>${words.charAt(0).toUpperCase()}${words.slice(1)}${words === '' ? '' : ':'}</strong>`;
}

/** The study's inputs beside the file's columns; a column of another name can be chosen. */
export function mappingView({
  task,
  table,
  chosen,
  onChoose,
  open,
}: {
  task: TrainingTask;
  table: Table;
  chosen: Readonly<Record<string, string>>;
  onChoose: (wanted: string, column: string) => void;
  open: boolean;
}): TemplateResult {
  const matches = columnMatches(task, table.columns, chosen);
  const used = new Set(matches.map(({ found }) => found));
  const unused = table.columns.filter((column) => !used.has(column));
  return html`
    <details ?open=${open}>
      <summary>${matches.filter(({ found }) => found !== undefined).length} of ${matches.length} columns found</summary>
      <div class="table" tabindex="0" role="region" aria-label="Columns">
        <table>
          <caption>
            What the study reads, and where it is in the file
          </caption>
          <thead>
            <tr>
              <th scope="col">The study reads</th>
              <th scope="col">As</th>
              <th scope="col">Column in the file</th>
            </tr>
          </thead>
          <tbody>
            ${matches.toSorted(missingFirst).map(
              ({ wanted, expects, found, role }) =>
                html` <tr>
                  <th scope="row">
                    ${wanted}${role === 'feature' ? nothing : html` <span class="badge">${role}</span>`}
                  </th>
                  <td class="small">${expects}</td>
                  <td>
                    <select
                      aria-label="Column for ${wanted}"
                      @change=${(event: Event) => onChoose(wanted, (event.target as HTMLSelectElement).value)}
                    >
                      ${found === undefined ? html`<option value="" selected>Choose a column</option>` : nothing}
                      ${table.columns.map((column) => html`<option ?selected=${column === found}>${column}</option>`)}
                    </select>
                  </td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      ${unused.length === 0 ? nothing : html`<p class="small soft">Not read: ${unused.join(', ')}.</p>`}
    </details>
  `;
}

/** How many rows there are and how many of them never train. */
export function readyView({ source, rows, heldBack, warnings }: ReadyRows): TemplateResult {
  const training = rows - heldBack;
  return html`
    <div class="notice good stack tight" role="status">
      <p>
        <strong>${source}: ${rows.toLocaleString('en')} rows are ready.</strong> They are kept in this browser only.
      </p>
      <dl class="figures">
        <div>
          <dt>Train the model</dt>
          <dd>${training.toLocaleString('en')}</dd>
        </div>
        <div>
          <dt>Held back to test it</dt>
          <dd>${heldBack.toLocaleString('en')}</dd>
        </div>
      </dl>
      ${
        warnings.length === 0
          ? nothing
          : html`<ul>
              ${warnings.map(({ message }) => html`<li>${message}</li>`)}
            </ul>`
      }
    </div>
  `;
}

function missingFirst(a: ColumnMatch, b: ColumnMatch): number {
  return Number(a.found !== undefined) - Number(b.found !== undefined);
}
