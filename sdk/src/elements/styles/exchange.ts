import { css } from 'lit';

/** What was sent beside what stays, the receipt and the ledger. */
export const exchange = css`
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
