import type { Plan } from '@chorale/privacy/forecast';
import { html, nothing, type TemplateResult } from 'lit';
import { isHopeless, type QuestionForecast } from './survey-forecast.ts';

const VERDICTS: Record<Plan['verdict'], { text: string; tone: string }> = {
  readable: { text: 'readable', tone: 'good' },
  rough: { text: 'rough', tone: 'rough' },
  'too-noisy': { text: 'too noisy', tone: 'bad' },
  hidden: { text: 'too few', tone: 'bad' },
};

/** What to expect of each question before anybody is asked: the margin, and who is missing for a good one. */
export function forecastView(forecast: readonly QuestionForecast[]): TemplateResult {
  const hopeless = forecast.filter(isHopeless);
  return html`
    <div class="stack tight">
      ${
        hopeless.length === 0
          ? nothing
          : html`<div class="notice warn" role="status">
              <p>
                <strong
                  >${hopeless.length === 1 ? 'One question' : `${hopeless.length} questions`} would tell nothing
                  useful.</strong
                >
              </p>
              <p>Ask fewer questions, allow a larger ε, or ask for a share instead of every answer.</p>
            </div>`
      }
      <div class="table forecast" tabindex="0" role="region" aria-label="Forecast by question">
        <table>
          <caption>
            Half of the 95% interval that results would show, at the worst; with who is needed for a readable one.
          </caption>
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col" class="number">Everybody</th>
              <th scope="col" class="number">Needed</th>
              ${forecast[0]?.groups.map(({ group }) => html`<th scope="col" class="number">${group.label || group.id}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${forecast.map(
              ({ question, all, groups }, i) =>
                html`<tr>
                  <th scope="row">${question.text === '' ? `Question ${i + 1}` : question.text}</th>
                  <td class="number">${margin(all, question.report)}</td>
                  <td class="number">${needed(all)}</td>
                  ${groups.map(({ plan }) => html`<td class="number">${margin(plan, question.report)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <ul class="small soft">
        ${forecast.map(({ question, words }, i) => html`<li>${question.text === '' ? `Question ${i + 1}` : html`“${question.text}”`} ${words}</li>`)}
      </ul>
    </div>
  `;
}

function margin(plan: Plan, report: QuestionForecast['question']['report']): TemplateResult {
  const { text, tone } = VERDICTS[plan.verdict];
  const shown =
    plan.verdict === 'hidden' || plan.margin95 === Infinity ? nothing : html`±${written(plan.margin95, report)} `;
  return html`${shown}<span class="verdict ${tone}">${text}</span>`;
}

function written(value: number, report: QuestionForecast['question']['report']): string {
  if (report === 'mean') return String(Number(value.toPrecision(2)));
  return (report === 'enps' ? value : 100 * value).toFixed(1);
}

function needed({ minimumRespondents }: Plan): string {
  return minimumRespondents === Infinity ? 'nobody is enough' : minimumRespondents.toLocaleString('en');
}
