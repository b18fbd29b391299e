import { css } from 'lit';

/** A question with its answers to choose from, and the bar that sends them. */
export const questions = css`
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
