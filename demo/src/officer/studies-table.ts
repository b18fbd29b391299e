import { html, nothing, type TemplateResult } from 'lit';
import { formatEpsilon } from '../results/format.ts';
import { lossText, type StudyBudget, worstCase } from './budget.ts';
import type { WaveBudget } from './waves.ts';

type Options = {
  budgets: readonly StudyBudget[];
  /** By study, of those that are waves of a series. */
  waves: ReadonlyMap<string, WaveBudget>;
  mayPurge: boolean;
  /** What was asked for and waits for a second word. */
  asked: { end: 'close' | 'purge'; id: string } | null;
  onAsk: (asked: Options['asked']) => void;
  onEnd: (end: 'close' | 'purge', id: string) => void;
  onEvidence: (id: string) => void;
};

/** The studies of this coordinator with their states and what each may cost one employee, and how to end them. */
export function studiesTable(options: Options): TemplateResult {
  const { budgets, waves } = options;
  const total = worstCase(budgets);
  return html`
    <section class="stack" aria-labelledby="studies-title">
      <h2 id="studies-title" tabindex="-1">Studies and budgets</h2>
      <div class="table" tabindex="0" role="region" aria-label="Studies with their budgets">
        <table>
          <caption>
            Privacy loss of one employee, replace-one: the report, and all training that they may take part in; of a
            wave of a series also that of all waves up to it, added up.
          </caption>
          <thead>
            <tr>
              <th scope="col">Study</th>
              <th scope="col">State</th>
              <th scope="col" class="number">Voices</th>
              <th scope="col" class="number">ε survey</th>
              <th scope="col" class="number">ε training</th>
              <th scope="col" class="number">ε up to this wave</th>
              <th scope="col">To do</th>
            </tr>
          </thead>
          <tbody>
            ${budgets.map(({ summary, survey, training }) => {
              const wave = waves.get(summary.id);
              return html`<tr>
                <th scope="row">
                  <a href="/results/${summary.id}">${summary.title}</a>${wave === undefined ? nothing : waveOf(wave)}
                </th>
                <td>${summary.state}</td>
                <td class="number">${summary.voices.toLocaleString('en')}</td>
                <td class="number">${survey === null ? '–' : formatEpsilon(survey)}</td>
                <td class="number">${training === null ? '–' : formatEpsilon(training.epsilon)}</td>
                <td class="number">${wave === undefined ? '–' : formatEpsilon(wave.upToHere.epsilon)}</td>
                <td><div class="row">${actions(summary, options)}</div></td>
              </tr>`;
            })}
          </tbody>
        </table>
      </div>
      <p>
        <strong>Somebody invited to everything loses at most ${lossText(total)}</strong>: all of the above added up.
        Their device’s ledger counts closer, and refuses beyond its limit.
      </p>
    </section>
  `;
}

function waveOf({ series, number }: WaveBudget): TemplateResult {
  return html`<br /><span class="small soft">${series}, wave ${number}</span>`;
}

function actions(
  { id, title, state }: StudyBudget['summary'],
  { mayPurge, asked, onAsk, onEnd, onEvidence }: Options,
): TemplateResult {
  const of = html`<span class="visually-hidden"> of ${title}</span>`;
  if (asked?.id === id) {
    const words =
      asked.end === 'close'
        ? 'No more answers and rounds. Results stay.'
        : 'The raw reports are gone for good. Results stay the same numbers.';
    return html`
      <span id="sure">${words}</span>
      <button type="button" class="danger" id="end-${id}" aria-describedby="sure" @click=${() => onEnd(asked.end, id)}>
        ${asked.end === 'close' ? 'Close it' : 'Delete them'}${of}
      </button>
      <button type="button" @click=${() => onAsk(null)}>Leave it</button>
    `;
  }
  return html`
    <button type="button" @click=${() => onEvidence(id)}>Evidence pack${of}</button>
    ${state === 'open' ? html`<button type="button" @click=${() => onAsk({ end: 'close', id })}>Close…${of}</button>` : nothing}
    ${
      state === 'closed' && mayPurge
        ? html`<button type="button" class="danger" @click=${() => onAsk({ end: 'purge', id })}>
            Delete reports…${of}
          </button>`
        : nothing
    }
  `;
}
