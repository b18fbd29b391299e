import { type PropertyValues, ReactiveElement } from 'lit';

/** Draws a chart for a width in CSS pixels. */
export type Draw = (width: number) => SVGSVGElement | HTMLElement;

/**
 * A chart that is drawn again when its width or data change. Its SVG is one image with a name; the
 * numbers themselves are in the table beside it.
 */
export class PlotFigure extends ReactiveElement {
  static override properties = { draw: { attribute: false }, label: { attribute: false }, width: { state: true } };
  declare draw: Draw | undefined;
  declare label: string;
  declare width: number;
  #observer = new ResizeObserver(([entry]) => {
    this.width = Math.floor(entry?.contentRect.width ?? 0);
  });

  constructor() {
    super();
    this.draw = undefined;
    this.label = '';
    this.width = 0;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#observer.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer.disconnect();
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (this.draw === undefined || this.width < 100) return;
    if (!changed.has('draw') && !changed.has('width')) return;
    const chart = this.draw(this.width);
    // Plot writes a style element into its SVG, which a strict content security policy refuses; results.css has its rules.
    for (const style of chart.querySelectorAll('style')) style.remove();
    // Parts of an image have no names of their own.
    for (const part of chart.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
    chart.setAttribute('role', 'img');
    chart.setAttribute('aria-label', this.label);
    this.replaceChildren(chart);
  }
}
