import { css } from 'lit';

/** Headings, paragraphs, links and the focus ring. */
export const text = css`
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
