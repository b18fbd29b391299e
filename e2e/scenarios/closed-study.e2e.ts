import type { SurveyResults } from '@chorale/protocol';
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectAccessible } from '../accessible.ts';
import { launchBrowser } from '../browsers.ts';
import { TestCoordinator } from '../coordinator.ts';
import { SentBytes } from '../sent-bytes.ts';
import { oneQuestionStudy } from '../studies.ts';
import { fillOneQuestion, send, surveyUrl } from '../survey-pages.ts';

const over = oneQuestionStudy({ id: 'over' });
const ending = oneQuestionStudy({ id: 'ending' });
const late = oneQuestionStudy({ id: 'late' });

let browser: Browser;
let coordinator: TestCoordinator;
let context: BrowserContext;

beforeAll(async () => {
  browser = await launchBrowser();
  coordinator = await TestCoordinator.start([over, ending, late]);
  await close('over');
});
afterAll(async () => {
  await browser?.close();
  await coordinator?.stop();
});
beforeEach(async () => {
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
});

/** As the demo's privacy officer. */
async function close(study: string): Promise<void> {
  const token = new URLSearchParams(new URL(coordinator.signInLink('officer')).hash.slice(1)).get('token');
  const url = new URL(`/api/v1/studies/${study}/close`, coordinator.url);
  const { status } = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  expect(status).toBe(200);
}

async function opened(of: BrowserContext, study: string, locale = 'en'): Promise<Page> {
  const page = await of.newPage();
  await page.goto(`${surveyUrl(coordinator.url, { study, employee: 'Ada', group: 'sales' })}&locale=${locale}`);
  return page;
}

const voices = async (study: string) =>
  (await coordinator.get<SurveyResults>(`/api/v1/studies/${study}/results`)).voices;
const notice = (page: Page) => page.getByRole('heading', { name: 'This study is closed' });
/** What the ledger shows as spent. */
const spent = async (page: Page) => Number(await page.getByRole('meter').first().getAttribute('aria-valuenow'));

test('[O4] [B1] whoever comes after the end of a study is told so, asked nothing and charged nothing', async () => {
  const sent = new SentBytes(context);
  const page = await opened(context, 'over');
  await notice(page).waitFor();
  await page.getByText('nothing was charged').waitFor();
  expect(await page.getByRole('radio').count()).toBe(0);
  expect(await spent(page)).toBe(0);
  expect(sent.reports()).toEqual([]);
});

test('[O4] [B1] a study that ends while somebody answers charges and sends nothing', async () => {
  const sent = new SentBytes(context);
  const page = await opened(context, 'ending');
  await fillOneQuestion(page, 'Yes');
  await close('ending');
  await send(page);
  await notice(page).waitFor();
  await page.getByText('nothing was charged').waitFor();
  expect(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.id)).toBe('closed');
  expect(await spent(page)).toBe(0);
  expect(sent.reports()).toEqual([]);
  expect(await voices('ending')).toBe(0);
});

test('[O4] [B4] a report that was made without a network and comes too late is said to be charged, now and later', async () => {
  const page = await opened(context, 'late');
  await fillOneQuestion(page, 'Yes');
  await context.setOffline(true);
  await send(page);
  await page.getByText('Stored, and will be sent when the connection returns').waitFor();
  await close('late');
  await context.setOffline(false);
  await notice(page).waitFor();
  await page.getByText('came too late').waitFor();
  const charged = await spent(page);
  expect(charged).toBeGreaterThan(0);
  await page.reload();
  await page.getByText('came too late').waitFor();
  expect(await spent(page)).toBe(charged);
  expect(await voices('late')).toBe(0);
});

test.each(['en', 'de', 'fr', 'es', 'ar'])(
  '[U4] the notice of a closed study can be read by everybody, in %s',
  async (locale) => {
    await expectAccessible(browser, async (of) => {
      const page = await opened(of, 'over', locale);
      await page.locator('chorale-survey #closed').waitFor();
      return page;
    });
  },
);
