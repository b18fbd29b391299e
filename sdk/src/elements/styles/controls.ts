import { css } from 'lit';

/** Buttons and fields. */
export const controls = css`
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
`;
