import type { Feature, Label, ModelCard, TrainingTask } from '@chorale/protocol';
import { CsvError, encodeInputs, tableFromRecords } from '@chorale/sdk';
import { syntheticEmployees } from '@chorale/sdk/testing';
import { html, nothing, type TemplateResult } from 'lit';
import { errorNotice } from '../error-notice.ts';
import { rounded } from '../measures.ts';
import { PageElement } from '../page-element.ts';
import type { Scorer } from './model-scorer.ts';

type Result =
  | { state: 'none' }
  | { state: 'loading' }
  | { state: 'wrong'; problems: readonly { column?: string | undefined; message: string }[] }
  | { state: 'failed'; error: unknown }
  | { state: 'scored'; outputs: Float32Array };

/** A row typed in, scored by the model in this tab. */
export class ScoreForm extends PageElement {
  static override properties = {
    task: { attribute: false },
    card: { attribute: false },
    result: { state: true },
    cells: { state: true },
  };
  declare task: TrainingTask | undefined;
  declare card: ModelCard | undefined;
  declare result: Result;
  /** By column, as typed. */
  declare cells: Record<string, string>;
  #scorer: Promise<Scorer> | undefined;
  #examples = 0;

  constructor() {
    super();
    this.result = { state: 'none' };
    this.cells = {};
  }

  private async score(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const { task, card } = this;
    if (task === undefined || card === undefined) return;
    try {
      const row = Object.fromEntries(task.features.map(({ column }) => [column, this.cells[column] ?? '']));
      const { inputs } = encodeInputs(task, tableFromRecords([row]));
      this.result = { state: 'loading' };
      this.#scorer ??= loadScorer(card.study);
      this.result = { state: 'scored', outputs: await (await this.#scorer)(inputs) };
    } catch (error) {
      if (error instanceof CsvError) this.result = { state: 'wrong', problems: error.problems };
      else {
        this.#scorer = undefined;
        this.result = { state: 'failed', error };
      }
    }
    await this.focusOn('.outcome');
  }

  /** Another made-up employee each time, where the study reads what they have. */
  private fill(): void {
    const employee = syntheticEmployees({ rows: 1, seed: (this.#examples += 1) })[0]!;
    this.cells = Object.fromEntries(Object.entries(employee).map(([column, value]) => [column, String(value)]));
    this.result = { state: 'none' };
  }

  protected override render(): TemplateResult | typeof nothing {
    const { task } = this;
    if (task === undefined) return nothing;
    return html`
      <form class="card stack" novalidate @submit=${(event: SubmitEvent) => this.score(event)}>
        <p class="soft">
          The model is fetched into this tab and asked here. What you type is sent nowhere and kept nowhere.
        </p>
        <div class="actions">
          <button type="button" @click=${() => this.fill()}>Fill in a made-up employee</button>
        </div>
        <div class="cells">${task.features.map((feature) => this.renderCell(feature))}</div>
        <div class="actions"><button class="primary">Score this row</button></div>
        ${this.renderResult()}
      </form>
    `;
  }

  private renderCell(feature: Feature): TemplateResult {
    const { column } = feature;
    const id = `cell-${column.replaceAll(/\W/g, '-')}`;
    const value = this.cells[column] ?? '';
    const type = (event: Event): void => {
      this.cells = { ...this.cells, [column]: (event.target as HTMLInputElement | HTMLSelectElement).value };
      if (this.result.state !== 'loading') this.result = { state: 'none' };
    };
    if (feature.type === 'number') {
      const range = `${feature.minimum.toLocaleString('en')} to ${feature.maximum.toLocaleString('en')}`;
      return html`
        <div class="field">
          <label for=${id}>${column}<span class="hint">${range}</span></label>
          <input type="text" inputmode="decimal" autocomplete="off" id=${id} .value=${value} @input=${type} />
        </div>
      `;
    }
    const options = feature.type === 'ordinal' ? feature.levels : feature.categories;
    const isOther = feature.type === 'category' && feature.other === true;
    return html`
      <div class="field">
        <label for=${id}>${column}</label>
        <select id=${id} @change=${type}>
          <option value="" ?selected=${value === ''}>${feature.missing === undefined ? 'Choose' : 'Not known'}</option>
          ${options.map((option) => html`<option value=${option} ?selected=${isSame(option, value)}>${option}</option>`)}
          ${isOther ? html`<option value="other" ?selected=${value === 'other'}>another</option>` : nothing}
        </select>
      </div>
    `;
  }

  private renderResult(): TemplateResult | typeof nothing {
    const { result, card } = this;
    switch (result.state) {
      case 'none':
        return nothing;
      case 'loading':
        return html`<p role="status">Fetching the model…</p>`;
      case 'failed':
        return html`<div class="outcome" tabindex="-1">${errorNotice(result.error)}</div>`;
      case 'wrong':
        return html`
          <div class="outcome error-summary stack tight" role="alert" tabindex="-1">
            <h3>This row cannot be scored yet</h3>
            <ul>
              ${result.problems.map(({ column, message }) => html`<li><strong>${column}:</strong> ${message}</li>`)}
            </ul>
          </div>
        `;
      case 'scored':
        return html`
          <div class="outcome notice good" role="status" tabindex="-1">${outcome(card!.predicts, result.outputs)}</div>
        `;
    }
  }
}

/** What the model's outputs say of the row. */
function outcome(label: Label, outputs: Float32Array): TemplateResult {
  const { column } = label;
  switch (label.type) {
    case undefined:
    case 'binary': {
      const { positive } = label;
      return html`
        <p><strong>${percent(outputs[0]!)}</strong> is the model’s score for ${column} = ${positive}.</p>
        <p class="small">
          The higher, the more it looks like rows that were ${positive}. It is certain of nothing about one row, and
          whether rows with this score are ${positive} that often has not been measured.
        </p>
      `;
    }
    case 'category': {
      const likeliestFirst = label.categories
        .map((name, i) => ({ name, share: outputs[i]! }))
        .toSorted((a, b) => b.share - a.share);
      return html`
        <p><strong>${likeliestFirst[0]!.name}</strong> is the likeliest ${column} by the model’s scores:</p>
        <ul>
          ${likeliestFirst.map(({ name, share }) => html`<li>${name}: ${percent(share)}</li>`)}
        </ul>
        <p class="small">
          It is certain of nothing about one row, and whether rows with these scores are that so often has not been
          measured.
        </p>
      `;
    }
    case 'number': {
      const { minimum, maximum } = label;
      const value = minimum + ((Math.min(1, Math.max(-1, outputs[0]!)) + 1) / 2) * (maximum - minimum);
      return html`
        <p><strong>${rounded(value, maximum - minimum)}</strong> is the model’s guess of ${column}.</p>
        <p class="small">How far such guesses are off on average is in the card above; one may be off by much more.</p>
      `;
    }
  }
}

/** Made-up employees write some levels otherwise, as files do. */
function isSame(option: string, value: string): boolean {
  return option.toLowerCase() === value.toLowerCase();
}

function percent(probability: number): string {
  return probability.toLocaleString('en', { style: 'percent', maximumFractionDigits: 1 });
}

/** tfjs's loader is fetched when the first row is scored. */
async function loadScorer(study: string): Promise<Scorer> {
  const scorer = await import('./model-scorer.ts');
  return scorer.loadScorer(new URL(`/api/v1/studies/${encodeURIComponent(study)}/model`, location.href).href);
}
