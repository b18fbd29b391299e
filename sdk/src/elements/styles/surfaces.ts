import { css } from 'lit';

/** What stands out from the page: cards, notices and badges. */
export const surfaces = css`
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
