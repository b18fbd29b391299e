import { html, nothing, type TemplateResult } from 'lit';
import type { SentAnswer } from '../storage/device-store.ts';
import { oddsFactor } from './privacy-figures.ts';
import type { Words } from './words.ts';

type Drawn = SentAnswer & { state: 'sent' };

/** Raw beside sent, question by question; then the questions that were not drawn. */
export function exchangeView(sent: readonly SentAnswer[], words: Words): TemplateResult {
  const drawn = sent.filter((answer): answer is Drawn => answer.state === 'sent');
  const kept = sent.filter((answer) => answer.state === 'not-drawn');
  return html`
    <section class="card stack" part="card exchange" aria-labelledby="exchange">
      <h2 id="exchange">${words.text('exchange.title')}</h2>
      ${kept.length === 0 ? nothing : html`<p>${words.text('exchange.drawn', { count: drawn.length, total: sent.length })}</p>`}
      ${drawn.map(
        (answer) => html`
          <div class="exchange">
            <h3><bdi>${answer.text}</bdi></h3>
            <dl class="pair">
              <div class="raw">
                <dt>${words.text('exchange.stays')}</dt>
                <dd>${answer.raw}</dd>
                ${answer.input === answer.raw ? nothing : html`<dd class="counts">${words.text('exchange.counts', { value: answer.input })}</dd>`}
              </div>
              <div class="sent">
                <dt>${words.text('exchange.left')}</dt>
                <dd>${answer.sent}</dd>
              </div>
            </dl>
            <p class="soft">${keptText(answer, words)}</p>
          </div>
        `,
      )}
      ${
        kept.length === 0
          ? nothing
          : html`<details>
              <summary>${words.text('exchange.neverLeft', { count: kept.length })}</summary>
              <dl class="kept">
                ${kept.map(
                  ({ text, raw }) =>
                    html`<div>
                      <dt><bdi>${text}</bdi></dt>
                      <dd>${raw}</dd>
                    </div>`,
                )}
              </dl>
            </details>`
      }
    </section>
  `;
}

function keptText({ keepProbability, named: count = 1 }: Drawn, words: Words): string {
  if (keepProbability === null) return words.text('exchange.number');
  const probability = words.percent(keepProbability);
  return count > 1
    ? words.text('exchange.among', { count, probability })
    : words.text('exchange.kept', { probability });
}

/** Epsilon as odds, in plain words. */
export function oddsText(epsilon: number, words: Words): TemplateResult {
  const exponent = words.number(epsilon, { maximumFractionDigits: 2 });
  return html`
    <p>
      ${words.parts('odds.text', {
        power: html`<span dir="ltr">e<sup>${exponent}</sup></span>`,
        factor: html`<strong>${oddsFactor(epsilon, words.locale)}</strong>`,
      })}
    </p>
    <p class="soft">${words.text('odds.worst', { certainty: words.percent(1 / (1 + Math.exp(-epsilon))) })}</p>
  `;
}
