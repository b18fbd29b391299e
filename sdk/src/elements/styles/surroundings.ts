import { css } from 'lit';

/** Forced colours and paper. */
export const surroundings = css`
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
