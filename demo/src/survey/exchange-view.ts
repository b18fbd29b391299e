import type { SentAnswer } from '@chorale/sdk';
import { html, nothing, type TemplateResult } from 'lit';
import { oddsFactor } from '../guarantee.ts';

type Drawn = SentAnswer & { state: 'sent' };

/** Raw beside sent, question by question; then the questions that were not drawn. */
export function exchangeView(sent: readonly SentAnswer[]): TemplateResult {
  const drawn = sent.filter((answer): answer is Drawn => answer.state === 'sent');
  const kept = sent.filter((answer) => answer.state === 'not-drawn');
  return html`
    <section class="card stack" aria-labelledby="exchange-title">
      <h2 id="exchange-title">What you said, and what left</h2>
      ${
        kept.length === 0
          ? nothing
          : html`<p>
              ${drawn.length} of the ${sent.length} questions ${drawn.length === 1 ? 'was' : 'were'} asked of you by
              chance; the others never leave this browser. Fewer questions a person means less noise on each.
            </p>`
      }
      ${drawn.map(
        (answer) => html`
          <div class="exchange">
            <h3>${answer.text}</h3>
            <dl class="pair">
              <div class="raw">
                <dt>Stays here</dt>
                <dd>${answer.raw}</dd>
                ${answer.input === answer.raw ? nothing : html`<dd class="counts">counts as: ${answer.input}</dd>`}
              </div>
              <div class="sent">
                <dt>Left this browser</dt>
                <dd>${answer.sent}</dd>
              </div>
            </dl>
            <p class="soft">${keptText(answer)}</p>
          </div>
        `,
      )}
      ${
        kept.length === 0
          ? nothing
          : html`<details>
              <summary>${kept.length} ${kept.length === 1 ? 'question' : 'questions'} that never left</summary>
              <dl class="kept">
                ${kept.map(
                  ({ text, raw }) =>
                    html`<div>
                      <dt>${text}</dt>
                      <dd>${raw}</dd>
                    </div>`,
                )}
              </dl>
            </details>`
      }
    </section>
  `;
}

function keptText({ keepProbability, named = 1 }: Drawn): string {
  if (keepProbability === null) {
    return 'For a number, one of a few fixed values is drawn, far ones too, so that only the average over many people comes out right. Nobody else can tell how far yours was moved.';
  }
  if (named > 1) {
    return `Your answer is among these ${named} with probability ${(100 * keepProbability).toFixed(1)}%; the others are drawn by chance. Nobody else can tell whether yours is one of them.`;
  }
  return `Your answer is kept with probability ${(100 * keepProbability).toFixed(1)}%; otherwise another one is drawn in its place. Nobody else can tell which happened.`;
}

/** Epsilon as odds, in plain words. */
export function oddsText(epsilon: number): TemplateResult {
  const certainty = 100 / (1 + Math.exp(-epsilon));
  return html`
    <p>
      Any one report is at most e<sup>${epsilon.toFixed(2).replace(/\.?0+$/, '')}</sup> ≈
      <strong>${oddsFactor(epsilon)} times</strong>
      likelier under one set of answers than under any other.
    </p>
    <p class="soft">
      So whoever was torn 50:50 between two guesses about you, and then saw your report, could become at most
      ${certainty.toFixed(1)}% sure of one of them. That is the worst case, over everything that you could have answered
      to all questions together.
    </p>
  `;
}
