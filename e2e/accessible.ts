import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright';
import { expect } from 'vitest';

/**
 * No WCAG 2.2 A or AA violation and no sideways scrolling, light and dark, 1280 and 320 pixels wide.
 * @param options.direction lays the page out from right to left, as one in Arabic would be
 * @param options.forcedColors whether the reader's colours replace the page's, as contrast themes do
 */
export async function expectAccessible(
  browser: Browser,
  open: (context: BrowserContext) => Promise<Page>,
  { direction = 'ltr', forcedColors = 'none' }: { direction?: 'ltr' | 'rtl'; forcedColors?: 'none' | 'active' } = {},
): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 320]) {
      const context = await browser.newContext({ colorScheme, forcedColors, viewport: { width, height: 900 } });
      const page = await open(context);
      await page.evaluate((dir) => (document.documentElement.dir = dir), direction);
      // What is fading in has less contrast than it will have.
      await page.evaluate(async () => {
        const ending = document
          .getAnimations()
          .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
        await Promise.allSettled(ending.map(({ finished }) => finished));
      });
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
        // axe holds the page's own colour of a text against the reader's background.
        .disableRules(forcedColors === 'active' ? ['color-contrast'] : [])
        .analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await context.close();
    }
  }
}
