import { css } from 'lit';

/**
 * Colours and measures, each of which a page may set. One meaning a colour: teal stays on this device, plum has left it
 * (and is noised). `light-dark` follows the element's `color-scheme`, which a page may set too.
 */
export const theme = css`
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
