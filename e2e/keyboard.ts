import type { Page } from 'playwright';

/** Where the focus is after a press of Tab. */
export type Stop = {
  /** Position among the page's links, buttons and fields; -1 for anything else that takes the focus. */
  index: number;
  name: string;
  /** Whether it, or what stands for it, has an outline. */
  isMarked: boolean;
};

/**
 * Presses Tab until it has gone all the way round.
 * @returns the stops, and the names of links, buttons and fields that none of them was at; of radio buttons one a group counts
 */
export async function walk(page: Page): Promise<{ stops: Stop[]; missed: string[] }> {
  const names = await page.evaluate(() => {
    const within = (root: Document | ShadowRoot): Element[] =>
      [...root.querySelectorAll('*')].flatMap((element) => [
        element,
        ...(element.shadowRoot === null ? [] : within(element.shadowRoot)),
      ]);
    const seen = new Set<string>();
    const controls = within(document).filter((element) => {
      if (!element.matches('a[href], button, select, textarea, input, summary')) return false;
      if (element.matches(':disabled, [tabindex="-1"]') || !element.checkVisibility()) return false;
      if (!(element instanceof HTMLInputElement) || element.type !== 'radio') return true;
      const isFirst = !seen.has(element.name);
      seen.add(element.name);
      return isFirst;
    });
    Object.assign(globalThis, { controls, visited: new Set<Element>() });
    return controls.map((element) => element.outerHTML.slice(0, 80));
  });
  const stops: Stop[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      let focused = document.activeElement;
      while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
      const { controls, visited } = globalThis as unknown as { controls: Element[]; visited: Set<Element> };
      if (focused === null || focused === document.body || visited.has(focused)) return null;
      visited.add(focused);
      const marked = [focused, focused.closest('label'), focused.nextElementSibling];
      const isMarked = marked.some((element) => element !== null && getComputedStyle(element).outlineStyle !== 'none');
      return { index: controls.indexOf(focused), name: focused.outerHTML.slice(0, 80), isMarked };
    });
    if (stop === null) break;
    stops.push(stop);
  }
  return { stops, missed: names.filter((_, at) => stops.every(({ index }) => index !== at)) };
}
