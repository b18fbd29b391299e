import { oddsFactor } from '@chorale/sdk/elements/views';
import { html, type TemplateResult } from 'lit';
import { formatEpsilon } from './format.ts';

/** What epsilon means, in one sentence. */
export function epsilonSentence(epsilon: number): string {
  return `With ε\u00a0=\u00a0${formatEpsilon(epsilon)}, whatever one person’s report says is at most ${oddsFactor(epsilon)} times likelier with their answers than with any others.`;
}

/** What every reader of these numbers should know, and what the words mean that stand in a number’s place. */
export function readingNotes({
  minimumGroupSize,
  maximumMargin,
}: {
  minimumGroupSize: number;
  /** Share of the scale. */
  maximumMargin: number;
}): TemplateResult {
  return html`
    <details class="reading">
      <summary>How to read these numbers, and why some are missing</summary>
      <ul>
        <li>
          <strong>Interval.</strong> Every number has the range that holds the true one in 95 of 100 cases. Chance in
          who answered and the noise are both in it.
        </li>
        <li>
          <strong>Asking again.</strong> The same question asked twice gives the same number: a browser keeps the noise
          of an answer, so repeating a question averages nothing out.
        </li>
        <li>
          <strong>Not enough answers.</strong> Fewer than ${minimumGroupSize} people of that group were asked this and
          answered. Numbers appear in blocks of at least ${minimumGroupSize}, so that no difference between two of them
          is about fewer.
        </li>
        <li>
          <strong>Too uncertain.</strong> Enough people answered to protect them, but the interval would reach more than
          ${Math.round(100 * maximumMargin)}% of the scale to one side: a number would mislead, so there is none.
        </li>
        <li>
          <strong>Held back.</strong> Nearly the same people are behind an earlier number of this question: the
          difference of the two would be about fewer than ${minimumGroupSize}.
        </li>
        <li>
          <strong>Fewer respondents than voices.</strong> Each browser was asked only some of the questions, drawn by
          chance.
        </li>
      </ul>
    </details>
  `;
}
