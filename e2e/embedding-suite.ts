import type { Manifest } from '@chorale/protocol';
import type { Browser, BrowserContext } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launchBrowser } from './browsers.ts';
import { TestCoordinator } from './coordinator.ts';
import { EmbeddingPages } from './embedding-pages.ts';

export type EmbeddingSuite = {
  browser: Browser;
  coordinator: TestCoordinator;
  pages: EmbeddingPages;
  /** A browser profile of the test alone, in English. */
  context: BrowserContext;
};

/**
 * Registers what every file about embedded surveys starts and stops: a browser, a coordinator with these studies and an
 * employer's pages for the file, and a browser profile for each test. What is returned has them once they have started.
 * @param prepare what else is to be done before the first test
 */
export function embeddingSuite(studies: Manifest[], prepare: (suite: EmbeddingSuite) => Promise<void>): EmbeddingSuite {
  const suite = {} as EmbeddingSuite;
  beforeAll(async () => {
    suite.browser = await launchBrowser();
    suite.coordinator = await TestCoordinator.start(studies);
    suite.pages = await EmbeddingPages.start();
    await prepare(suite);
  });
  afterAll(async () => {
    await suite.browser?.close();
    await suite.pages?.stop();
    await suite.coordinator?.stop();
  });
  beforeEach(async () => {
    suite.context = await suite.browser.newContext({ locale: 'en' });
  });
  afterEach(async () => {
    await suite.context.close();
  });
  return suite;
}
