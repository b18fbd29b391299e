import type { SurveyResults } from '@chorale/protocol';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { EmbeddingPages } from '../embedding-pages.ts';
import { SentBytes } from '../sent-bytes.ts';
import { oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, waitUntilSent } from '../survey-pages.ts';

declare global {
  /** Of each time that the page was shown, whether it came out of the back/forward cache. */
  var shown: boolean[];
}

const study = oneQuestionStudy();

let browser: Browser;
let coordinator: TestCoordinator;
let pages: EmbeddingPages;

beforeAll(async () => {
  browser = await launchBrowser({ keepsPages: true });
  coordinator = await TestCoordinator.start([study]);
  pages = await EmbeddingPages.start();
});
afterAll(async () => {
  await browser?.close();
  await pages?.stop();
  await coordinator?.stop();
});

/** A tab with a survey of this person, what it sends, and an address to leave it for. */
async function openTab(name: string): Promise<{ page: Page; sent: SentBytes; elsewhere: string }> {
  const [token] = await coordinator.invite(study.id, [{ name, group: 'sales' }]);
  const { url, integrity } = await coordinator.get<{ url: string; integrity: Record<string, string> }>(
    '/sdk/release.json',
  );
  pages.putFile('/elsewhere', '<!doctype html><title>Elsewhere</title><h1>Elsewhere</h1>', 'text/html');
  pages.putFile(
    '/page.js',
    `globalThis.shown = [];
    addEventListener('pageshow', ({ persisted }) => globalThis.shown.push(persisted));
    document.querySelector('chorale-survey').token = ${JSON.stringify(token)};`,
    'text/javascript',
  );
  pages.putFile(
    '/survey',
    `<!doctype html><html lang="en"><title>Intranet</title>
    <script type="module" src="${coordinator.url}${url}" integrity="${integrity['chorale.js']}" crossorigin></script>
    <chorale-survey coordinator="${coordinator.url}" study="${study.id}"></chorale-survey>
    <script type="module" src="/page.js"></script></html>`,
    'text/html',
  );
  const context = await browser.newContext({ locale: 'en' });
  const sent = new SentBytes(context);
  const page = await context.newPage();
  await page.goto(`${pages.url}/survey`);
  return { page, sent, elsewhere: `${pages.url}/elsewhere` };
}

const voices = async () => (await coordinator.get<SurveyResults>(`/api/v1/studies/${study.id}/results`)).voices;

/** Leaves the page by a navigation; it is put away once the other one is shown. */
async function leave(page: Page, elsewhere: string): Promise<void> {
  await page.goto(elsewhere);
  await page.getByRole('heading', { name: 'Elsewhere' }).waitFor();
}

/** Goes back, and sees that the page was kept as it was; what would have kept it out is told otherwise. */
async function comeBack(page: Page): Promise<void> {
  await page.evaluate(() => history.back());
  await page.locator('chorale-survey').waitFor();
  const [shown, reasons] = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    return [globalThis.shown, (navigation as unknown as { notRestoredReasons: unknown }).notRestoredReasons];
  });
  expect(reasons).toBeNull();
  expect(shown).toEqual([false, true]);
}

test('[U12] a survey half answered is kept by the back/forward cache, goes on where it was and is sent once', async () => {
  const { page, sent, elsewhere } = await openTab('Ada');
  const before = await voices();
  await fillOneQuestion(page, 'Yes');
  await page.getByText('Saved in this browser').waitFor();
  await leave(page, elsewhere);
  await comeBack(page);
  expect(await page.getByRole('radio', { name: 'Yes' }).isChecked()).toBe(true);
  await page.getByRole('radio', { name: 'No' }).check();
  await page.getByText('Saved in this browser').waitFor();
  await send(page);
  await waitUntilSent(page);
  expect(sent.reports()).toHaveLength(1);
  expect(await voices()).toBe(before + 1);
  await page.context().close();
});

test('[U12] [S7] a report that waits for its coordinator while its page is left goes out once the page is back', async () => {
  const { page, sent, elsewhere } = await openTab('Grace');
  const before = await voices();
  await fillOneQuestion(page, 'No');
  await coordinator.kill();
  await send(page);
  await page.getByText('Stored, and will be sent when the connection returns').waitFor();
  await leave(page, elsewhere);
  await coordinator.restart();
  await comeBack(page);
  await waitUntilSent(page);
  expect(new Set(sent.reports()).size).toBe(1);
  expect(await voices()).toBe(before + 1);
  await page.context().close();
});

test('[U12] a page that is kept holds no lock: another tab of the device answers meanwhile, and nothing is sent twice', async () => {
  const { page, sent, elsewhere } = await openTab('Linus');
  await fillOneQuestion(page, 'Yes');
  await page.getByText('Saved in this browser').waitFor();
  const address = page.url();
  await leave(page, elsewhere);
  const other = await page.context().newPage();
  await other.goto(address);
  await send(other);
  await waitUntilSent(other);
  await comeBack(page);
  await send(page);
  await waitUntilSent(page);
  expect(sent.reports()).toHaveLength(1);
  await page.context().close();
});
