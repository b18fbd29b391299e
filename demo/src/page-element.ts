import { LitElement } from 'lit';

/**
 * An element that renders into the page itself, not into a shadow root: labels, anchors and the error
 * summary reach its content by id, and the pages' style sheets apply.
 */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Moves focus to the first match, after what changed was rendered. */
  protected async focusOn(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }
}

/** A parameter of the page's address, or a default. */
export function pageParameter(name: string, fallback: string): string {
  return new URLSearchParams(location.search).get(name)?.trim() || fallback;
}
