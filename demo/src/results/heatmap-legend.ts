import { html, type TemplateResult } from 'lit';
import { toneWords } from './heatmap-scale.ts';

/** What the heatmap's colours and patterns mean, or the signs in their place where a reader has colours of their own. */
export function heatmapLegend(label: string): TemplateResult {
  return html`
    <div class="legend stack tight">
      <h3 class="plain-heading">How far from all together, in shares of the question’s scale</h3>
      <ul>
        ${toneWords.map(
          ({ tone, words }) =>
            html`<li>
              <span class="swatch tone tone-${tone < 0 ? 'below' : 'above'}-${Math.abs(tone)}"></span> ${words}
            </li>`,
        )}
      </ul>
      <h3 class="plain-heading">Why there is no number</h3>
      <ul>
        <li><span class="swatch tone too-few"></span> too few: not enough answers in this ${label.toLowerCase()}</li>
        <li>
          <span class="swatch tone too-uncertain"></span> too uncertain: the interval would be too wide to say much
        </li>
        <li>
          <span class="swatch tone too-similar"></span> held back: nearly the same people as in an earlier number, so
          that the difference would be about too few
        </li>
      </ul>
      <p class="small soft">
        Above is not better: whether a high number is good depends on the question. Where groups cannot be told apart,
        their differences may all be chance.
      </p>
    </div>
  `;
}
