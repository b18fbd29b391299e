import { css } from 'lit';

/** How things stand beside and below one another. */
export const layout = css`
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
`;
