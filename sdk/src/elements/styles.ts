import { css } from 'lit';

// A constructable style sheet, which needs no `unsafe-inline`. One meaning a colour: teal stays on this device, plum
// has left it (and is noised). `light-dark` follows the element's `color-scheme`, which a page may set.
const theme = css`
  :host {
    --_page: var(--chorale-page, Canvas);
    --_surface: var(--chorale-surface, light-dark(#ffffff, #172220));
    --_sunken: var(--chorale-sunken, light-dark(#e8eeee, #0b1211));
    --_ink: var(--chorale-ink, light-dark(#14211f, #e8f0ee));
    --_ink-soft: var(--chorale-ink-soft, light-dark(#455552, #aebdba));
    --_line: var(--chorale-line, light-dark(#c6d1cf, #32423f));
    --_line-strong: var(--chorale-line-strong, light-dark(#71827f, #7e918d));
    --_stays: var(--chorale-stays, light-dark(#0b5d57, #7fd6ca));
    --_stays-tint: var(--chorale-stays-tint, light-dark(#dcefec, #17342f));
    --_on-stays: var(--chorale-on-stays, light-dark(#ffffff, #06201d));
    --_leaves: var(--chorale-leaves, light-dark(#7d2a68, #eda9d8));
    --_leaves-tint: var(--chorale-leaves-tint, light-dark(#f6e6f1, #37202f));
    --_warn: var(--chorale-warn, light-dark(#7a4a00, #f3c774));
    --_warn-tint: var(--chorale-warn-tint, light-dark(#fdf0d5, #352a14));
    --_fail: var(--chorale-fail, light-dark(#a3171f, #ffa9a3));
    --_fail-tint: var(--chorale-fail-tint, light-dark(#fde8e7, #3c1b1b));
    --_focus: var(--chorale-focus, light-dark(#0b57d0, #a8c7fa));
    --_radius: var(--chorale-radius, 0.625rem);
    --_measure: var(--chorale-measure, 42rem);
    color-scheme: light dark;
    display: block;
    box-sizing: border-box;
    background: var(--_page);
    color: var(--_ink);
    font: 100%/1.55 var(--chorale-font, system-ui, sans-serif);
    overflow-wrap: break-word;
    text-align: start;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
`;

const text = css`
  h1,
  h2,
  h3 {
    line-height: 1.2;
    margin: 0;
    text-wrap: balance;
  }
  .title {
    font-size: clamp(1.625rem, 1.3rem + 1.4vw, 2.125rem);
  }
  h2 {
    font-size: clamp(1.3rem, 1.15rem + 0.7vw, 1.625rem);
  }
  h3 {
    font-size: 1.125rem;
  }
  p,
  ul,
  dl {
    margin: 0;
    max-width: var(--_measure);
  }
  ul {
    padding-inline-start: 1.25em;
  }
  a {
    color: var(--_stays);
    text-underline-offset: 0.18em;
  }
  code {
    font-family: ui-monospace, monospace;
    font-size: 0.92em;
    overflow-wrap: anywhere;
  }
  .lead {
    font-size: 1.1875rem;
    color: var(--_ink-soft);
    text-wrap: pretty;
  }
  .soft,
  .hint {
    color: var(--_ink-soft);
  }
  .small,
  .hint {
    font-size: 0.875rem;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  :focus-visible {
    outline: 3px solid var(--_focus);
    outline-offset: 2px;
    border-radius: 3px;
  }
  [tabindex='-1']:focus {
    outline: none;
  }
`;

const layout = css`
  .stack {
    display: grid;
    align-content: start;
    gap: 1.25rem;
    grid-template-columns: minmax(0, 1fr);
  }
  .stack.loose {
    gap: 2rem;
  }
  .stack.tight {
    gap: 0.75rem;
  }
  .columns {
    display: grid;
    gap: 1.25rem;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.75rem;
  }
  .row.spread {
    justify-content: space-between;
  }
  .card {
    background: var(--_surface);
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    padding: clamp(1rem, 3vw, 1.75rem);
    min-width: 0;
  }
  .notice {
    border-inline-start: 5px solid var(--_line-strong);
    background: var(--_surface);
    border-start-end-radius: var(--_radius);
    border-end-end-radius: var(--_radius);
    padding: 0.75rem 1.25rem;
    display: grid;
    gap: 0.375rem;
    min-width: 0;
  }
  .notice.good {
    border-color: var(--_stays);
    background: var(--_stays-tint);
  }
  .notice.warn {
    border-color: var(--_warn);
    background: var(--_warn-tint);
  }
  .notice.fail {
    border-color: var(--_fail);
    background: var(--_fail-tint);
  }
  .notice .actions {
    margin-block-start: 0.375rem;
  }
  .error-summary {
    border: 3px solid var(--_fail);
    border-radius: var(--_radius);
    padding: 1.25rem;
    background: var(--_surface);
  }
  .error-summary:focus {
    outline: 3px solid var(--_focus);
  }
  .error-summary a,
  .field-error {
    color: var(--_fail);
    font-weight: 600;
  }
  .badge {
    display: inline-block;
    padding: 0.1rem 0.55rem;
    border-radius: 99rem;
    border: 1px solid currentcolor;
    font-size: 0.8125rem;
    font-weight: 600;
  }
  .badge.simulated {
    color: var(--_warn);
    background: var(--_warn-tint);
  }
  .badge.stays {
    color: var(--_stays);
    background: var(--_stays-tint);
  }
  .badge.leaves {
    color: var(--_leaves);
    background: var(--_leaves-tint);
  }
`;

const controls = css`
  button {
    font: inherit;
    font-weight: 600;
    min-height: 2.75rem;
    padding: 0.5rem 1.125rem;
    border-radius: 0.5rem;
    border: 1px solid var(--_line-strong);
    background: var(--_surface);
    color: var(--_ink);
    cursor: pointer;
  }
  button:hover {
    border-color: var(--_ink);
  }
  button.primary {
    background: var(--_stays);
    border-color: var(--_stays);
    color: var(--_on-stays);
  }
  button.primary:hover {
    filter: brightness(1.12);
  }
  button.danger {
    color: var(--_fail);
    border-color: currentcolor;
  }
  button.quiet {
    border: 0;
    background: none;
    padding-inline: 0.5rem;
    text-decoration: underline;
    text-underline-offset: 0.18em;
    font-weight: 400;
    color: var(--_stays);
  }
  button.clear {
    justify-self: start;
    min-height: 2rem;
    padding: 0;
    font-size: 0.875rem;
  }
  button[hidden] {
    display: none;
  }
  label,
  legend {
    font-weight: 600;
  }
  .hint {
    display: block;
    font-weight: 400;
  }
  .field {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 0.375rem;
    justify-items: start;
  }
  input[type='text'] {
    font: inherit;
    color: inherit;
    background: var(--_surface);
    border: 1px solid var(--_line-strong);
    border-radius: 0.5rem;
    min-height: 2.75rem;
    padding: 0.375rem 0.75rem;
    max-width: 100%;
  }
  input[aria-invalid='true'] {
    border: 2px solid var(--_fail);
  }
  input[type='radio'] {
    accent-color: var(--_stays);
    width: 1.25rem;
    height: 1.25rem;
    margin: 0;
    flex: none;
  }
  fieldset {
    border: 0;
    margin: 0;
    padding: 0;
    min-width: 0;
  }
  legend {
    padding: 0;
    margin-block-end: 0.75rem;
    max-width: var(--_measure);
  }
  .question-legend {
    font-size: 1.0625rem;
    text-wrap: pretty;
  }
  .scale {
    display: grid;
    gap: 0.375rem;
    grid-template-columns: repeat(5, minmax(0, 1fr));
    max-width: 30rem;
  }
  .scale.long {
    grid-template-columns: repeat(auto-fit, minmax(2.6rem, 1fr));
    max-width: none;
  }
  .scale.two {
    grid-template-columns: repeat(2, minmax(0, 1fr));
    max-width: 14rem;
  }
  .ends {
    display: flex;
    justify-content: space-between;
    gap: 1rem;
    max-width: 30rem;
    color: var(--_ink-soft);
    font-size: 0.875rem;
  }
  .scale.long + .ends {
    max-width: none;
  }
  .scale .option {
    position: relative;
    display: grid;
    place-items: center;
    min-height: 2.75rem;
    border: 1px solid var(--_line-strong);
    border-radius: 0.5rem;
    font-variant-numeric: tabular-nums;
    cursor: pointer;
  }
  .scale .option input {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    opacity: 0;
    cursor: pointer;
  }
  .scale .option:hover {
    background: var(--_stays-tint);
  }
  .scale .option:has(:checked) {
    background: var(--_stays);
    border-color: var(--_stays);
    color: var(--_on-stays);
  }
  .scale .option:has(:focus-visible) {
    outline: 3px solid var(--_focus);
    outline-offset: 2px;
  }
  .list {
    display: grid;
    gap: 0.25rem;
  }
  .list .option {
    display: flex;
    gap: 0.75rem;
    align-items: center;
    min-height: 2.5rem;
    font-weight: 400;
    cursor: pointer;
  }
  .save-bar {
    display: flex;
    flex-wrap: wrap;
    gap: 0.75rem 1.25rem;
    align-items: center;
  }
`;

const results = css`
  .exchange {
    display: grid;
    gap: 0.75rem;
  }
  .pair {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr));
    border: 1px solid var(--_line);
    border-radius: 0.5rem;
    overflow: hidden;
    max-width: none;
  }
  .pair > div {
    padding: 0.75rem 1rem;
  }
  .pair dt {
    font-size: 0.875rem;
    font-weight: 600;
  }
  dd {
    margin: 0;
  }
  .pair dd {
    font-size: 1.125rem;
    font-weight: 650;
  }
  .raw {
    background: var(--_stays-tint);
  }
  .raw dt {
    color: var(--_stays);
  }
  .sent {
    background: var(--_leaves-tint);
    border-inline-start: 2px dashed var(--_leaves);
  }
  .sent dt {
    color: var(--_leaves);
  }
  .pair dd.counts {
    font-size: 0.875rem;
    font-weight: 400;
  }
  details > summary {
    cursor: pointer;
    color: var(--_stays);
    width: fit-content;
    max-width: 100%;
    padding-block: 0.25rem;
  }
  .kept div {
    padding-block: 0.5rem;
    border-block-end: 1px solid var(--_line);
  }
  .kept dd {
    color: var(--_stays);
    font-weight: 600;
  }
  .facts {
    max-width: none;
  }
  .facts dt {
    color: var(--_ink-soft);
    font-size: 0.875rem;
  }
  .facts dd {
    margin-block-end: 0.5rem;
  }
  .meter {
    display: block;
    width: 100%;
    height: 0.75rem;
    border: 1px solid var(--_line);
    border-radius: 99rem;
    overflow: hidden;
    background: var(--_sunken);
  }
  .meter rect {
    fill: var(--_leaves);
  }
  [dir='rtl'] .meter {
    transform: scaleX(-1);
  }
`;

const surroundings = css`
  @media (forced-colors: active) {
    .scale .option:has(:checked) {
      forced-color-adjust: none;
      background: Highlight;
      border-color: Highlight;
      color: HighlightText;
    }
    .meter {
      border-color: CanvasText;
    }
    .meter rect {
      fill: Highlight;
    }
  }
  @media print {
    button {
      display: none;
    }
    .card {
      break-inside: avoid;
    }
  }
`;

export const styles = [theme, text, layout, controls, results, surroundings];
